"""What `prepare` does to a table as it stands, and to the same table with leaks planted in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import chisquare

from scripts.bench.tablesets.table import BenchTable
from shipworthy.config.load import as_dict
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data.gates.model_settings import Leak
from shipworthy.data.gates.schema import gates_of_tables
from shipworthy.data.kinds.schema import Table
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import prepare

NOISE = 0.01
WORDS = ("parcel", "came", "late", "twice", "again", "the", "blue", "box", "was", "open", "asked", "for", "help")


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made of a table.

    Attributes:
        named: what the leak gate says, in sentences: failures and warnings.
        shares_p: of a chi-square test of the classes in the dataset against their shares in the file.
        warned: whether a sentence says that a class's share moved.
    """

    named: list[str]
    shares_p: float
    warned: bool


def prepared(rows: pl.DataFrame, project: Path, seed: int = 0) -> Prepared:
    """Runs the stage by its defaults, but for gates, which say what they find and refuse nothing.

    Args:
        rows: features and `answer`.
        project: an empty folder; the working directory must be in it.
    """
    (project / "data").mkdir(exist_ok=True)
    rows.write_parquet(project / "data" / "rows.parquet")
    (project / "conf").mkdir(exist_ok=True)
    (project / "conf" / "config.yaml").touch()
    project_root.cache_clear()
    gates = gates_of_tables()
    gates.leak, gates.missing, gates.constant = Leak(action="warn"), None, None
    data = Table(
        name="t", licence="-", file="rows.parquet", label="answer", gates=gates, split=Split(test=0.2, validation=0.1)
    )
    task = Classification(name="t", description="Which class a row has.", baselines=["majority"])
    groups: dict[str, Any] = {"task": task, "data": data, "model": XGBoost()}
    config = {name: as_dict(group) for name, group in groups.items()}
    workspace = Workspace(root=project / "artifacts", command="prepare", config=config, seed=seed)
    prepare.run(**groups, seed=seed, workspace=workspace)
    dataset = project / "artifacts" / "dataset"
    facts = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))["statistics"]
    leak = next(one for one in facts["gates"] if one["gate"] == "leak")
    return Prepared(
        named=[*leak["violations"], *leak["warnings"]],
        shares_p=_shares_p(rows["answer"], dataset),
        warned=any("moves the share of" in sentence for sentence in facts["warnings"]),
    )


def _shares_p(answers: pl.Series, dataset: Path) -> float:
    parts = [pl.read_parquet(dataset / f"{name}.parquet")["answer"] for name in ("train", "validation", "test_answers")]
    found = dict(pl.concat(parts).value_counts().iter_rows())
    had = dict(answers.value_counts().iter_rows())
    observed = np.array([found.get(name, 0) for name in had], dtype=float)
    expected = np.array(list(had.values()), dtype=float) / answers.len() * observed.sum()
    return float(chisquare(observed, expected).pvalue)


def planted(table: BenchTable, seed: int = 0) -> tuple[pl.DataFrame, Mapping[str, tuple[str, ...]]]:
    """The rows with leaks among their features; name of each leak → its columns."""
    draws = np.random.default_rng(seed + 1000)
    rows = table.rows.drop("id", "cluster", "split")
    answers, n = rows["answer"], rows.height
    classes = sorted(answers.unique())
    codes = answers.replace_strict(classes, range(len(classes)), return_dtype=pl.Int64).to_numpy()
    wrong = np.where(draws.random(n) < NOISE, (codes + draws.integers(1, len(classes), n)) % len(classes), codes)
    part, hidden = draws.integers(0, len(classes), n), draws.normal(0, 10, n)
    common = answers.value_counts(sort=True)["answer"][0]
    said = [_sentence(draws, answer) for answer in answers]
    made = {
        "leak_copy": np.array(classes)[wrong],
        "leak_step": codes * 10 + draws.random(n) * 3,
        "leak_key": part,
        "leak_lock": (codes - part) % len(classes),
        "leak_paid": hidden,
        "leak_owed": codes - hidden,
        "leak_filled": pl.Series(draws.random(n)).set(answers != common, None),
        "leak_note": said,
    }
    leaks = {
        "a copy with 1% noise": ("leak_copy",),
        "a monotone number": ("leak_step",),
        "a pair that tells it together": ("leak_key", "leak_lock"),
        "two parts of a sum": ("leak_paid", "leak_owed"),
        "filled for one class": ("leak_filled",),
        "its text in a text": ("leak_note",),
    }
    return rows.with_columns(**{name: pl.Series(values) for name, values in made.items()}), leaks


def _sentence(draws: np.random.Generator, answer: str) -> str:
    words = list(draws.choice(WORDS, 9))
    words.insert(int(draws.integers(0, 9)), f"result={answer}")
    return " ".join([*words, str(draws.integers(10**6))])


def missed(said: list[str], leaks: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The leaks that no sentence names, and the sentences that name none."""
    unnamed = [leak for leak, columns in leaks.items() if not any(all(c in one for c in columns) for one in said)]
    return unnamed + [one for one in said if "leak_" not in one]
