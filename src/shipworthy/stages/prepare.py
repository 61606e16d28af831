"""`prepare`: from the raw snapshot to a dataset: clean, deduplicate, split, check, tokenize; rows stand on disk."""

from pathlib import Path

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.groups import DataConfig, ModelConfig, TaskConfig
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import build, examples, post_split, report, snapshot
from shipworthy.data.mixing.mix import mix
from shipworthy.data.parts import scratch_folder, write_table
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Conversations, Data
from shipworthy.data.sources.files import types_of
from shipworthy.data.splits import assign, check, folds
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import base
from shipworthy.models.dataset import SPLITS, DatasetInfo

HIDDEN = ("answer", "answer_ids")


def run(*, task: TaskConfig, data: DataConfig, model: ModelConfig, seed: int, workspace: Workspace) -> None:
    """Makes the `dataset` artifact; see models/dataset.py for what it holds."""
    assert isinstance(data, Data)
    assert isinstance(task, Task)
    paths, sha256 = snapshot.raw(data, project_root() / snapshot.FOLDER)
    workspace.uses({f"{snapshot.FOLDER}/{data.file}": sha256, **base.inputs(model)})
    types = types_of(data, paths)

    with workspace.write("dataset") as folder, scratch_folder(folder) as work:
        store = build.read(data, paths, types, work)
        cleaned = build.clean_rows(data, store)  # clean, duplicates
        split = data.split.scaled(data.sample)
        checked = _divide(data, store, folder, split, seed)
        found = post_split.decontaminate(data, store, folder)
        verdicts = post_split.run_gates(data, store, seed)
        found |= {"gates": [one.to_json() for one in verdicts], **post_split.fit(data, store, folder, seed)}
        found |= mix(data.mixing, store, seed)
        shaped = examples.shape(task, data, store, lambda: base.chat(model))  # tokens

        rows = _write_splits(store, folder)
        info = DatasetInfo(
            problem=task.kind,
            features=shaped.features,
            categorical=shaped.categorical,
            rows=rows,
            classes=shaped.classes,
            template_sha256=shaped.template_sha256,
            eos_id=shaped.eos_id,
            columns=types,
            statistics={
                "source": {"name": data.name, "licence": data.licence, "file": data.file, "sha256": sha256},
                "steps": report.steps(store),
                **cleaned,
                "split check": checked,
                **found,
                **shaped.statistics,
            },
        )
        write_json(folder / "dataset.json", info.to_json())
        rejected = pl.scan_parquet(folder / "rejected.parquet")
        report.write(folder / "data.html", info, store, rejected, shaped.previews)
        post_split.refuse_failed_gates(verdicts, folder / "data.html", folder.parent)
    say(f"dataset: {', '.join(f'{n} {name}' for name, n in info.rows.items())}; rejected: {report.reasons(store)}")


def _divide(data: Data, store: RowStore, folder: Path, split: Split, seed: int) -> dict[str, dict[str, int]]:
    """Gives each row its split, and train its folds; writes what `scripts/check_split` needs."""
    split_only = build.split_only_columns(data)
    features = [name for name in examples.features_of(store)[0] if name not in split_only]
    assign.assign(store, split, seed, features)
    checked = check.check_disjoint(store, split, features)
    check.write(folder, store, split, features, checked, rewritten=isinstance(data, Conversations))
    folds.cap(store, split, seed)
    folds.fold(store, split, seed)
    store.drop(assign.GROUP, *split_only)
    return checked


def _write_splits(store: RowStore, folder: Path) -> dict[str, int]:
    """Writes the splits, the test split's answers apart, and what was rejected; split → number of rows.

    Raises:
        ShipworthyError: a split is empty.
    """
    rows = {}
    for name in SPLITS:
        parts = (frame.filter(split=name).drop("split") for frame in store.batches())
        hidden = {*HIDDEN, "fold"} if name == "test" else {"fold"} if name == "validation" else set()
        rows[name] = write_table((part.drop(hidden, strict=False) for part in parts), folder / f"{name}.parquet")
        if not rows[name]:
            raise ShipworthyError(f"No row of {name} is left: {report.reasons(store)}; loosen what rejects them.")
    answers = (frame.filter(split="test").select("id", "answer") for frame in store.batches(["id", "split", "answer"]))
    write_table(answers, folder / "test_answers.parquet")
    write_table(store.rejected(), folder / "rejected.parquet")
    return rows
