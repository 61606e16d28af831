from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError
from shipworthy.evaluation import predictions
from shipworthy.models.protocol import Prediction

IDS = pl.Series("id", ["x", "y"])
GIVEN = [Prediction("A", 0.25), Prediction("B")]


def test_written_and_read(tmp_path: Path) -> None:
    predictions.write(tmp_path / "p" / "one.parquet", IDS, GIVEN, np.array([True, False]))
    assert predictions.read(tmp_path / "p" / "one.parquet", IDS) == GIVEN
    assert pl.read_parquet(tmp_path / "p" / "one.parquet").columns == ["id", "prediction", "score", "correct"]


def test_predictions_of_other_rows_are_refused(tmp_path: Path) -> None:
    predictions.write(tmp_path / "one.parquet", IDS, GIVEN)
    with pytest.raises(ArtifactError, match="other rows"):
        predictions.read(tmp_path / "one.parquet", IDS.reverse())
    with pytest.raises(ValueError, match="1 predictions beside 2 ids"):
        predictions.write(tmp_path / "two.parquet", IDS, GIVEN[:1])
