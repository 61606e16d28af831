"""Whether models are the same: by their own files' hashes."""

from pathlib import Path

from shipworthy.core.files import write_json
from shipworthy.track.ablation.design import Training
from shipworthy.track.ablation.models import digest, without_chance, without_effect


def checkpoint(folder: Path, **files: str) -> Path:
    folder.mkdir()
    about = {name.replace("_", "."): {"bytes": 1, "sha256": sha256} for name, sha256 in files.items()}
    write_json(folder / "manifest.json", {"files": about})
    return folder


def test_settings_and_history_make_no_other_model(tmp_path: Path):
    one = checkpoint(tmp_path / "1", xgboost_json="a", training_json="b", history_json="c", candidate_json="d")
    same = checkpoint(tmp_path / "2", xgboost_json="a", training_json="x", history_json="y", candidate_json="z")
    other = checkpoint(tmp_path / "3", xgboost_json="b", training_json="b", history_json="c", candidate_json="d")
    assert digest(one) == digest(same) != digest(other)


def test_where_seeds_and_changes_change_nothing():
    made = {
        Training((), 1, ()): "a",
        Training((), 2, ()): "a",
        Training(("idle",), 1, ()): "a",
        Training(("idle",), 2, ()): "a",
        Training(("drawn",), 1, ()): "b",
        Training(("drawn",), 2, ()): "c",
        Training(("once",), 1, ()): "d",
    }
    assert without_chance(made) == [(), ("idle",)]
    assert [without_effect(name, made) for name in ("idle", "drawn", "once", "missing")] == [True, False, False, False]
