"""How varied generated answers are, beside the reference answers to the same prompts."""

from collections.abc import Iterable, Sequence

BEGIN, END = -1, -2
"""Stand around an answer, so that one of a single token has pairs too."""


def distinct(answers: Iterable[Sequence[int]], n: int = 2) -> float:
    """Different n-grams by all n-grams of the answers' tokens (Li et al. 2016, distinct-n); 0 to 1.

    Comparable between sets of as many answers of about the same length.

    Raises:
        ValueError: no n-grams, for there are no answers.
    """
    grams = []
    for answer in answers:
        padded = [*[BEGIN] * (n - 1), *answer, END]
        grams += [tuple(padded[i : i + n]) for i in range(len(padded) - n + 1)]
    if not grams:
        raise ValueError("distinct-n of no answers")
    return len(set(grams)) / len(grams)


def mean_length(answers: Sequence[Sequence[int]]) -> float:
    """Tokens of an answer, on average."""
    return sum(map(len, answers)) / len(answers)


def measure(generated: Sequence[Sequence[int]], references: Sequence[Sequence[int]], eos_id: int) -> dict[str, float]:
    """What a validation adds to its step's entry.

    Args:
        generated: token ids of the answers, without the end of the turn.
        references: those of the right answers to the same prompts, with it or without.
    """
    right = [[token for token in answer if token != eos_id] for answer in references]
    return {
        "generation_distinct_2": distinct(generated),
        "reference_distinct_2": distinct(right),
        "generation_length": mean_length(generated),
        "reference_length": mean_length(right),
    }
