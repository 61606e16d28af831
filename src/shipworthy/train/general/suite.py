"""Questions of general skills with their right answers, from which a training is asked what it made a model forget.

scripts/general_suite writes them. One half of every skill is measured; the other may be practised in a replay buffer,
and is never measured.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

FILE = Path(__file__).with_name("suite.jsonl")
MEASURED, PRACTICE = "measured", "practice"


@dataclass(frozen=True)
class Item:
    """A question.

    Attributes:
        id: its name.
        skill: what it takes to answer it.
        half: MEASURED or PRACTICE.
        prompt: the user's turn.
        answer: a right one.
        check: how an answer is told right from wrong (checks.py).
        accept: other right answers.
        others: of a choice, those that are wrong.
    """

    id: str
    skill: str
    half: str
    prompt: str
    answer: str
    check: str
    accept: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@cache
def suite(half: str = MEASURED) -> tuple[Item, ...]:
    """One half's items, those of a skill together."""
    several = ("accept", "others")
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Item(**{**row, **{key: tuple(row.get(key, ())) for key in several}}) for row in rows if row["half"] == half
    )


def some(items: Sequence[Item], of_each: int) -> list[Item]:
    """At most so many of each skill, evenly spaced, so that all its kinds of question are among them: always the same.

    Args:
        items: those of a skill together.
        of_each: from 1.
    """
    found = []
    for _, group in groupby(items, lambda item: item.skill):
        own = list(group)
        number = min(of_each, len(own))
        found += [own[place * len(own) // number] for place in range(number)]
    return found
