"""Which token statistics are computed, and the limits from which on a warning is given."""

from dataclasses import dataclass, field

from shipworthy.core.validation import above, at_least, in_range


@dataclass
class Tokens:
    """Settings of the token statistics.

    Attributes:
        lengths: maximum lengths for which truncation and padding are computed (tokens); `task.max_length` is always
            added.
        batch_sizes: for which padding is computed (rows).
        sample: rows whose words are counted (rows, sampled by id; not from the test split).
        max_per_word: tokens per word, from which on a warning is given. 1.2 to 1.5 is usual for the languages that a
            tokenizer was made for (Rust et al. 2021, https://aclanthology.org/2021.acl-long.243).
        max_per_character: tokens per character, for scripts without spaces.
        max_unknown: share of unknown tokens (0 to 1).
        max_byte_tokens: share of tokens that are a single byte or part of a character (0 to 1).
    """

    lengths: list[int] = field(default_factory=lambda: [64, 128, 256, 512, 1024, 2048, 4096])
    batch_sizes: list[int] = field(default_factory=lambda: [8, 32, 128])
    sample: int = 20_000
    max_per_word: float = 2.0
    max_per_character: float = 1.0
    max_unknown: float = 0.0
    max_byte_tokens: float = 0.01

    def __post_init__(self) -> None:
        for name in ("lengths", "batch_sizes"):
            for value in getattr(self, name):
                at_least(f"data.tokens.{name}", value, 1)
        at_least("data.tokens.sample", self.sample, 1)
        for name in ("max_per_word", "max_per_character"):
            above(f"data.tokens.{name}", getattr(self, name), 0)
        for name in ("max_unknown", "max_byte_tokens"):
            in_range(f"data.tokens.{name}", getattr(self, name), 0, 1)
