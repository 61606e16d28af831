"""Small splits to fit on, and what every family must be able to do."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from shipworthy.config.compose import register
from shipworthy.core.errors import ArtifactError
from shipworthy.core.groups import ModelConfig
from shipworthy.models import build
from shipworthy.models.protocol import Fittable, Prediction

PICKLES = (b"\x80\x03", b"\x80\x04", b"\x80\x05")


def table(n: int = 300, seed: int = 0, classes: tuple[str, ...] = ("<=50K", ">50K")) -> pl.DataFrame:
    """Rows whose answer follows from a number, a category and noise; with missing cells."""
    draws = np.random.default_rng(seed)
    job = draws.choice(["clerk", "farmer", "judge"], n)
    age = draws.integers(18, 80, n).astype(float)
    risen = (age - 18) / 31 + (job == "judge") + draws.normal(0, 0.3, n)
    answer = [classes[min(int(level), len(classes) - 1)] for level in np.clip(risen, 0, None)]
    frame = pl.DataFrame({"id": [str(i) for i in range(n)], "cluster": range(n), "age": age, "job": job})
    frame = frame.with_columns(pl.Series("answer", answer))
    missing = pl.Series(draws.random(n) < 0.05)
    return frame.with_columns(
        age=pl.when(missing).then(None).otherwise(pl.col("age")),
        job=pl.when(missing.shift(1, fill_value=False)).then(None).otherwise(pl.col("job")),
    )


def rare(n: int = 400, seed: int = 0, classes: tuple[str, ...] = ("<=50K", ">50K")) -> pl.DataFrame:
    """About so many rows of the same, of whose last class one in four is left."""
    rows = table(n, seed, classes)
    return rows.filter((pl.col("answer") != classes[-1]) | (pl.int_range(pl.len()) % 4 == 0))


def measured(n: int = 300, seed: int = 0) -> pl.DataFrame:
    """The same rows with a number as the answer, written as text; it follows from age and job but for noise."""
    rows, draws = table(n, seed), np.random.default_rng(seed + 100)
    whole = 100 + 3 * rows["age"].fill_null(40.0) + 50 * (rows["job"].fill_null("clerk") == "judge").cast(pl.Float64)
    answers = whole.to_numpy() + draws.normal(0, 5, n)
    return rows.with_columns(pl.Series("answer", [f"{answer:.2f}" for answer in answers]))


def labelled(n: int = 300, seed: int = 0) -> pl.DataFrame:
    """The same rows with none to three labels: old and judge, which follow from age and job, and a rare one."""
    rows, draws = table(n, seed), np.random.default_rng(seed + 200)
    old, judge = rows["age"].fill_null(0.0) > 50, rows["job"].fill_null("clerk") == "judge"
    told = zip(judge, old, draws.random(n) < 0.03, strict=True)
    labels = [[name for name, has in zip(("judge", "old", "rare"), one, strict=True) if has] for one in told]
    return rows.with_columns(pl.Series("answer", [json.dumps(own) for own in labels]))


def operations() -> pl.DataFrame:
    """Sentences of documentation and the operations that they describe."""
    pairs = [
        ("Deletes a component from an app.", "DeleteComponent"),
        ("Deletes the specified queue.", "DeleteQueue"),
        ("Deletes a stored key.", "DeleteKey"),
        ("Creates a new backup vault.", "CreateBackupVault"),
        ("Creates an alias for a function.", "CreateAlias"),
        ("Creates a queue.", "CreateQueue"),
        ("Returns a list of all users in the account.", "ListUsers"),
        ("Returns a list of keys.", "ListKeys"),
        ("Returns a list of vaults that you own.", "ListVaults"),
        ("Returns information about a cluster.", "DescribeCluster"),
        ("Returns information about a table.", "DescribeTable"),
        ("Returns information about one function.", "DescribeFunction"),
    ]
    return pl.DataFrame(
        {
            "id": [str(i) for i in range(len(pairs))],
            "cluster": range(len(pairs)),
            "service": ["Cloud"] * len(pairs),
            "description": [text for text, _ in pairs],
            "answer": [name for _, name in pairs],
        }
    )


def saved_and_loaded(config: ModelConfig, fitted: Fittable, rows: pl.DataFrame, folder: Path) -> None:
    """A model that is saved, described and loaded says the same; no file of it is a pickle."""
    register()
    fitted.save(folder)
    build.describe(config, folder)
    assert list(build.load(folder).predict(rows)) == list(fitted.predict(rows))
    assert build.config_of(folder) == config
    assert not [file for file in folder.iterdir() if file.read_bytes()[:2] in PICKLES]


def says_probabilities(
    predictions: Sequence[Prediction], classes: Sequence[str], expected_NK: NDArray[np.floating]
) -> None:
    """Each row has the probabilities of all classes, by name, and its answer is the most likely one."""
    names = [str(name) for name in classes]
    given = [p.probabilities for p in predictions if p.probabilities is not None]
    assert len(given) == len(predictions) and all(list(one) == names for one in given)
    assert np.array([[one[name] for name in names] for one in given]) == pytest.approx(expected_NK, abs=1e-6)
    assert [sum(one.values()) for one in given] == pytest.approx([1.0] * len(given), abs=1e-6)
    assert [p.text for p in predictions] == [max(one, key=one.__getitem__) for one in given]


def refuses_rows_without_answers(config: ModelConfig, train: pl.DataFrame) -> None:
    """One sentence that names the column."""
    with pytest.raises(ArtifactError, match=r"no column 'answer' .* give train or validation rows"):
        build.create(config).fit(train.drop("answer"), train, 0)
    with pytest.raises(ArtifactError, match="no rows to learn from"):
        build.create(config).fit(train[:0], train, 0)
