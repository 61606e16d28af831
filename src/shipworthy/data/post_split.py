"""Steps after the split: decontamination of train, gates, and transformations fitted on train."""

from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.parallel import Mapper
from shipworthy.core.progress import say
from shipworthy.data import raw_validation
from shipworthy.data.contamination import benchmarks
from shipworthy.data.contamination.check import check
from shipworthy.data.examples import features_of
from shipworthy.data.fitted.build import fit as fit_steps
from shipworthy.data.gates.build import refuse, run
from shipworthy.data.gates.interface import GateInput, Verdict
from shipworthy.data.kinds.schema import Table, Text
from shipworthy.data.left_out import RefusedFolder
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.splits.check import mark_rewritten
from shipworthy.models.dataset import SPLITS

DATES = ("date", "datetime")
PAIRS = "contamination.parquet"


def decontaminate(config: Data, store: RowStore, folder: Path, refused: RefusedFolder) -> dict[str, Any]:
    """Compares train with the evaluation splits and benchmarks, and rejects matches if the config says so.

    Returns:
        Facts for the report: `contamination`.

    Raises:
        ShipworthyError: there are matches and data.contamination.action is `fail`; the pairs are kept.
    """
    if not isinstance(config, Text):
        return {}
    asked, column = config.contamination, config.text
    parts = {name: store.rows.filter(split=name).select("id", column) for name in SPLITS}
    train = parts.pop("train")
    others = {**parts, **benchmarks.read(asked.benchmarks, column)}
    with TemporaryDirectory(dir=store.folder) as work:
        findings = check(train, others, column, asked, folder=Path(work) / "contamination")
        findings.write(folder / PAIRS)
        store.reject_ids("contamination", findings.apply(asked, lambda: refused.keep(PAIRS, findings.write)))
    return {"contamination": findings.summary}


def run_gates(
    config: Data,
    store: RowStore,
    seed: int,
    columns: Mapping[str, str],
    mapper: Mapper | None = None,
    *,
    numbers: bool = False,
) -> list[Verdict]:
    """Runs the gates on the rows before anything is fitted on them.

    Args:
        columns: name → type of the source's columns.
        mapper: who checks them (see gates/build.py); null: this process.
        numbers: whether the answers are numbers.
    """
    types = store.columns
    features = {name: types[name] for name in features_of(store)[0]}
    gaps = ["", *(config.missing if isinstance(config, Table) else ())]
    label = config.label if isinstance(config, Table) else ""
    dates = [name for name, kind in columns.items() if kind.removesuffix("?") in DATES and name != label]
    inputs = GateInput(
        store.files,
        features,
        config.gates.sample,
        seed,
        gaps,
        split_by_time=bool(config.split.time),
        dates=dates,
        numbers=numbers,
    )
    return run(config.gates, inputs, mapper)


def refuse_failed_gates(verdicts: list[Verdict], page: Path, refused: RefusedFolder) -> None:
    """Raises an error if a gate with the action `fail` does not hold, and keeps the report.

    Raises:
        ShipworthyError: names the gates, the first rows, and the report.
    """
    try:
        refuse(verdicts)
    except ShipworthyError as error:
        kept = refused.keep(page.name, lambda path: copyfile(page, path))
        raise ShipworthyError(f"{error} See {kept}") from error


def as_encoded(config: Data, store: RowStore, seed: int, *, numbers: bool = False) -> pl.DataFrame:
    """The rows in memory with the columns that a model will be given, by steps fitted on all of them.

    For a look ahead, before there is a split.
    """
    if not isinstance(config, Table):
        return store.rows.collect()
    rows = store.rows.with_columns(split=pl.lit("train"))
    types = store.columns
    features = {name: types[name] for name in features_of(store)[0]}
    fitted = fit_steps(config.fitted, rows, features, seed, numbers=numbers)
    kept = pl.all_horizontal(detail.is_null() for _, detail in fitted.rejections) if fitted.rejections else True
    return fitted.apply(rows.filter(kept)).drop("split").collect()


def fit(config: Data, store: RowStore, folder: Path, seed: int, *, numbers: bool = False) -> dict[str, Any]:
    """Fits the config's steps on train and transforms all rows.

    Where that changes rows, it writes `fitted.json`, which transforms raw rows when the model is served, and the raw
    validation rows into `folder`.

    Returns:
        Facts for the report: `fitted`.
    """
    if not isinstance(config, Table):
        return {}
    types = store.columns
    features = {name: types[name] for name in features_of(store)[0]}
    fitted = fit_steps(config.fitted, store.rows, features, seed, numbers=numbers)
    for reason, detail in fitted.rejections:
        store.reject(reason, detail)
    if left_out := [one.column for one in fitted.choices if one.action == "drop" and not one.asked]:
        say(f"left out: {', '.join(left_out)} (data.html says why; data.fitted.encode.auto.columns.NAME=keep keeps it)")
    if not fitted.changes:
        return {"fitted": fitted.summary()}
    fitted.save(folder)
    mark_rewritten(folder)
    raw_validation.keep(folder, store)
    store.map(lambda rows: fitted.apply(rows.lazy()).collect(), in_this_process=True)
    return {"fitted": fitted.summary()}
