"""`prepare`: from the raw snapshot to a dataset: clean, deduplicate, split, check, tokenize; rows stand on disk."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from shipworthy.core.files import write_json
from shipworthy.core.groups import DataConfig, ModelConfig, TaskConfig
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import build, class_shares, examples, left_out, post_split, report, snapshot, split_lengths
from shipworthy.data.decimal_mark import with_decimal_mark
from shipworthy.data.kinds.label_lists import reads_labels
from shipworthy.data.kinds.number_labels import number_label
from shipworthy.data.kinds.schema import Conversations, Text
from shipworthy.data.left_out import RefusedFolder
from shipworthy.data.mixing.mix import mix
from shipworthy.data.parts import scratch_folder, write_table
from shipworthy.data.prompt_columns import check_prompts
from shipworthy.data.raw_settings import raw_settings
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import types_of
from shipworthy.data.splits import assign, check, folds
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.launch.array_map import ArrayMap, array_map
from shipworthy.models import base, parquet, raw_rows
from shipworthy.models.dataset import SPLITS, DatasetInfo

HIDDEN = ("answer", "answer_ids")


def run(*, task: TaskConfig, data: DataConfig, model: ModelConfig, seed: int, workspace: Workspace) -> None:
    """Makes the `dataset` artifact; see models/dataset.py for what it holds."""
    assert isinstance(data, Data)
    assert isinstance(task, Task)
    paths, sha256 = snapshot.raw(data, project_root() / snapshot.FOLDER)
    workspace.uses({f"{snapshot.FOLDER}/{data.file}": sha256, **base.inputs(model)})
    numbers, labels = isinstance(task, Regression), reads_labels(task, data)
    data = with_decimal_mark(data, paths, number_label(task, data))
    types = types_of(data, paths)
    check_prompts(task, model, data, types)
    jobs = _jobs(data)

    with workspace.write("dataset") as folder, scratch_folder(folder) as work:
        refused = RefusedFolder(folder)
        refused.clear()
        store = build.read(data, paths, types, work)
        with refused.keeps_rejected(store):
            cleaned = build.clean_rows(data, store, jobs, numbers=numbers, labels=labels)  # clean, duplicates
            left_out.require_rows(store)
            split = data.split.scaled(data.sample)
            checked = _divide(data, store, folder, split, seed, classes=isinstance(task, Classification))
            write_json(folder / raw_rows.FILE, raw_settings(data, store, types))
            found = post_split.decontaminate(data, store, folder, refused)
            one_by_one = jobs and replace(jobs, one_at_a_time=True)
            verdicts = post_split.run_gates(data, store, seed, types, one_by_one, numbers=numbers)
            found |= {"gates": [one.to_json() for one in verdicts]}
            found |= post_split.fit(data, store, folder, seed, numbers=numbers)
            found |= mix(data.mixing, store, seed)
            shaped = examples.shape(task, data, store, lambda: base.chat(model), folder)  # tokens
            left_out.require_splits(store, SPLITS)
        moved = [] if numbers or labels else class_shares.class_shares(store.steps)
        found |= _left_out(data, store, shaped.warnings + class_shares.warnings(moved))

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
                "class shares": moved,
                "split check": checked,
                **found,
                **shaped.statistics,
            },
        )
        write_json(folder / "dataset.json", info.to_json())
        rejected = parquet.scan(folder / left_out.REJECTED)
        report.write(folder / "data.html", info, store, rejected, shaped.previews)
        post_split.refuse_failed_gates(verdicts, folder / "data.html", refused)
    say(f"dataset: {', '.join(f'{n} {name}' for name, n in info.rows.items())}; rejected: {report.reasons(store)}")


def _jobs(data: Data) -> ArrayMap | None:
    """The jobs of an array that look for near-duplicates and check the gates; null: this process does."""
    return array_map(project_root() / "runs" / "arrays", **asdict(data.slurm)) if data.slurm else None


def _divide(
    data: Data, store: RowStore, folder: Path, split: Split, seed: int, *, classes: bool
) -> dict[str, dict[str, int]]:
    """Gives each row its split, and train its folds; writes what `scripts/check_split` needs."""
    split_only = build.split_only_columns(data)
    features = [name for name in examples.features_of(store)[0] if name not in split_only]
    assign.assign(store, split, seed, features, classes=classes)
    checked = check.check_disjoint(store, split, features)
    check.write(folder, store, split, features, checked, rewritten=isinstance(data, Conversations))
    folds.cap(store, split, seed)
    folds.fold(store, split, seed)
    store.drop(assign.GROUP, *split_only)
    return checked


def _left_out(data: Data, store: RowStore, warnings: list[str]) -> dict[str, Any]:
    """What is left out and what that does to the splits, for the report; what a person should know is said, too."""
    found: dict[str, Any] = {"left out": left_out.summary(store), "warnings": left_out.warnings(store) + warnings}
    if isinstance(data, Text):
        counts = split_lengths.by_split(store.rows, data.text)
        found["characters"] = split_lengths.summary(counts)
        found["warnings"] += split_lengths.warnings(counts)
    for sentence in found["warnings"]:
        say(f"warning: {sentence}")
    return found


def _write_splits(store: RowStore, folder: Path) -> dict[str, int]:
    """Writes the splits, the test split's answers apart, and what was rejected; split → number of rows."""
    rows = {}
    for name in SPLITS:
        parts = (frame.filter(split=name).drop("split") for frame in store.batches())
        hidden = {*HIDDEN, "fold"} if name == "test" else {"fold"} if name == "validation" else set()
        rows[name] = write_table((part.drop(hidden, strict=False) for part in parts), folder / f"{name}.parquet")
    answers = (frame.filter(split="test").select("id", "answer") for frame in store.batches(["id", "split", "answer"]))
    write_table(answers, folder / "test_answers.parquet")
    write_table(store.rejected(), folder / left_out.REJECTED)
    return rows
