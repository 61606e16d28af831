"""Which of two answers a judge prefers, asked in both orders: what follows the position is a tie.

Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, sections 3.3 and 3.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.judges import replies
from shipworthy.evaluation.judges.questions import BASELINE, TUNED, Rows

Said = Mapping[tuple[int, str, int], str]
"""The replies of one mode: row, side and draw → text; what was not asked is missing."""


@dataclass(frozen=True)
class Preferences:
    """What was found.

    Attributes:
        rows: the places of those that were judged, in `Rows`; the others had no whole pair of readable replies.
        wins: of each, from 1 (the tuned model's answer is better) to 0 (the baseline's is), the mean over draws.
        asked: the places of those whose answers differ, so that the judge was asked.
        following: of each of these, the share of its pairs in which both replies name the same position.
        first: pairs in which both name the answer that stands first.
        second: likewise.
        same: rows on which both say the same: a tie that nobody was asked about.
    """

    rows: NDArray[np.intp]
    wins: NDArray[np.float64]
    asked: NDArray[np.intp]
    following: NDArray[np.float64]
    first: int
    second: int
    same: int


def preferences(rows: Rows, said: Said, draws: int) -> Preferences:
    """The preferences that follow from the replies."""
    places, wins, asked, following = [], [], [], []
    named: list[str] = []
    same = 0
    for row in range(len(rows)):
        if rows.same(row):
            same += 1
            places.append(row)
            wins.append(0.5)
            continue
        pairs = [pair for draw in range(draws) if (pair := _pair(said, row, draw))]
        if not pairs:
            continue
        places.append(row)
        wins.append(float(np.mean([_win(*pair) for pair in pairs])))
        asked.append(row)
        repeated = [first for first, second in pairs if first == second != replies.TIE]
        following.append(len(repeated) / len(pairs))
        named += repeated
    return Preferences(
        rows=np.array(places, dtype=np.intp),
        wins=np.array(wins, dtype=np.float64),
        asked=np.array(asked, dtype=np.intp),
        following=np.array(following, dtype=np.float64),
        first=named.count(replies.A),
        second=named.count(replies.B),
        same=same,
    )


def _pair(said: Said, row: int, draw: int) -> tuple[str, str] | None:
    """The winner with the tuned model's answer first, and with the baseline's first; None: not both can be read."""
    found = [replies.winner(said.get((row, side, draw), "")) for side in (TUNED, BASELINE)]
    return (found[0], found[1]) if found[0] and found[1] else None


def _win(tuned_first: str, baseline_first: str) -> float:
    """1, 0, or 0.5 for a tie: also where one of the two is a tie, or both name the same position."""
    if (tuned_first, baseline_first) == (replies.A, replies.B):
        return 1.0
    return 0.0 if (tuned_first, baseline_first) == (replies.B, replies.A) else 0.5
