"""Which training texts count as copies of evaluation texts, and what is done about them."""

from dataclasses import dataclass, field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import in_range, one_of
from shipworthy.data.duplicates.schema import MinHash

WHERE = "data.contamination"


@dataclass
class Near(MinHash):
    """Texts that share most of their shingles; see data.duplicates.minhash.

    Attributes:
        threshold: least Jaccard similarity of their sets of shingles (0 to 1).
    """

    where: ClassVar[str] = f"{WHERE}.near"

    threshold: float = 0.8


@dataclass
class Benchmark:
    """A file of evaluation texts that must not be in train.

    Attributes:
        path: a .jsonl, .csv, .parquet or .txt file (one text in each line); relative to the project's root.
        column: the column of the texts; empty for .txt.
    """

    path: str = ""
    column: str = ""


@dataclass
class Contamination:
    """How train is compared with the evaluation splits and with benchmarks.

    Attributes:
        action: `fail`: prepare ends with an error; `drop`: the training rows are rejected; `warn`: they stay.
        ngram: length of the word n-grams that are compared (words). A shorter evaluation text is compared as one n-gram
            of all its words.
        min_share: a training text matches an evaluation text if at least this share of the words of one of them stands
            in n-grams that both have (0 to 1; 0: one n-gram in common is enough).
        shortest: an evaluation text with fewer words than this matches only a training text with exactly the same words
            (words).
        near: when two texts count as near-duplicates (null: not compared).
        benchmarks: files beside the dataset's own validation and test splits.
    """

    action: str = "drop"
    ngram: int = 13
    min_share: float = 0.5
    shortest: int = 5
    near: Near | None = field(default_factory=Near)
    benchmarks: list[Benchmark] = field(default_factory=list)

    def __post_init__(self) -> None:
        one_of(f"{WHERE}.action", self.action, ("fail", "drop", "warn"))
        in_range(f"{WHERE}.min_share", self.min_share, 0, 1)
        if not 1 <= self.shortest <= self.ngram:
            raise UsageError(
                f"{WHERE}.shortest={self.shortest} and ngram={self.ngram}: need 1 ≤ shortest ≤ ngram (words)."
            )
