"""An artifact is current as long as nothing that it was made from is another; then the sentence says what is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core.workspace import Workspace
from shipworthy.execution import current
from shipworthy.execution.current import Inputs, outdated

CONFIG = {"optimizer": {"lr": 0.1, "threads": 1}, "task": {"kind": "t"}}


def workspace(root: Path, **other: Any) -> Workspace:
    made = Workspace(root / "artifacts", "train", CONFIG, 7, non_identity={"optimizer.threads"}, code="c0de")
    return replace(made, **{"inputs": {}, **other})


def write(root: Path, kind: str = "checkpoint", content: str = "weights", **other: Any) -> None:
    """An artifact that was made from `dataset`, if there is one, and raw rows."""
    here = workspace(root, **other)
    if kind == "checkpoint":
        here.read("dataset")
        here.uses({"data/rows.csv": Inputs(here.root, root).digest("data/rows.csv")})
    with here.write(kind) as folder:
        (folder / "content").write_text(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in which all is current."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("a,b\n1,2\n")
    write(tmp_path, "dataset", "rows")
    write(tmp_path)
    return tmp_path


def why(root: Path, *if_there: str, **other: Any) -> str:
    return outdated(workspace(root, **other), "checkpoint", Inputs(root / "artifacts", root), if_there)


def test_what_was_just_made_is_current(root: Path) -> None:
    assert why(root) == ""


def test_what_makes_no_other_run_leaves_it_current(root: Path) -> None:
    assert why(root, config={**CONFIG, "optimizer": {"lr": 0.1, "threads": 8}}) == ""
    write(root, "dataset", "rows")  # again, with other times
    assert why(root) == ""


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"config": {**CONFIG, "optimizer": {"lr": 0.2, "threads": 1}}}, "optimizer changed"),
        ({"config": {"task": {"kind": "t"}}}, "optimizer changed"),
        ({"seed": 8}, "seed changed"),
        ({"code": "0ther"}, "its code changed"),
        ({"command": "evaluate"}, "made by another command"),
    ],
)
def test_another_config_seed_code_or_command_makes_it_outdated(root: Path, other: dict[str, Any], said: str) -> None:
    assert why(root, **other) == said


def test_another_lock_does(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "lock_hash", lambda: "another")
    assert why(root) == "requirements.lock changed"


def test_another_input_does(root: Path) -> None:
    write(root, "dataset", "other rows")
    assert why(root) == "dataset changed"
    write(root, "dataset", "rows")
    assert why(root) == ""
    (root / "data" / "rows.csv").write_text("a,b\n1,3\n")
    assert why(root) == "data/rows.csv changed"
    (root / "data" / "rows.csv").unlink()
    assert why(root) == "data/rows.csv changed"


def test_an_input_that_came_since_does_where_the_command_reads_it_if_it_is_there(root: Path) -> None:
    assert why(root, "bench") == ""
    write(root, "bench", "times")
    assert why(root) == ""
    assert why(root, "bench") == "bench changed"


def test_what_is_missing_or_damaged_is_made_again(root: Path) -> None:
    file = root / "artifacts" / "checkpoint" / "content"
    file.write_text("wEights")
    assert "damaged: " in why(root) and "sha256" in why(root)
    file.unlink()
    assert "content is missing" in why(root)
    (root / "artifacts" / "checkpoint" / "manifest.json").unlink()
    assert "was never finished" in why(root)
    file.parent.rename(root / "elsewhere")
    assert why(root) == "not made yet"


def test_a_damaged_input_does_too(root: Path) -> None:
    (root / "artifacts" / "dataset" / "content").write_text("rOws")
    assert "damaged: " in why(root)


def test_each_digest_is_computed_once_until_it_is_made_anew(root: Path) -> None:
    inputs = Inputs(root / "artifacts", root)
    before = inputs.digest("dataset")
    write(root, "dataset", "other rows")
    assert inputs.digest("dataset") == before
    inputs.forget("dataset")
    assert inputs.digest("dataset") != before
    assert inputs.digest("nothing") == ""
