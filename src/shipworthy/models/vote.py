"""The answers of a document's chunks, put to a vote. It needs Python alone: packages carry this file."""

from collections import Counter
from collections.abc import Sequence


def winner(answers: Sequence[str]) -> int:
    """The place of the answer that most chunks give; of several that as many give, of the one that comes first.

    Args:
        answers: of the chunks, in their order; one at least.
    """
    votes = Counter(answers)
    return max(range(len(answers)), key=lambda place: (votes[answers[place]], -place))
