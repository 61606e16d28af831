from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError
from shipworthy.evaluation import predictions
from shipworthy.models.probabilities import most_likely
from shipworthy.models.protocol import Prediction

IDS = pl.Series("id", ["x", "y"])
GIVEN = [Prediction("A", {"A": 0.75, "B": 0.25}), Prediction("B")]
NAMES = [
    "",
    "1",
    "a.b",
    "a b",
    "\"quoted\" 'names'",
    "`[<{,;\\",
    "new\nline",
    "🦒",
    "id",
    "probabilities",
    "é",
    "e\u0301",
]


def test_written_and_read(tmp_path: Path) -> None:
    more = {"scored": np.array([True, False]), "correct": np.array([True, False]), "group": None}
    predictions.write(tmp_path / "p" / "one.parquet", IDS, GIVEN, more)
    assert predictions.read(tmp_path / "p" / "one.parquet", IDS) == GIVEN
    columns = ["id", "prediction", "probabilities", "number", "low", "high", "scored", "correct"]
    assert pl.read_parquet(tmp_path / "p" / "one.parquet").columns == columns


@pytest.mark.parametrize(
    "given",
    [
        [Prediction("A"), Prediction("B")],
        [Prediction("1.5", number=1.5), Prediction("-inf?", number=None)],
        [Prediction("1.5", number=1.5, low=-0.5, high=2.5), Prediction("0", number=0.0)],
        [Prediction("A", {"A": 1.0}), Prediction("B", {"A": 0.0})],
    ],
    ids=["texts", "numbers", "intervals", "one class"],
)
def test_what_is_not_known_stays_so(tmp_path: Path, given: list[Prediction]) -> None:
    predictions.write(tmp_path / "one.parquet", IDS, given)
    assert predictions.read(tmp_path / "one.parquet", IDS) == given


def test_no_predictions(tmp_path: Path) -> None:
    predictions.write(tmp_path / "one.parquet", IDS[:0], [])
    assert predictions.read(tmp_path / "one.parquet", IDS[:0]) == []


def test_of_a_class_that_only_other_rows_name_the_probability_is_0(tmp_path: Path) -> None:
    predictions.write(tmp_path / "one.parquet", IDS, [Prediction("A", {"A": 1.0}), Prediction("B", {"B": 1.0})])
    both = predictions.read(tmp_path / "one.parquet", IDS)
    assert both == [Prediction("A", {"A": 1.0, "B": 0.0}), Prediction("B", {"A": 0.0, "B": 1.0})]


def test_classes_may_have_any_name_and_floats_stay_as_they_are(tmp_path: Path) -> None:
    values = np.random.default_rng(0).dirichlet(np.ones(len(NAMES)), size=50)
    ids, given = pl.Series("id", [str(i) for i in range(50)]), most_likely(NAMES, values)
    predictions.write(tmp_path / "one.parquet", ids, given)
    back = predictions.read(tmp_path / "one.parquet", ids)
    assert back == given and {one.text for one in back} > {"", "a.b", "1"}
    assert all(list(one.probabilities or {}) == NAMES for one in back)
    assert [[one.probabilities[name] for name in NAMES] for one in back if one.probabilities] == values.tolist()


def test_scored_rows_come_back_in_their_shape(tmp_path: Path) -> None:
    table = np.array([[0.2, 1.0], [0.9, 0.0]])
    predictions.write(tmp_path / "one.parquet", IDS, GIVEN, {"scored": table, "group": np.array(["g", "h"])})
    frame = predictions.scored(tmp_path / "one.parquet")
    assert frame.columns == ["id", "scored", "group"]
    assert predictions.rows(frame).tolist() == table.tolist()
    assert predictions.resampling(frame).units == 2


def test_predictions_of_other_rows_are_refused(tmp_path: Path) -> None:
    predictions.write(tmp_path / "one.parquet", IDS, GIVEN)
    with pytest.raises(ArtifactError, match="other rows"):
        predictions.read(tmp_path / "one.parquet", IDS.reverse())
    with pytest.raises(ValueError, match="1 predictions beside 2 ids"):
        predictions.write(tmp_path / "two.parquet", IDS, GIVEN[:1])
