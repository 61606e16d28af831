"""Small splits to fit on, and what every family must be able to do."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.config.compose import register
from shipworthy.core.errors import ArtifactError
from shipworthy.core.groups import ModelConfig
from shipworthy.models import build
from shipworthy.models.protocol import Fittable

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


def refuses_rows_without_answers(config: ModelConfig, train: pl.DataFrame) -> None:
    """One sentence that names the column."""
    with pytest.raises(ArtifactError, match=r"no column 'answer' .* give train or validation rows"):
        build.create(config).fit(train.drop("answer"), train, 0)
    with pytest.raises(ArtifactError, match="no rows to learn from"):
        build.create(config).fit(train[:0], train, 0)
