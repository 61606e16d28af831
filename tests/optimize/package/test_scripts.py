"""The package's own scripts, run as they are delivered: without shipworthy."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.groups import ModelConfig
from shipworthy.data.fitted.build import fit
from shipworthy.data.fitted.encode.schema import Encode, OneHot, Target
from shipworthy.data.fitted.missing.schema import Median as Middle
from shipworthy.data.fitted.missing.schema import Missing, Model
from shipworthy.data.fitted.outliers.schema import IQR, IsolationForest, Outliers
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models import build, conformal, decision, json_row, raw_rows
from shipworthy.models.bounded import bounded
from shipworthy.models.conformal import Conformal
from shipworthy.models.decided import decided
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.mean.schema import Mean
from shipworthy.models.median.schema import Median
from shipworthy.models.protocol import Prediction
from shipworthy.models.ridge.schema import Ridge
from shipworthy.models.tfidf.family import TfidfModel
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.family import XGBoostModel
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.optimize.package.build import Subject, copy_decision
from shipworthy.optimize.package.build import kind as package_of
from shipworthy.optimize.package.carried import carry
from tests.data.fitted import table as fitted_table
from tests.models import samples
from tests.optimize.package.made import TREES, WORDS, fitted, language, table, texts

COLUMNS = ["age", "job"]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, XGBoostModel]:
    folder = tmp_path_factory.mktemp("package")
    model = XGBoostModel(XGBoost(rounds=20, threads=1))
    model.fit(samples.table(300, 1), samples.table(100, 2), 0)
    return fitted(folder, model, TREES, table(["age"], ["job"])), model


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TfidfModel]:
    model = TfidfModel(Tfidf(template="{service}: {description}", min_count=1))
    train = samples.operations().with_columns(pl.col("answer").str.extract("^(Delete|Create)")).drop_nulls()
    model.fit(train, train, 0)
    return fitted(tmp_path_factory.mktemp("package"), model, WORDS, texts("service", "description")), model


def assert_same(done: "subprocess.CompletedProcess[str]", expected: Sequence[Prediction]) -> None:
    """That the script answered as the family does, and knew of more than one class."""
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["prediction"] for one in found] == [one.text for one in expected]
    assert [one["probabilities"] for one in found] == [one.probabilities for one in expected]
    assert len({one["prediction"] for one in found}) == 2


def predict(
    folder: Path, *arguments: str, rows: list[dict[str, object]] | None = None, options: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    text = "".join(json.dumps(row) + "\n" for row in rows or [])
    command = [sys.executable, "-I", *options, str(folder / "predict"), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_trees_answer_as_the_family_does(trees: tuple[Path, XGBoostModel]) -> None:
    """Missing cells and a job that training did not have among them."""
    folder, model = trees
    table = samples.table(200, 3).select(COLUMNS)
    strange = pl.DataFrame({"age": [30.0, None], "job": ["astronaut", None]}, schema=table.schema)
    rows = pl.concat([table, strange])
    before = sorted(folder.iterdir())
    assert_same(predict(folder, rows=rows.to_dicts()), model.predict(rows))
    assert sorted(folder.iterdir()) == before  # no cached bytecode either


@pytest.mark.parametrize("kind", ["trees", "words"])
def test_a_package_answers_by_the_threshold_that_was_chosen(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    whole, model = request.getfixturevalue(kind)
    rows = samples.operations() if kind == "words" else samples.table(200, 3)
    rows = rows.select(["service", "description"] if kind == "words" else COLUMNS)
    said = model.predict(rows)
    positive, negative = list(said[0].probabilities)
    lowest, next_to_it = sorted({one.probabilities[positive] for one in said})[:2]
    threshold = (lowest + next_to_it) / 2  # nearly all are positive, and most of them not the likelier class
    with write_artifact(tmp_path / "compressed", "compressed", run_id="r", config={}, inputs={}, seeds={}) as folder:
        (folder / "model").mkdir()
        decision.write(decision.Decision(positive, negative, threshold), folder / "model")
    folder = Path(shutil.copytree(whole, tmp_path / "package"))
    compressed = read_artifact(tmp_path / "compressed", "compressed")
    copy_decision(Subject(None, None, {"compressed": compressed}, {"file": "model"}), folder)
    expected = decided(decision.read(folder), said)
    assert_same(predict(folder, rows=rows.to_dicts()), expected)
    assert [one.text for one in expected] != [one.text for one in said]


def test_trees_that_were_taught_numbers_answer_numbers(tmp_path: Path) -> None:
    model = XGBoostModel(XGBoost(objective="squared_error", rounds=20, threads=1))
    model.fit(samples.measured(300, 1), samples.measured(100, 2), 0)
    folder = fitted(tmp_path, model, TREES, table(["age"], ["job"]))
    rows = samples.measured(50, 3).select(COLUMNS)
    done = predict(folder, rows=rows.to_dicts())
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == [{"prediction": one.number} for one in model.predict(rows)]
    assert [str(one["prediction"]) for one in found] == [one.text for one in model.predict(rows)]
    assert len({one["prediction"] for one in found}) > 10
    assert float(predict(folder, "age=70", "job=judge").stdout) > 300


NUMBERS: dict[str, ModelConfig] = {
    "xgboost": XGBoost(objective="quantiles", interval=0.8, rounds=20, threads=1),
    "ridge": Ridge(max_categories=2),
    "median": Median(),
    "mean": Mean(),
}


@pytest.mark.parametrize("interval", [None, Conformal(0.8, 2.5)], ids=["bare", "with intervals"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_a_package_of_numbers_says_what_the_model_says(tmp_path: Path, kind: str, interval: Conformal | None) -> None:
    """Filled as `package` does, and run without any library where the family needs none."""
    model = build.create(NUMBERS[kind])
    model.fit(samples.measured(300, 1), samples.measured(100, 2), 0)
    with write_artifact(tmp_path / "compressed", "compressed", run_id="r", config={}, inputs={}, seeds={}) as folder:
        (weights := folder / "model").mkdir()
        model.save(weights)
        if interval:
            conformal.write(interval, weights)
    compressed = read_artifact(tmp_path / "compressed", "compressed")
    subject = Subject(None, None, {"compressed": compressed}, {"file": "model", "size_mb": 1.0})
    (package := tmp_path / "package").mkdir()
    contents = package_of(kind).fill(subject, package)
    copy_decision(subject, package)
    assert ("low" in contents.answer) == bool(interval)
    assert sorted(contents.columns) == ([] if kind.startswith("me") else COLUMNS)
    carry(package, raw_rows, json_row)
    (package / raw_rows.FILE).write_text(json.dumps(table(["age"], ["job"])), encoding="utf-8")
    rows = samples.measured(50, 3).select(COLUMNS)
    done = predict(package, rows=rows.to_dicts(), options=() if kind == "xgboost" else ("-S",))
    assert done.returncode == 0, done.stderr
    expected = model.predict(rows)
    if interval:
        expected = bounded(interval, expected)
    assert [{**json.loads(line)} for line in done.stdout.splitlines()] == [
        pytest.approx(
            {
                "prediction": one.number,
                **({"low": one.low, "high": one.high} if one.low is not None and one.high is not None else {}),
            },
            rel=1e-12,
        )
        for one in expected
    ]
    if interval and kind == "mean":
        (one,) = expected[:1]
        assert predict(package, "age=30").stdout.strip() == f"{one.number} [{one.low}, {one.high}]"


@pytest.mark.parametrize("kind", ["trees", "words"])
def test_labels_are_answered_as_lists(tmp_path: Path, kind: str) -> None:
    train, rows = (samples.labelled(300, seed).with_columns(pl.col("age", "job").fill_null(strategy="forward"))
                   for seed in (1, 3))  # fmt: skip
    rows, model = rows.select(COLUMNS), XGBoostModel(XGBoost(objective="labels", rounds=20, threads=1))
    made, read = TREES, table(["age"], ["job"])
    if kind == "words":
        model, made, read = TfidfModel(Tfidf(template="{job} {age}", objective="labels")), WORDS, texts("age", "job")
        train, rows = (one.with_columns(pl.col("age").cast(pl.String)) for one in (train, rows))
    model.fit(train, train, 0)
    folder = fitted(tmp_path, model, made, read)
    expected = model.predict(rows)
    found = [json.loads(line) for line in predict(folder, rows=rows.to_dicts()).stdout.splitlines()]
    assert [json.dumps(one["prediction"]) for one in found] == [one.text for one in expected]
    assert [one["probabilities"] for one in found] == [one.probabilities for one in expected]
    assert {len(one["prediction"]) for one in found} >= {0, 1, 2}
    values = [f"{name}={value}" for name, value in rows.row(0, named=True).items()]
    assert predict(folder, *values).stdout.strip() == expected[0].text


def test_trees_answer_a_row_on_the_command_line(trees: tuple[Path, XGBoostModel]) -> None:
    folder, model = trees
    (expected,) = model.predict(pl.DataFrame({"age": [70.0], "job": ["judge"]}))
    assert predict(folder, "age=70", "job=judge").stdout.strip() == expected.text


def test_trees_refuse_a_column_that_they_do_not_know(trees: tuple[Path, XGBoostModel]) -> None:
    done = predict(trees[0], "agge=70")
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "predict: there is no column agge; the columns are age, job.",
    )


def test_words_are_answered_as_the_family_does_without_any_library(words: tuple[Path, TfidfModel]) -> None:
    folder, model = words
    rows = samples.operations().select("service", "description")
    assert_same(predict(folder, rows=rows.to_dicts(), options=("-S",)), model.predict(rows))


def test_words_refuse_a_row_that_lacks_a_column(words: tuple[Path, TfidfModel]) -> None:
    done = predict(words[0], "service=Cloud")
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "predict: a row lacks description; it needs service, description.",
    )


def test_a_variant_outside_its_artifact_is_not_packaged(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept")
    with write_artifact(tmp_path / "compressed", "compressed", run_id="r", config={}, inputs={}, seeds={}) as folder:
        (folder / "model.json").write_text("{}")
    compressed = read_artifact(tmp_path / "compressed", "compressed")
    subject = Subject(None, None, {"compressed": compressed}, {"file": "../secret"})
    with pytest.raises(ArtifactError, match="outside its folder"):
        _ = subject.weights
    with pytest.raises(ArtifactError, match="holds no"):
        subject.weights_file("model.json")


def test_a_row_without_a_column_is_refused(tmp_path: Path) -> None:
    task = {"system": "s", "prompt": "{service}: {description}"}
    language(tmp_path, task, texts("service", "description"))
    done = predict(tmp_path, "--url", "http://127.0.0.1:9", "service=amplify")
    assert done.returncode == 1
    assert done.stderr.strip() == "predict: a row lacks description; it needs service, description."


@pytest.mark.parametrize("kind", ["xgboost", "logistic"])
def test_raw_rows_are_taken_where_columns_were_fitted(kind: str, tmp_path: Path) -> None:
    """The package says of raw rows what the model says of the dataset's; nothing is written into its folder."""
    config = Fitting(
        Outliers(iqr=IQR(["hours"]), isolation_forest=IsolationForest(["age", "hours"], trees=10)),
        Missing(median=Middle(["age"]), model=Model(["job"], rounds=5)),
        Encode(target=Target(["town"]), one_hot=OneHot(["job"])),
    )
    raw = fitted_table.table(600)
    steps = fit(config, raw.lazy(), fitted_table.FEATURES, seed=1)
    rows = steps.apply(raw.lazy()).collect().drop("cluster")
    parts = rows.partition_by("split", as_dict=True, include_key=False)
    model = build.create(XGBoost(rounds=20, threads=1) if kind == "xgboost" else Logistic())
    model.fit(parts["train",], parts["validation",], 0)
    about: dict[str, Any] = {"run_id": "r", "config": {}, "inputs": {}, "seeds": {}}
    with write_artifact(tmp_path / "compressed", "compressed", **about) as folder:
        (weights := folder / "weights").mkdir()
        model.save(weights)
        steps.save(weights)
    compressed = read_artifact(tmp_path / "compressed", "compressed")
    (package := tmp_path / "package").mkdir()
    subject = Subject(None, None, {"compressed": compressed}, {"file": "weights", "size_mb": 1.0})
    contents = package_of(kind).fill(subject, package)
    assert contents.columns == list(fitted_table.FEATURES) and "numpy==" in contents.requirements
    carry(package, raw_rows, json_row)
    numbers = [name for name, kind in fitted_table.FEATURES.items() if kind.is_numeric()]
    settings = table(numbers, [name for name in fitted_table.FEATURES if name not in numbers])
    (package / raw_rows.FILE).write_text(json.dumps(settings), encoding="utf-8")
    before = sorted(package.rglob("*"))
    asked = raw.filter(split="test").select(contents.columns)
    done = predict(package, rows=[*asked.to_dicts(), {"job": "astronaut", "town": None}])
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    expected = model.predict(parts["test",].drop("id", "answer"))
    assert [one["probabilities"] for one in found[:-1]] == [pytest.approx(one.probabilities) for one in expected]
    assert len({one.text for one in expected}) == 2
    assert sorted(package.rglob("*")) == before


def test_columns_with_any_name_are_answered_as_the_family_does(tmp_path: Path) -> None:
    names = ["Air temperature [K]", "a<b", "with, comma", "🦒", "f0"]
    train = samples.table(300, 1).rename({"age": names[0]})
    train = train.with_columns(**{name: samples.table(300, i + 2)["age"] for i, name in enumerate(names[1:])})
    model = XGBoostModel(XGBoost(rounds=20, threads=1))
    model.fit(train, train.head(100), 0)
    folder = fitted(tmp_path, model, TREES, table(names, ["job"]))
    rows = train.select(*names, "job").head(50)
    assert_same(predict(folder, rows=rows.to_dicts()), model.predict(rows))
