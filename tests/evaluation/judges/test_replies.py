"""A reply says a verdict, or nothing."""

import pytest

from shipworthy.evaluation.judges.replies import grades, winner


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ('{"winner": "A"}', "A"),
        ('  {"winner":"tie"}\n', "tie"),
        ('```json\n{"winner": "B"}\n```', "B"),
        ('```\n{"reason": "shorter", "winner": "B"}\n```', "B"),
        ('{"winner": "a"}', None),
        ('{"winner": "C"}', None),
        ('{"winner": ["A"]}', None),
        ('{"winner": "A", "winner": "B"}', None),
        ('The winner is {"winner": "A"}', None),
        ('{"winner": "A"} {"winner": "B"}', None),
        ('["A"]', None),
        ("A", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_a_winner_is_read_strictly(reply: str, said: str | None) -> None:
    assert winner(reply) == said


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ('{"correct": 1, "clear": 5}', [1, 5]),
        ('{"clear": 5, "correct": 1, "why": "x"}', [1, 5]),
        ('{"correct": 1}', None),
        ('{"correct": 0, "clear": 5}', None),
        ('{"correct": 6, "clear": 5}', None),
        ('{"correct": 4.5, "clear": 5}', None),
        ('{"correct": true, "clear": 5}', None),
        ('{"correct": "4", "clear": 5}', None),
    ],
)
def test_grades_are_read_strictly_and_in_the_criterias_order(reply: str, said: list[int] | None) -> None:
    assert grades(reply, ["correct", "clear"]) == said
