"""The list as a table."""

from pathlib import Path

from shipworthy.track.runs.registry import read_all
from shipworthy.track.runs.table import DERIVED, about, shortest, table, usual
from tests.track.runs import project

LONG = "A sentence that is much longer than any terminal would like to show in one line of its own. " * 3


def test_no_line_is_wider_than_asked_for(tmp_path: Path) -> None:
    found, _ = read_all(project.project(tmp_path, 40, steps=40))
    ids = [one.id for one in found]
    for width in (100, 120, 200):
        lines = table(found, usual(found), ids, width)
        assert len(lines) == 41 and max(map(len, lines)) <= width
        assert lines[0].startswith("id") and "exact_match" in lines[0] and "cost USD" in lines[0]
    assert all(one.status in line for one, line in zip(found, lines[1:], strict=True))


def test_what_all_have_alike_has_no_column(tmp_path: Path) -> None:
    project.run(tmp_path, "a", notes={"lesson": LONG})
    project.run(tmp_path, "b")
    found, _ = read_all(tmp_path)
    assert "name" not in usual(found) and "campaign" not in usual(found)
    project.run(tmp_path, "c", campaign={"name": "lr", "trial": 1}, model="another")
    found, _ = read_all(tmp_path)
    assert {"name", "campaign"} <= set(usual(found))
    assert max(map(len, table(found, usual(found), [one.id for one in found], 120))) <= 120


def test_config_keys_are_columns(tmp_path: Path) -> None:
    project.run(tmp_path, "a", lr=3e-4)
    found, _ = read_all(tmp_path)
    head, row = table(found, ["id", "optimizer.lr", "adapter.targets", "tag"], [found[0].id], 120)
    assert head.split() == ["id", "optimizer.lr", "adapter.targets", "tag"]
    assert row.split() == [found[0].id[:8], "0.0003", "all-linear"]


def test_why_it_failed_comes_before_a_note_and_a_note_before_what_was_derived(tmp_path: Path) -> None:
    project.run(tmp_path, "a", began=1e9, notes={"hypothesis": "It works."})
    project.run(tmp_path, "b", began=1e9 + 1, lr=5e-4)
    project.run(tmp_path, "c", began=1e9 + 2, lr=5e-4, status="failed", said="No memory.", notes={"lesson": "x"})
    found, _ = read_all(tmp_path)
    assert [about(one) for one in found] == ["No memory.", f"{DERIVED}lr 0.001 → 0.0005", "It works."]


def test_an_id_is_as_long_as_it_must_be() -> None:
    assert shortest(["a" * 16, "b" * 16]) == 8
    assert shortest(["a" * 16, "a" * 10 + "b" * 6]) == 11
