"""Identical, within tolerance, or from where on two runs differ."""

import math
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.files import write_json
from shipworthy.track.reproduce.outcome import Verdict, compare

HISTORY = [
    {"step": n, "loss": 1 / n, "lr": 1e-3, "ledger": f"rows{n}", "step_s": 0.5, "tokens_per_s": 100.0}
    for n in (1, 2, 3, 4)
]


def checkpoint(folder: Path, *, weights: str = "w", history=HISTORY, predictions=("a", "b", "c", "d")):
    with write_artifact(folder / "checkpoint", "checkpoint", run_id="r", config={}, inputs={}, seeds={}) as target:
        (target / "adapter").mkdir()
        (target / "adapter" / "weights.safetensors").write_text(weights)
        write_json(target / "history.json", history)
        write_json(target / "training.json", {"seconds": len(str(folder))})
        if predictions:
            rows = {"id": range(len(predictions)), "prediction": predictions, "correct": [True] * len(predictions)}
            pl.DataFrame(rows).write_parquet(target / "validation.parquet")
    return read_artifact(folder / "checkpoint", "checkpoint")


@pytest.fixture
def then(tmp_path: Path):
    return checkpoint(tmp_path / "then")


def changed(step: int, **values: object) -> list[dict[str, object]]:
    return [{**entry, **values} if entry["step"] == step else entry for entry in HISTORY]


def test_other_times_are_no_difference(then, tmp_path: Path):
    now = checkpoint(tmp_path / "another folder", history=[{**e, "step_s": 9.0, "tokens_per_s": 1.0} for e in HISTORY])
    found = compare(then, now, 0.0)
    assert found.verdict is Verdict.IDENTICAL
    assert found.lines()[-1] == "identical"
    assert found.files == {"adapter/weights.safetensors": True}


def test_last_bits_are_within_a_tolerance_and_not_identical(then, tmp_path: Path):
    now = checkpoint(tmp_path, weights="v", history=changed(3, loss=(1 / 3) * (1 + 1e-5)))
    assert compare(then, now, 1e-3).verdict is Verdict.WITHIN_TOLERANCE
    found = compare(then, now, 1e-6)
    assert found.verdict is Verdict.DIFFERENT
    assert found.differing is not None and (found.differing["step"], found.differing["name"]) == (3, "loss")
    assert found.largest == pytest.approx(1e-5, rel=1e-3)


@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_other_rows_are_never_within_a_tolerance(then, tmp_path: Path, tolerance: float):
    found = compare(then, checkpoint(tmp_path, history=changed(2, ledger="other")), tolerance)
    assert found.verdict is Verdict.DIFFERENT
    assert "part at step 2: ledger is other, and was rows2" in "\n".join(found.lines())


def test_a_run_that_is_shorter_is_different(then, tmp_path: Path):
    found = compare(then, checkpoint(tmp_path, history=HISTORY[:3]), 0.5)
    assert found.verdict is Verdict.DIFFERENT
    assert found.differing is not None and found.differing["step"] == 4
    assert math.isinf(found.largest)


def test_other_weights_alone_are_not_identical(then, tmp_path: Path):
    found = compare(then, checkpoint(tmp_path, weights="v"), 1e-3)
    assert found.verdict is Verdict.WITHIN_TOLERANCE
    assert "  adapter/weights.safetensors differs" in found.lines()


def test_other_answers_are_counted(then, tmp_path: Path):
    found = compare(then, checkpoint(tmp_path, predictions=("a", "x", "c", "d")), 0.1)
    assert found.predictions == {"rows": 4, "others": 1}
    assert found.verdict is Verdict.DIFFERENT
    assert (
        compare(then, checkpoint(tmp_path / "2", predictions=("a", "x", "c", "d")), 0.25).verdict
        is Verdict.WITHIN_TOLERANCE
    )


def test_a_nan_is_the_same_as_a_nan(tmp_path: Path):
    one = checkpoint(tmp_path / "1", history=changed(2, loss=float("nan")))
    assert (
        compare(one, checkpoint(tmp_path / "2", history=changed(2, loss=float("nan"))), 0.0).verdict
        is Verdict.IDENTICAL
    )
