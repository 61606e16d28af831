"""What is done once rows have their split: evaluation texts taken out of train, gates, and steps fitted on train."""

from pathlib import Path
from shutil import copyfile
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.contamination import benchmarks
from shipworthy.data.contamination.check import check
from shipworthy.data.examples import features_of
from shipworthy.data.fitted.build import fit as fit_steps
from shipworthy.data.gates.build import refuse, run
from shipworthy.data.gates.view import Verdict, View
from shipworthy.data.mixing.mix import SOURCE
from shipworthy.data.row_store import RowStore
from shipworthy.data.rows import write_table
from shipworthy.data.schema import Data, Table, Text
from shipworthy.models.dataset import SPLITS
from shipworthy.models.transform.transformation import RAW

PAIRS = "contamination.parquet"
REFUSED = "refused.html"


def decontaminate(config: Data, store: RowStore, folder: Path) -> dict[str, Any]:
    """Compares train with the evaluation splits and benchmarks, and does what the config says; facts for the page.

    Raises:
        ShipworthyError: something was found, and data.contamination.action is `fail`; the pairs stand beside `folder`.
    """
    if not isinstance(config, Text):
        return {}
    asked, column = config.contamination, config.text
    parts = {name: store.rows.filter(split=name).select("id", column) for name in SPLITS}
    train = parts.pop("train")
    findings = check(train, {**parts, **benchmarks.read(asked.benchmarks, column)}, column, asked)
    fails = asked.action == "fail" and findings.pairs.height
    gone = findings.apply(asked, (folder.parent if fails else folder) / PAIRS)
    if gone.height:
        numbered = pl.DataFrame({"id": store.column("id")}).with_row_index("row")
        found = numbered.join(gone, on="id").sort("row")
        store.reject_rows("contamination", found["row"].to_numpy(), found["detail"])
    return {"contamination": findings.facts}


def judge(config: Data, store: RowStore, seed: int) -> list[Verdict]:
    """What the gates say of the rows as they are, before anything is fitted."""
    types = store.columns
    features = {name: types[name] for name in features_of(store)[0]}
    gaps = ["", *(config.missing if isinstance(config, Table) else ())]
    return run(config.gates, View.of(store.rows, features, config.gates.sample, seed, gaps))


def keep_refused(verdicts: list[Verdict], page: Path, beside: Path) -> None:
    """Ends `prepare` where a gate that must hold does not; the page is kept beside the dataset that is not made.

    Raises:
        ShipworthyError: with the gates, the first rows, and the page.
    """
    kept = beside / REFUSED
    try:
        refuse(verdicts)
    except ShipworthyError as error:
        copyfile(page, kept)
        raise ShipworthyError(f"{error} The page that shows it: {kept}") from error
    kept.unlink(missing_ok=True)


def fit(config: Data, store: RowStore, folder: Path, seed: int) -> dict[str, Any]:
    """Fits the config's steps on train and puts all rows through them; facts for the page.

    `fitted.json` and the validation rows as they were go into `folder`: a model's raw rows go the same way later.
    """
    if not isinstance(config, Table) or config.fitted.is_empty:
        return {}
    types = store.columns
    fitted = fit_steps(config.fitted, store.rows, {name: types[name] for name in features_of(store)[0]}, seed)
    fitted.save(folder)
    for reason, detail in fitted.rejections:
        store.reject(reason, detail)
    raw = (
        frame.filter(split="validation").drop("split", "answer", "cluster", SOURCE, strict=False)
        for frame in store.batches()
    )
    write_table(raw, folder / RAW)
    store.map(lambda rows: fitted.apply(rows.lazy()).collect(), here=True)
    return {"fitted": fitted.facts()}
