"""What rows say of a training's metric, by the metric's kind."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from shipworthy.core.files import write_json
from shipworthy.evaluation import scores
from shipworthy.evaluation.predictions import column
from shipworthy.evaluation.resampling import Resampling
from shipworthy.track.ablation.units import score

DRAW = np.random.default_rng(5)
N = 900
ANSWERS = DRAW.random(N) < 0.3
LIKELY = np.clip(0.35 + 0.25 * ANSWERS + DRAW.normal(0, 0.2, N), 0, 1)
ROWS: dict[str, NDArray[np.generic]] = {
    "accuracy": (LIKELY > 0.5) == ANSWERS,
    "brier": (LIKELY - ANSWERS) ** 2,
    "auc": np.column_stack([LIKELY, ANSWERS]).astype(float)[:, None],
    "median_absolute_error": np.abs(DRAW.normal(0, 100.0, N)),
}


def training(folder: Path, name: str, rows: NDArray[np.generic] | None = None, **columns: pl.Series) -> Path:
    rows = ROWS[name] if rows is None else rows
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "training.json", {"metric": name, "selected_metric": scores.value(name, rows)})
    ids = [f"{i:04d}" for i in range(len(rows))]
    pl.DataFrame({"id": ids, "scored": column(rows), **columns}).write_parquet(folder / "validation.parquet")
    return folder


@pytest.mark.parametrize("name", ROWS)
def test_units_add_up_to_the_metric_and_vary_as_it_does(tmp_path: Path, name: str) -> None:
    added = score(name, training(tmp_path, name))
    assert added.mean() == pytest.approx(scores.value(name, ROWS[name]))
    interval = scores.interval(name, ROWS[name], Resampling(N))
    error = float(added.std(ddof=1) / np.sqrt(len(added)))
    assert error == pytest.approx((interval.high - interval.low) / (2 * 1.96), rel=0.45)


def test_rows_of_a_group_are_one_unit(tmp_path: Path) -> None:
    groups = pl.Series([f"g{i % 60}" for i in range(N)])
    added = score("brier", training(tmp_path, "brier", group=groups))
    assert added.shape == (60,) and added.mean() == pytest.approx(ROWS["brier"].mean())


def test_where_rows_say_nothing_it_is_the_metric_alone(tmp_path: Path) -> None:
    one_positive = np.column_stack([LIKELY, np.arange(N) == 7]).astype(float)[:, None]
    assert score("auc", training(tmp_path, "auc", one_positive)).shape == (1,)
    (tmp_path / "validation.parquet").unlink()
    assert score("auc", tmp_path).shape == (1,)
