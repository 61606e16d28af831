"""Gates that fit models: swapped labels, drift."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.gates import drift, labels, leak
from shipworthy.data.gates.auc import auc
from shipworthy.data.gates.model_settings import Drift, Labels, Leak
from shipworthy.models.dataset import SPLITS
from tests.data.gates.inputs import FEATURES, gate_input, on_disk, rows
from tests.stages import workspaces

SOUND = rows()


def test_labels_that_were_swapped_come_first() -> None:
    assert labels.check(Labels(), gate_input(SOUND)).violations == []
    swapped = pl.Series(np.random.default_rng(1).random(1000) < 0.15)
    other = pl.when(answer="yes").then(pl.lit("no")).otherwise(pl.lit("yes"))
    found = labels.check(
        Labels(), gate_input(SOUND.with_columns(answer=pl.when(swapped).then(other).otherwise("answer")))
    )
    assert len(found.violations) == 1 and "of the labels look wrong, more than 10.0%" in found.violations[0]
    truly = set(SOUND.filter(swapped)["id"])
    assert sum(row in truly for row in found.rows["id"].head(30)) >= 27
    assert set(SOUND.filter(pl.col("id").is_in(found.rows["id"].implode()))["split"]) == {"train", "validation"}


def test_answers_that_are_no_classes_are_refused() -> None:
    with pytest.raises(UsageError, match="800 classes, not 2 to 100: drop the gate"):
        labels.check(Labels(), gate_input(SOUND.with_columns(answer=pl.col("id"))))


@pytest.fixture
def reference(tmp_path) -> str:
    path = tmp_path / "reference.parquet"
    rows(1000, seed=9).write_parquet(path)
    return str(path)


def test_rows_of_one_source_have_not_drifted(reference: str) -> None:
    found = drift.check(Drift(reference=reference), gate_input(SOUND))
    assert found.violations == []
    area = found.measurements[-1]
    assert area.name == "AUC of telling the two sets apart" and area.low < 0.53 < 0.6


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ({"age": pl.col("age") + 10}, "age has drifted: "),
        ({"job": pl.when(pl.col("age") > 50).then(pl.lit("judge")).otherwise("job")}, "job has drifted: "),
        ({"hours": pl.when(pl.col("id") < "r00300").then(None).otherwise("hours")}, "hours has drifted: PSI of hours"),
    ],
)
def test_a_column_that_has_drifted_is_named(reference: str, column: dict[str, pl.Expr], fault: str) -> None:
    found = drift.check(Drift(reference=reference), gate_input(SOUND.with_columns(**column)))
    assert next(one for one in found.violations if not one.startswith("a model")).startswith(fault)


def test_what_no_column_shows_alone_the_model_sees(tmp_path) -> None:
    """Two columns that were equal are so no more; each by itself is as it was."""
    draws = np.random.default_rng(4)
    a, b = draws.choice(["red", "tan"], 1000), draws.choice(["red", "tan"], 1000)
    ids = {"id": SOUND["id"], "cluster": SOUND["cluster"], "split": SOUND["split"], "answer": SOUND["answer"]}
    text = [f"{one} {one}" for one in a]
    pl.DataFrame({**ids, "t": [f"{t} {i:05}" for i, t in enumerate(text)]}).write_parquet(tmp_path / "r.parquet")
    now = pl.DataFrame(
        {**ids, "t": [f"{one} {two} {i:05}" for i, (one, two) in enumerate(zip(a, b, strict=True), 5000)]}
    )
    found = drift.check(Drift(reference=str(tmp_path / "r.parquet")), gate_input(now))
    assert len(found.violations) == 1 and found.violations[0].startswith(
        "a model separates the two sets with an AUC of 0."
    )


def test_a_reference_that_cannot_be_read_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="there is no dataset's folder, nor a file: correct it"):
        drift.check(Drift(reference="nowhere.txt"), gate_input(SOUND))
    SOUND.drop("age").write_csv(tmp_path / "r.csv")
    with pytest.raises(UsageError, match="column 'age' is missing"):
        drift.check(Drift(reference=str(tmp_path / "r.csv")), gate_input(SOUND))


def test_a_raw_reference_is_read_as_the_data_were(tmp_path) -> None:
    """Truth values are names in the data, and what stands for a missing value is none; raw files know nothing of it."""
    draws = np.random.default_rng(7)
    member = pl.Series("member", draws.random(1000) < 0.4)
    gap = pl.when(pl.col("hours") < 35).then(None)
    now = SOUND.with_columns(member.cast(pl.String), gap.otherwise("job").alias("job"))
    raw = now.with_columns(member, pl.col("job").fill_null(" ? "), pl.col("age").cast(pl.String))
    raw.write_parquet(tmp_path / "r.parquet")
    features = {name: now.schema[name] for name in ("age", "hours", "job", "member")}
    found = drift.check(
        Drift(reference=str(tmp_path / "r.parquet")),
        on_disk(now, features, 1000, missing_markers=["", "?"]),
    )
    assert found.violations == []
    assert {one.name: one.value for one in found.measurements}["Cramér's V of job"] == 0


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("r.parquet", "no", "cannot be read"),
        ("r.csv", "", "holds no rows"),
        ("r.jsonl", "{", "cannot be read"),
        ("r.csv", "age,hours,job\n", "holds no rows"),
        ("r.csv", "age,hours,job\nold,1.5,clerk\n", "row 1: column 'age' holds 'old', which is no float"),
        ("r.csv", "age,hours,job\ntrue,1.5,clerk\n", "column 'age' holds 'true', which is no float"),
    ],
)
def test_a_damaged_reference_is_one_sentence(tmp_path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=f"{name}.*{sentence}"):
        drift.check(Drift(reference=str(tmp_path / name)), gate_input(SOUND))


def test_a_class_that_stands_in_one_fold_alone_is_no_crash() -> None:
    """What is left to learn from has one class, which is then all that can be said."""
    rare = SOUND.with_columns(answer=pl.when(id="r00000").then(pl.lit("yes")).otherwise(pl.lit("no")))
    assert labels.check(Labels(), gate_input(rare)).rows_checked == 800
    assert leak.check(Leak(max_auc=1), gate_input(rare)).rows_checked == 800


def test_psi_is_that_of_the_book() -> None:
    """Siddiqi's sum, on bins large enough for the smoothing not to show."""
    old = pl.Series("x", ["a"] * 60_000 + ["b"] * 40_000)
    new = pl.Series("x", ["a"] * 50_000 + ["b"] * 50_000)
    expected = (0.5 - 0.6) * np.log(0.5 / 0.6) + (0.5 - 0.4) * np.log(0.5 / 0.4)
    assert drift.psi(old, new) == pytest.approx(expected, rel=1e-3)


def test_the_interval_of_the_area_holds_what_resampling_gives() -> None:
    draws = np.random.default_rng(2)
    positive = draws.random(400) < 0.4
    score = positive + draws.normal(0, 1, 400)
    one = auc(positive, score)
    resampled = [auc(positive[i], score[i]).value for i in draws.integers(400, size=(300, 400))]
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert abs(one.low - low) < 0.02 and abs(one.high - high) < 0.02
    assert FEATURES.keys() == {"age", "hours", "job"}


def test_a_reference_of_chunks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspaces.workspace(tmp_path, "prepare").write("dataset") as folder:
        for name in SPLITS:
            SOUND.with_columns(chunk_of="id").write_parquet(folder / f"{name}.parquet")
    with pytest.raises(UsageError, match="holds texts that were divided into chunks, and gates look at whole ones"):
        drift.check(Drift(reference=str(tmp_path / "artifacts" / "dataset")), gate_input(SOUND))
