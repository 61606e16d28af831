"""What a column of train holds is found by rules, and handled so; raw rows get the same."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.build import Fitted, fit
from shipworthy.data.fitted.encode.schema import Auto, Encode, Target
from shipworthy.data.fitted.interface import FOLDS
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models.transform.ops.text_components import words
from shipworthy.models.transform.transformation import Transformation

ROWS = 2000
DAYS = [date(2024, 1 + i % 12, 1 + i % 28) for i in range(ROWS)]


def table() -> pl.DataFrame:
    """A column of each kind; whether a row is `late` follows from its town."""
    draws = np.random.default_rng(4)
    town = draws.integers(0, 150, ROWS)
    late = draws.random(ROWS) < np.where(town % 2, 0.8, 0.2)
    things = ("queue", "table", "river", "stone", "cloud", "house", "horse", "paper", "glass", "metal")
    split = np.where(np.arange(ROWS) % 10 < 7, "train", np.where(np.arange(ROWS) % 10 < 8, "validation", "test"))
    return pl.DataFrame(
        {
            "id": [f"r{i:05}" for i in range(ROWS)],
            "cluster": [f"r{i:05}" for i in range(ROWS)],
            "split": split,
            "number": np.arange(ROWS) + 100_000,
            "amount": draws.normal(0, 1, ROWS),
            "code": [f"A-{i * 7919 % 100_003}" for i in range(ROWS)],
            "town": [f"town {i}" for i in town],
            "colour": draws.choice(["red", "green"], ROWS),
            "note": [" ".join(draws.choice(things, 5)) + f" {i}" for i in range(ROWS)],
            "day": DAYS,
            "told": [f"{day.isoformat()}T12:30:00" for day in DAYS],
            "nothing": pl.Series([None] * ROWS, dtype=pl.String),
            "answer": np.where(late, "late", "on time"),
        }
    )


def features(rows: pl.DataFrame) -> dict[str, pl.DataType]:
    return {name: kind for name, kind in rows.schema.items() if name not in ("id", "cluster", "split", "answer")}


def fitted(rows: pl.DataFrame, auto: Auto | None = None, **encode: Any) -> Fitted:
    return fit(Fitting(encode=Encode(auto=auto or Auto(), **encode)), rows.lazy(), features(rows), seed=3)


def test_each_kind_is_found_and_handled() -> None:
    rows = table()
    one = fitted(rows)
    assert {choice.column: (choice.holds, choice.action) for choice in one.choices} == {
        "number": ("running numbers", "drop"),
        "amount": ("numbers", "keep"),
        "code": ("ids", "drop"),
        "town": ("many names", "target"),
        "colour": ("names", "keep"),
        "note": ("free text", "text"),
        "day": ("times", "calendar"),
        "told": ("times", "calendar"),
        "nothing": ("nothing", "drop"),
    }
    made = one.apply(rows.lazy()).collect()
    assert {"number", "code", "note", "day", "told", "nothing"}.isdisjoint(made.columns)
    assert made["amount"].equals(rows["amount"]) and made["colour"].equals(rows["colour"])
    assert made["day month"].to_list() == [day.month for day in DAYS]
    assert made["told weekday"].to_list() == [day.weekday() for day in DAYS]
    assert {"day year", "day hour", "told hour"}.isdisjoint(made.columns)  # the same in every row of train
    share = made.filter(split="test").group_by("town", "answer").len()
    assert share.height > 10 and 0.1 < made["town"].min() < made["town"].max() < 0.9  # type: ignore[operator]
    assert len(one.folds) == FOLDS


def test_the_report_says_what_was_found_and_why() -> None:
    found = {row["column"]: row for row in fitted(table(), Auto({"colour": "drop"})).summary()["columns"]}
    assert found["code"]["done"] == "left out" and found["code"]["why"].startswith("1,400 different ones in 1,400 rows")
    assert found["colour"]["asked"] and found["colour"]["done"] == "left out" and not found["town"]["asked"]


def test_it_is_judged_on_train_alone() -> None:
    rows = table()
    other = pl.col("split") != "train"
    changed = rows.with_columns(
        *(pl.when(other).then(pl.lit("x")).otherwise(pl.col(name)).alias(name) for name in ("code", "town", "note")),
        colour=pl.when(other).then(pl.col("code")).otherwise("colour"),
    )
    assert fitted(changed).transformation.saved == fitted(rows).transformation.saved


def test_the_config_wins_over_the_rules_and_other_methods_over_both() -> None:
    rows = table()
    one = fitted(rows, Auto({"code": "keep", "note": "drop", "colour": "target"}), target=Target(["town"], folds=4))
    assert "town" not in [choice.column for choice in one.choices] and len(one.folds) == 4
    made = one.apply(rows.lazy()).collect()
    assert made["code"].equals(rows["code"]) and made["colour"].dtype == made["town"].dtype == pl.Float64
    assert "note" not in made.columns and "note text 1" not in made.columns
    assert fit(Fitting(encode=Encode(auto=None)), rows.lazy(), features(rows), seed=3).changes is False


def test_a_raw_row_gets_what_the_dataset_got(tmp_path: Path) -> None:
    """Through JSON and text, as a package is asked: days and moments come as ISO 8601."""
    rows = table()
    one = fitted(rows)
    one.save(tmp_path)
    again = Transformation.of(tmp_path)
    assert again is not None
    later = rows.filter(pl.col("split") != "train")
    expected = one.apply(later.lazy()).collect()
    assert again.apply(later).equals(expected)
    raw = {name: [_plain(value) for value in later[name]] for name in again.replay.inputs}
    made = again.replay({name: again.replay.column(name, values) for name, values in raw.items()})
    for name, values in made.items():
        assert expected[name].to_list() == [None if _missing(value) else value for value in values.tolist()], name


def test_what_is_missing_or_no_time_is_missing() -> None:
    rows = table()
    one = fitted(rows).transformation
    raw: dict[str, list[Any]] = {name: [None, None, None] for name in one.replay.inputs}
    raw |= {"told": ["2024-02-30", "soon", None], "note": [None, "", "queue"], "town": [None, "nowhere", "town 1"]}
    made = one.replay({name: one.replay.column(name, values) for name, values in raw.items()})
    assert np.isnan(made["told month"]).all()
    assert np.isnan(made["note text 1"][0]) and made["note text 1"][1] == 0 != made["note text 1"][2]
    assert made["town"][1] != made["town"][2]


def test_a_moment_with_an_offset_is_read_in_utc() -> None:
    told = ["2024-03-01T00:30:00+02:00", "2024-03-02 10:15", "2024-03-03T23:59:59.5Z"] * 100
    rows = pl.DataFrame(
        {
            "id": [f"r{i:03}" for i in range(300)],
            "cluster": [f"r{i:03}" for i in range(300)],
            "split": "train",
            "told": told,
            "answer": ["a", "b", "a"] * 100,
        }
    )
    made = fitted(rows).apply(rows.lazy()).collect()
    assert made["told day"].to_list()[:3] == [29, 2, 3]
    assert made["told hour"].to_list()[:3] == pytest.approx([22.5, 10.25, 86399 / 3600])
    start = datetime(2024, 2, 29, 22, 30)
    assert made["told elapsed"][1] == pytest.approx((datetime(2024, 3, 2, 10, 15) - start).total_seconds() / 86400)


def test_texts_are_what_scikit_learn_makes_of_them() -> None:
    rows = table()
    train = rows.filter(split="train")
    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True, max_features=2000)
    expected = vectorizer.fit_transform(train["note"])
    (step,) = (step for step in fitted(rows).transformation.saved["steps"] if step["op"] == "text_components")
    made = fitted(rows).apply(train.lazy()).collect().select(step["outputs"]).to_numpy()
    assert made.shape == (train.height, 16)
    assert made == pytest.approx(expected @ np.array(step["components"]).T, abs=1e-9)


def test_of_many_classes_the_frequent_ones_are_told() -> None:
    rows = table().with_columns(answer=pl.Series([f"c{min(i % 50, i % 7)}" for i in range(ROWS)]))
    made = fitted(rows, Auto(most_classes=3)).apply(rows.lazy()).collect()
    assert len([name for name in made.columns if name.startswith("town")]) == 3


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"amount": "target"}, "names amount, which holds numbers, not names"),
        ({"amount": "calendar"}, "calendar of amount, which holds numbers"),
        ({"colour": "calendar"}, "colour, which holds no time in ISO 8601"),
        ({"towns": "drop"}, "names towns, which is no feature"),
    ],
)
def test_what_a_column_is_not_fit_for_is_refused(columns: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        fitted(table(), Auto(columns))


def test_a_table_of_ids_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="left to learn from: number holds running numbers, code holds ids"):
        fitted(table().select("id", "cluster", "split", "number", "code", "answer"))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _missing(value: Any) -> bool:
    return value is None or value != value
