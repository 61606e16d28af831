"""A draft is tried on its rows: leaks go, and the split is one that works."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.look import raw_file
from shipworthy.data.look.data_settings import data_settings
from shipworthy.data.look.draft import draft
from shipworthy.data.look.findings import Findings
from shipworthy.data.look.profile import look
from shipworthy.data.look.trial import Tried, tried


def try_(folder: Path, rows: list[str], label: str = "") -> tuple[Findings, Tried]:
    """The proposal for the lines of a CSV file, and what came of it."""
    path = folder / "rows.csv"
    path.write_text("\n".join(rows) + "\n")
    found = raw_file.find(path, folder / "data")
    seen = look(found, folder)
    made = draft(seen, label, "")
    recipe = Findings("rows", found, seen, made)
    return recipe, tried(made, found, partial(data_settings, recipe), seen.rows)


def test_columns_that_tell_the_label_are_left_out_one_behind_the_other(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    rows = ["age,copy,paid,other,y"]
    for _ in range(600):
        y = int(draws.random() < 0.4)
        rows.append(
            f"{draws.integers(20, 60)},{'uv'[y]},{y * 10 + draws.random():.3f},{draws.random() + 0.3 * y:.3f},{y}"
        )
    recipe, found = try_(tmp_path, rows)
    assert recipe.draft.leaks == ["copy", "paid"]
    assert list(recipe.draft.ignore) == ["copy", "paid"]
    assert found.both and [name for name, _ in found.classes] == ["0", "1"]
    assert found.split == {"test": 0.2, "validation": 0.1, "stratify": True}
    assert sum(found.rows.values()) == 600 and found.rows["test"] == pytest.approx(120, abs=4)


def test_a_table_of_copies_is_refused(tmp_path: Path) -> None:
    rows = ["a,b,y", *(f"{'uv'[i % 2]},{i % 2 + i / 1000},{i % 2}" for i in range(400))]
    with pytest.raises(UsageError, match="every column predicts 'y' nearly perfectly"):
        try_(tmp_path, rows)


def test_time_divides_the_rows_if_every_class_is_there_from_the_beginning(tmp_path: Path) -> None:
    days = [f"20{10 + i // 28:02}-03-{1 + i % 28:02},{i * 7 % 281 / 8}" for i in range(280)]
    recipe, found = try_(tmp_path, ["when,n,y", *(f"{day},{'ab'[i * 5 % 3 > 0]}" for i, day in enumerate(days))])
    assert found.split["time"] == "when" and not found.given_up
    recipe, found = try_(tmp_path, ["when,n,y", *(f"{day},{'ab'[i > 270]}" for i, day in enumerate(days))])
    assert "time" not in found.split and "a row of the class 'b'" in found.given_up
    assert recipe.draft.time == "when"


def test_groups_stay_together_if_that_leaves_rows_in_each_part(tmp_path: Path) -> None:
    _, found = try_(tmp_path, ["user,n,y", *(f"u{i % 40},{i * 7 % 401 / 8},{'ab'[i * 5 % 3 > 0]}" for i in range(400))])
    assert found.split["group_columns"] == ["user"]
    few = ["user,n,y", *(f"u{max(0, i - 380)},{i * 7 % 401 / 8},{'ab'[i * 5 % 3 > 0]}" for i in range(400))]
    _, found = try_(tmp_path, few)
    assert "group_columns" not in found.split and "by 'user' does not do" in found.given_up


@pytest.mark.parametrize("rows", [6, 9, 12, 20])
def test_very_few_rows_are_divided_too(tmp_path: Path, rows: int) -> None:
    _, found = try_(tmp_path, ["n,m,y", *(f"{i},{i * 7 % 5},{'ab'[i % 2]}" for i in range(rows))])
    assert all(found.rows.values()) and sum(found.rows.values()) == rows


def test_a_label_of_which_one_class_is_left_is_refused(tmp_path: Path) -> None:
    rows = ["n,y", *(f"{'' if i % 3 else i},{'ab'[i % 3 > 0]}" for i in range(60))]
    with pytest.raises(UsageError, match="every row that is left has the label 'a'"):
        try_(tmp_path, rows)
