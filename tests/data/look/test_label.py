"""Which column is guessed to be what is learned."""

import pytest

from shipworthy.data.look.label import guess
from tests.data.look.conftest import Look


def table(**columns: object) -> str:
    """CSV of 60 rows; a column is a list that is repeated, or a function of the row's number."""
    made = {name: [one(i) if callable(one) else one[i % len(one)] for i in range(60)] for name, one in columns.items()}  # type: ignore[index]
    return "\n".join([",".join(made), *(",".join(map(str, row)) for row in zip(*made.values(), strict=True))])


def measure(i: int) -> float:
    return i * 1.5


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"a": measure, "b": measure, "kind": ["x", "y"]}, "kind"),
        ({"label": [0, 1], "b": measure, "c": ["x", "y"]}, "label"),
        ({"y": [0, 1], "b": measure, "price": measure}, "y"),
        ({"Survived": [0, 1], "sex": ["m", "f"], "port": ["S", "C", "Q"]}, "Survived"),
        ({"gender": ["m", "f"], "job": ["a", "b", "c"], "zip": lambda i: f"z{i}"}, "job"),
        ({"rating": [1, 2, 3], "timestamp": lambda i: 881250949 + i}, "rating"),
        ({"kind": ["x", "y"], "year": lambda i: 1990 + i % 20}, "kind"),
        ({"price": measure}, "price"),
        ({"kind": ["x", "y"], "price": measure}, "price"),
        ({"target": measure, "kind": ["x", "y"]}, "target"),
        ({"a": ["x"]}, ""),
        ({"a": lambda i: f"name {i}"}, ""),
        ({"a": measure, "part": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}, "part"),
        ({"a": measure, "version": ["1.10", "1.20", "1.9"]}, "version"),
    ],
)
def test_the_likeliest_column_is_taken(look_at: Look, columns: dict[str, object], label: str) -> None:
    found = guess(look_at(table(**columns)), set())
    assert found.label == label
    assert not label or "different values" in found.why


def test_a_measure_that_seems_to_be_meant_is_taken_and_what_else_there_is_is_named(look_at: Look) -> None:
    found = guess(look_at(table(kind=["x", "y"], target=measure, other=["a", "b", "c"])), set())
    assert (found.label, found.measure) == ("target", "target")
    assert found.others == ["other", "kind"] and found.why == "its name says so and it has 60 different values"


def test_a_column_with_another_role_is_no_label(look_at: Look) -> None:
    assert guess(look_at(table(a=["x", "y"], team=["u", "v"])), {"team"}).label == "a"
