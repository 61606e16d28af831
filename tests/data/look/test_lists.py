"""Which columns hold several labels of a row, and which only look like it."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.look import raw_file
from shipworthy.data.look.draft import CLASSES, LABELS, TABLE, TAGS, draft, features
from shipworthy.data.look.lists import Lists, find
from shipworthy.data.look.profile import look
from tests.data.look.conftest import Look

GENRES = ["Action", "Adventure", "Comedy", "Drama", "Film-Noir", "Sci-Fi", "War"]
SKILLS = ["python", "sql", "project management", "c++"]
FIRST, LAST = ["John", "Mary", "Ann", "Lee"], ["Doe", "Smith", "Brown", "Lee"]


def several(names: list[str], least: int = 0, rows: int = 120) -> list[list[str]]:
    """Sorted lists of names, some of them alone."""
    draws = random.Random(1)
    return [sorted(draws.sample(names, draws.choices([least, 1, 2, 3], [1, 4, 3, 2])[0])) for _ in range(rows)]


def drawn(make: Callable[[random.Random], str], rows: int = 120) -> list[str]:
    draws = random.Random(2)
    return [make(draws) for _ in range(rows)]


def separated(sign: str, names: list[str] = GENRES) -> list[str]:
    return [sign.join(one) for one in several(names, 1)]


@pytest.mark.parametrize(
    ("values", "separator"),
    [
        (several(GENRES), ""),
        ([json.dumps(one) for one in several(GENRES)], ""),
        ([str(one) for one in several(SKILLS)], ""),
        ([str(tuple(one)) for one in several(GENRES, 1)], ""),
        ([[int(GENRES.index(name)) for name in one] for one in several(GENRES)], ""),
        (separated("|"), "|"),
        (separated(" ; "), ";"),
        (separated(", "), ","),
        (separated(",", SKILLS), ","),
        (separated("|", [str(i) for i in range(9)]), "|"),
        ([None if i % 9 == 0 else one for i, one in enumerate(separated("|"))], "|"),
        ([one + "|" for one in separated("|")], "|"),
    ],
    ids=str,
)
def test_lists_of_labels_are_told(look_at: Look, values: list[object], separator: str) -> None:
    assert find(look_at([{"n": i, "tags": one} for i, one in enumerate(values)])) == {"tags": Lists(separator)}


@pytest.mark.parametrize(
    "values",
    [
        drawn(lambda d: f"{d.choice(LAST)}, {d.choice(FIRST)}"),
        drawn(lambda d: d.choice(["Madonna", "Sting", f"{d.choice(LAST[:3])}, {d.choice(FIRST)}"])),
        drawn(lambda d: f"{d.randrange(99)} Main Street, {d.choice(['Austin', 'Boise'])}, {d.choice(['TX', 'ID'])}"),
        drawn(lambda d: d.choice(["Austin, TX", "Boise, ID", "Salem, OR", "Austin", "Texas, USA"])),
        drawn(lambda d: f"The {d.choice(GENRES)} film was long, dull, and {d.choice(SKILLS)} {d.random():.2f} too"),
        drawn(lambda d: d.choice(["Yes, please", "No, thanks", "Yes", "No"])),
        drawn(lambda d: d.choice(["Exec, managerial", "Farming, fishing", "Sales", "Tech, support"])),
        drawn(lambda d: d.choice(["Acme, Inc.", "Widgets, Ltd.", "Acme", "Bolts, Inc."])),
        drawn(lambda d: d.choice(["1,5", "2,5", "3,1", "n/a", "5", "1,2"])),
        drawn(lambda d: d.choice(["a|b", "c"])),
        drawn(lambda d: d.choice(["red", "green", "blue"])),
        drawn(lambda d: d.choice(["AND; OR", "x; y; x"])),
        drawn(lambda d: ", ".join(f"tag{d.randrange(400)}" for _ in range(d.randrange(1, 4)))),
        [[one] for one in drawn(lambda d: d.choice(GENRES))],
        [[random.Random(i).randrange(256) for _ in range(3)] for i in range(120)],
        [[0, 1, 0, 0] if i % 2 else [1, 0, 0, 0] for i in range(120)],
        [{"a": i % 3} for i in range(120)],
        [[["a", "b"], ["c"]]] * 120,
        [None if i % 3 else one for i, one in enumerate(separated("|"))],
    ],
    ids=lambda values: str(values[0]),
)
def test_what_only_looks_like_lists_is_none(look_at: Look, values: list[object]) -> None:
    assert find(look_at([{"n": i, "tags": one} for i, one in enumerate(values)])) == {}


def test_lists_in_parquet_are_told(look_at: Look, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"n": range(120), "tags": several(GENRES)}).write_parquet(path)
    seen = look(raw_file.find(path, tmp_path / "data"), tmp_path)
    made = draft(seen, "", "")
    assert (made.kind, made.label, made.separator, features(seen, made)) == (LABELS, "tags", "", ["n"])


def test_a_table_and_a_text_with_several_labels(look_at: Look) -> None:
    tags, other = separated("|"), separated(", ", SKILLS)
    rows = [{"id": f"r{i}", "age": i % 40, "tags": one, "wish": other[i]} for i, one in enumerate(tags)]
    seen = look_at(rows)
    made = draft(seen, "", "")
    assert (made.kind, made.label, made.separator, made.others) == (LABELS, "tags", "|", ["wish"])
    assert features(seen, made) == ["age", "wish"]
    asked = draft(seen, "wish", "")
    assert (asked.kind, asked.label, asked.separator, asked.why) == (LABELS, "wish", ",", "you named it")
    texts = [
        {"body": f"a text of {i} words or {i * 7 % 31} so", "genres": one} for i, one in enumerate(several(GENRES))
    ]
    made = draft(look_at(texts), "", "")
    assert (made.kind, made.label, made.separator, made.text) == (TAGS, "genres", "", "body")


def test_lists_that_follow_a_text_are_not_taken_for_a_text(look_at: Look) -> None:
    """Four words in the mean, and hardly a list twice."""
    names = [f"{one} {two}" for one in FIRST for two in "abcdef"]
    rows = [{"body": f"a text of {i} words or {i * 7 % 31} so", "topics": ", ".join(one)} for i, one in
            enumerate(several(names, 2, 400))]  # fmt: skip
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.label, made.text, made.context) == (TAGS, "topics", "body", [])


def test_one_class_stays_one_and_a_class_that_is_called_so_comes_before_lists(look_at: Look) -> None:
    rows = [{"hobby": one, "age": i % 40, "target": "ab"[i % 2]} for i, one in enumerate(several(GENRES))]
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.label, made.separator) == (TABLE, "target", "")
    assert made.ignore["hobby"].startswith("it holds lists")
    texts = [{"body": f"a text of {i} words or {i * 7 % 31} so", "team": "abc"[i % 3]} for i in range(90)]
    assert draft(look_at(texts), "", "").kind == CLASSES


def test_a_row_without_a_text_of_labels_is_said_to_have_none(look_at: Look) -> None:
    tags = [None if i % 4 == 0 else one for i, one in enumerate(separated("|"))]
    made = draft(look_at([{"age": i % 40, "tags": one} for i, one in enumerate(tags)]), "", "")
    assert made.notes == ["'tags' is empty in 25.0% of the rows: they are taken to have no label"]


def test_objects_are_no_labels(look_at: Look) -> None:
    with pytest.raises(UsageError, match="holds lists or objects, which are neither classes nor labels"):
        draft(look_at([{"age": i % 40, "tags": {"a": i % 3}} for i in range(60)]), "tags", "")
