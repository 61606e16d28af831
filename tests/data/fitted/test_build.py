"""Fitted on train alone; the same for any order of rows; replayed from the file as in the dataset."""

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.data.fitted.build import Fitted, fit
from shipworthy.data.fitted.encode.schema import Auto, Encode, OneHot, Ordinal, Target
from shipworthy.data.fitted.missing.schema import Constant, Drop, Median, Missing, Mode, Model
from shipworthy.data.fitted.outliers.schema import IQR, IsolationForest, Outliers, RobustZ
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models.transform.transformation import FILE, Transformation
from tests.data.fitted.table import FEATURES, table

ALL = Fitting(
    Outliers(iqr=IQR(["hours"]), isolation_forest=IsolationForest(["age", "hours"], share=0.05, trees=10)),
    Missing(median=Median(["age"]), model=Model(["job"], rounds=5)),
    Encode(target=Target(["town"]), one_hot=OneHot(["job"])),
)


def fitted(config: Fitting, rows: pl.DataFrame) -> Fitted:
    return fit(config, rows.lazy(), FEATURES, seed=3)


def test_nothing_of_validation_and_test_is_looked_at() -> None:
    rows = table()
    other = pl.col("split") != "train"
    changed = rows.with_columns(
        pl.when(other).then(pl.lit(99)).otherwise(pl.col("age")).alias("age"),
        pl.when(other).then(pl.lit(-1e6)).otherwise(pl.col("hours")).alias("hours"),
        *(pl.when(other).then(pl.lit("x")).otherwise(pl.col(n)).alias(n) for n in ("job", "town", "answer")),
    )
    assert fitted(ALL, changed).transformation.saved == fitted(ALL, rows).transformation.saved


def test_order_of_rows_and_size_of_batches_do_not_matter() -> None:
    rows = table()
    shuffled = rows.sample(fraction=1, shuffle=True, seed=1)
    one, two = fitted(ALL, rows), fitted(ALL, shuffled)
    assert one.transformation.saved == two.transformation.saved
    whole = one.apply(rows.lazy()).collect(engine="streaming")
    assert two.apply(shuffled.lazy()).collect().sort("id").equals(whole.sort("id"))
    parts = pl.concat([one.apply(rows[i : i + 1].lazy()).collect() for i in range(40)])
    assert parts.equals(whole[:40])
    assert whole["id"].equals(rows["id"])


def test_the_file_replays_what_the_dataset_got(tmp_path) -> None:
    rows = table()
    one = fitted(ALL, rows)
    one.save(tmp_path)
    again = Transformation.of(tmp_path)
    assert again is not None
    later = rows.filter(pl.col("split") != "train")
    assert again.apply(later).equals(one.apply(later.lazy()).collect())
    assert later.height and set(later.columns) - set(again.apply(later).columns) == {"job"}
    assert Transformation.of(tmp_path / "nothing") is None


def test_only_rows_of_train_are_rejected() -> None:
    rows = table()
    one = fitted(Fitting(Outliers(iqr=IQR(["hours"], action="reject")), Missing(drop=Drop(["job"]))), rows)
    found = rows.with_columns(**dict(one.rejections))
    out = found.filter(pl.col("outlier").is_not_null() | pl.col("missing value").is_not_null())
    assert set(out["split"]) == {"train"}
    expected = rows.filter((pl.col("split") == "train") & ((pl.col("hours") > 800) | pl.col("job").is_null()))
    assert set(expected["id"]) <= set(out["id"]) and expected.height > 10
    assert found.filter(pl.col("hours") == 900, split="train")["outlier"][0].startswith("hours is 900.0, outside ")
    assert one.transformation.saved["steps"] == []


def test_what_is_rejected_teaches_later_methods_nothing() -> None:
    rows = table()
    config = Fitting(Outliers(iqr=IQR(["hours"], action="reject")), Missing(mode=Mode(["town"])))
    far = rows.with_columns(pl.when(pl.col("hours") > 800).then(pl.lit("far town")).otherwise("town").alias("town"))
    far = pl.concat([far, *(far.filter(pl.col("hours") > 800).with_columns(pl.col("id") + f"-{i}") for i in range(9))])
    (step,) = fitted(config, far).transformation.saved["steps"]
    assert step["value"] != "far town"
    (step,) = fitted(Fitting(missing=Missing(mode=Mode(["town"]))), far).transformation.saved["steps"]
    assert step["value"] == "far town"


def test_without_a_method_nothing_changes() -> None:
    rows = table()
    one = fitted(Fitting(), rows)
    assert not one.changes and fitted(ALL, rows).changes
    assert one.apply(rows.lazy()).collect().equals(rows)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Fitting(missing=Missing(median=Median(["age"]), mode=Mode(["age"]))),
            "gives age to median and to mode",
        ),
        (IQR, r"iqr\.columns is empty"),
        (lambda: IQR(["age"], action="drop"), r"iqr\.action=drop: choose one of reject, clip, mark"),
        (lambda: IQR(["age"], factor=0), "above 0"),
        (lambda: RobustZ(["age"], threshold=0), "above 0"),
        (lambda: IsolationForest(["age"], action="clip"), "choose one of reject, mark"),
        (lambda: IsolationForest(["age"], share=0.5), "below 0.5"),
        (lambda: IsolationForest(["age"], rows=1), "rows from 2"),
        (Median, "names no columns"),
        (Constant, r"constant\.values is empty"),
        (lambda: Model(["age"], rounds=0), "from 1"),
        (OneHot, "name columns"),
        (lambda: Ordinal({"job": ["a", "a"]}), "names a value twice"),
        (lambda: Target(["job"], folds=1), "folds from 2"),
        (lambda: Auto({"job": "hash"}), r"auto\.columns\.job=hash: choose one of keep, drop, target, text, calendar"),
        (lambda: Auto(id_share=1.5), r"auto\.id_share=1.5 is not a share"),
        (lambda: Auto(components=0), r"auto\.components=0 is too low"),
        (lambda: Auto(text_words=0), "text_words above 0"),
        (
            lambda: Fitting(encode=Encode(target=Target(["job"]), auto=Auto({"job": "keep"}))),
            "gives job to target and to auto",
        ),
        (lambda: fitted(Fitting(Outliers(iqr=IQR(["job"]))), table()), "names job, which holds names, not numbers"),
        (lambda: fitted(Fitting(Outliers(iqr=IQR(["jobs"]))), table()), r"names jobs, which is no feature \(age, "),
        (
            lambda: fitted(Fitting(encode=Encode(one_hot=OneHot(["town"], max_categories=9))), table()),
            "30 categories in train, more than",
        ),
        (lambda: fitted(Fitting(encode=Encode(ordinal=Ordinal({"job": ["clerk"]}))), table()), "lacks 'farmer'"),
        (
            lambda: fitted(Fitting(missing=Missing(constant=Constant({"age": "x"}))), table()),
            "the column holds numbers",
        ),
        (
            lambda: fitted(Fitting(Outliers(robust_z=RobustZ(["age"]))), table().with_columns(age=pl.lit(3))),
            "half of age's values on train are 3",
        ),
        (
            lambda: fitted(Fitting(Outliers(iqr=IQR(["age"]))), table().with_columns(age=pl.lit(3))),
            "the quartiles of age on train are equal",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(make, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        make()


def test_it_is_json(tmp_path) -> None:
    saved = fitted(ALL, table()).transformation.saved
    write_json(tmp_path / FILE, saved)
    assert read_json(tmp_path / FILE) == saved
