"""What is measured of the tokens, and from where on the tokenizer does not suit the data."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class Tokens:
    """The analysis of the tokens.

    Attributes:
        lengths: for each, which share of the rows is longer, and how well the others fill a batch or a pack (tokens);
            `task.max_length` is always among them.
        batch_sizes: for which padding is counted (rows).
        sample: of so many rows words are looked at (rows, drawn by id; not from the test split).
        max_per_word: tokens per word, from which on a warning is given. 1.2 to 1.5 is usual for the languages that a
            tokenizer was made for (Rust et al. 2021, https://aclanthology.org/2021.acl-long.243).
        max_per_character: the same per character, which speaks for scripts without spaces.
        max_unknown: share of tokens that stand for text which the vocabulary lacks (0 to 1).
        max_pieces: share of tokens that are a single byte or part of a character (0 to 1).
    """

    lengths: list[int] = field(default_factory=lambda: [64, 128, 256, 512, 1024, 2048, 4096])
    batch_sizes: list[int] = field(default_factory=lambda: [8, 32, 128])
    sample: int = 20_000
    max_per_word: float = 2.0
    max_per_character: float = 1.0
    max_unknown: float = 0.0
    max_pieces: float = 0.01

    def __post_init__(self) -> None:
        for name in ("lengths", "batch_sizes"):
            if any(value < 1 for value in getattr(self, name)):
                raise UsageError(f"data.tokens.{name}={getattr(self, name)}: give numbers from 1.")
        if self.sample < 1:
            raise UsageError(f"data.tokens.sample={self.sample}: give a number of rows from 1.")
        for name in ("max_per_word", "max_per_character"):
            if getattr(self, name) <= 0:
                raise UsageError(f"data.tokens.{name}={getattr(self, name)}: give a number above 0.")
        for name in ("max_unknown", "max_pieces"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"data.tokens.{name}={getattr(self, name)}: give a share from 0 to 1.")
