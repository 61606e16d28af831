"""Which runs may be ranked together."""

from pathlib import Path

from shipworthy.core.files import read_json, write_json
from shipworthy.track.runs import ground
from shipworthy.track.runs.registry import Run, read
from tests.track.runs import project

RIGHT = [True] * 60 + [False] * 40


def made(folder: Path, name: str, sample: str = "", **facts: object) -> Run:
    """A run; `sample` is the hash of its validation rows, where that was noted."""
    path = project.run(folder, name, **facts)  # type: ignore[arg-type]
    if sample:
        training = path / "checkpoint" / "training.json"
        write_json(training, {**read_json(training), "validated": {"n": 100, "sha256": sample}})
    one = read(path)
    assert isinstance(one, Run)
    return one


def test_other_rows_of_the_same_number_are_apart(tmp_path: Path) -> None:
    one, other = made(tmp_path, "a", "1" * 64, correct=RIGHT), made(tmp_path, "b", "2" * 64, correct=RIGHT)
    assert ground.apart(other, one) == "other validation rows, or other right answers to them"
    assert [len(group.runs) for group in ground.groups([one, other])] == [1, 1]


def test_the_same_rows_of_another_dataset_are_alike(tmp_path: Path) -> None:
    """Other columns make another dataset; its validation rows and their answers may be the same."""
    one = made(tmp_path, "a", "1" * 64, correct=RIGHT)
    other = made(tmp_path, "b", "1" * 64, correct=RIGHT, dataset=project.OTHER_DATASET)
    assert ground.apart(one, other) == ""
    assert ground.rivals(one, [one, other]) == [one, other]


def test_runs_from_before_rows_were_noted_stand_with_those_of_their_dataset(tmp_path: Path) -> None:
    old, new = made(tmp_path, "a", correct=RIGHT), made(tmp_path, "b", "1" * 64, correct=RIGHT)
    elsewhere = made(tmp_path, "c", correct=RIGHT, dataset=project.OTHER_DATASET)
    assert ground.apart(old, new) == "" and ground.apart(elsewhere, old)
    assert [[run.id for run in group.runs] for group in ground.groups([old, elsewhere, new])] == [
        [old.id, new.id],
        [elsewhere.id],
    ]


def test_fewer_rows_and_another_metric_are_named(tmp_path: Path) -> None:
    one, few = made(tmp_path, "a", correct=RIGHT), made(tmp_path, "b", correct=RIGHT[:30])
    assert ground.apart(few, one) == "other validation rows: 30 against 100"
    brier = made(tmp_path, "c", errors=[0.1] * 100)
    assert ground.apart(brier, one) == "one is measured by exact match, the other by Brier score"


def test_what_has_no_metric_is_in_no_group(tmp_path: Path) -> None:
    failed = made(tmp_path, "a", status="failed")
    assert ground.groups([failed]) == [] and ground.rivals(failed, [failed]) == ()
