"""What counts as a duplicate: one class for each method, named as its file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import at_least, in_range, one_of, share_above_zero

WHERE = "data.duplicates"


@dataclass
class Exact:
    """The same text.

    Attributes:
        by: `words`: equal without regard to case, punctuation and spaces; `text`: equal character by character.
    """

    by: str = "words"

    def __post_init__(self) -> None:
        one_of(f"{WHERE}.exact.by", self.by, ("words", "text"))


@dataclass
class MinHash:
    """Texts that share most of their shingles: MinHash with banding finds candidates, the Jaccard similarity decides.

    A pair of similarity s is proposed with probability 1 - (1 - s^(permutations / bands))^bands.

    Attributes:
        threshold: least Jaccard similarity of their sets of shingles (0 to 1).
        permutations: hash functions of a signature.
        bands: into how many bands they are divided; texts that agree in a whole band are compared.
        shingle_words: length of a shingle (words).
    """

    where: ClassVar[str] = f"{WHERE}.minhash"

    threshold: float = 0.7
    permutations: int = 128
    bands: int = 32
    shingle_words: int = 2

    def __post_init__(self) -> None:
        share_above_zero(f"{self.where}.threshold", self.threshold)
        at_least(f"{self.where}.shingle_words", self.shingle_words, 1)
        if self.bands < 1 or self.permutations < self.bands or self.permutations % self.bands:
            raise UsageError(
                f"{self.where}.bands={self.bands} must divide {self.where}.permutations={self.permutations}."
            )


@dataclass
class SimHash:
    """Texts whose SimHashes differ in few of their 64 bits; the Jaccard similarity decides.

    It finds only what is very close: texts with a Jaccard similarity of 0.8 differ in about 10 bits.

    Attributes:
        threshold: least Jaccard similarity of their sets of shingles (0 to 1).
        distance: most bits in which two SimHashes differ.
        blocks: into how many blocks the bits are cut; texts that agree in all but `distance` of them are compared.
        shingle_words: length of a shingle (words).
    """

    threshold: float = 0.7
    distance: int = 3
    blocks: int = 6
    shingle_words: int = 2

    def __post_init__(self) -> None:
        share_above_zero(f"{WHERE}.simhash.threshold", self.threshold)
        at_least(f"{WHERE}.simhash.shingle_words", self.shingle_words, 1)
        if not 0 <= self.distance < self.blocks <= 16:
            raise UsageError(
                f"{WHERE}.simhash.distance={self.distance} and blocks={self.blocks}: need 0 ≤ distance < blocks ≤ 16."
            )


@dataclass
class Semantic:
    """Texts with similar embeddings; random hyperplanes find candidates, the cosine decides.

    Attributes:
        model: folder of a sentence-embedding model in Hugging Face or sentence-transformers layout (mean pooling).
        threshold: least cosine of two embeddings (0 to 1).
        bands: hashes of a text; texts that agree in one of them are compared.
        bits: hyperplanes per hash (1 to 32).
        max_tokens: longer texts are truncated to this (tokens).
        batch_size: texts that are embedded at once (texts).
    """

    model: str = ""
    threshold: float = 0.95
    bands: int = 32
    bits: int = 16
    max_tokens: int = 256
    batch_size: int = 64

    def __post_init__(self) -> None:
        share_above_zero(f"{WHERE}.semantic.threshold", self.threshold)
        for name in ("bands", "max_tokens", "batch_size"):
            at_least(f"{WHERE}.semantic.{name}", getattr(self, name), 1)
        in_range(f"{WHERE}.semantic.bits", self.bits, 1, 32)
        if not self.model or not (Path(self.model).expanduser() / "config.json").is_file():
            raise UsageError(
                f"{WHERE}.semantic.model={self.model or 'null'}: give the folder of a sentence-embedding model, "
                "with its config.json, weights (safetensors) and tokenizer."
            )


@dataclass
class Duplicates:
    """Which methods look for duplicates; what any of them finds is in one cluster. null: the method is off.

    Attributes:
        exact: the same text.
        minhash: most shingles in common.
        simhash: nearly the same SimHash.
        semantic: similar sentence embeddings.
    """

    exact: Exact = field(default_factory=Exact)
    minhash: MinHash | None = field(default_factory=MinHash)
    simhash: SimHash | None = None
    semantic: Semantic | None = None

    @property
    def reads_words(self) -> bool:
        """Whether texts are divided into words, for more counts than that they are equal character by character."""
        return self.exact.by == "words" or any((self.minhash, self.simhash, self.semantic))
