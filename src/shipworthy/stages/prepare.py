"""`prepare`: from the raw snapshot to a dataset: clean, deduplicate, split, check, tokenize."""

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.groups import DataConfig, ModelConfig, TaskConfig
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import build, examples, report, snapshot, split
from shipworthy.data.schema import Data
from shipworthy.data.sieve import Sieve
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import build as models
from shipworthy.models.dataset import SPLITS, DatasetInfo

HIDDEN = ("answer", "answer_ids")


def run(*, task: TaskConfig, data: DataConfig, model: ModelConfig, seed: int, workspace: Workspace) -> None:
    """Makes the `dataset` artifact; see models/dataset.py for what it holds."""
    assert isinstance(data, Data)
    assert isinstance(task, Task)
    path, sha256 = snapshot.raw(data, project_root() / snapshot.FOLDER)
    workspace.uses(f"{snapshot.FOLDER}/{data.file}", sha256)

    sieve = Sieve(build.read(data, path))
    build.sift(data, sieve)
    sieve.rows = sieve.rows.with_columns(split.assign(sieve.rows, data.split.scaled(data.sample), seed))
    proof = split.proof(sieve.rows, data.split.apart)
    sieve.reject("train is capped", split.over_cap(sieve.rows, data.split, seed))
    shaped = examples.shape(task, sieve, lambda: models.chat(model))

    parts = {name: sieve.rows.filter(split=name).drop("split").sort("id") for name in SPLITS}
    if empty := [name for name, part in parts.items() if not part.height]:
        raise ShipworthyError(f"No row of {empty[0]} is left: {report.reasons(sieve)}; loosen what rejects them.")
    info = DatasetInfo(
        problem=task.kind,
        features=shaped.features,
        categorical=shaped.categorical,
        rows={name: part.height for name, part in parts.items()},
        classes=shaped.classes,
        template_sha256=shaped.template_sha256,
        eos_id=shaped.eos_id,
        statistics={
            "source": {"name": data.name, "licence": data.licence, "file": data.file, "sha256": sha256},
            "steps": report.steps(sieve),
            "split proof": proof,
            **shaped.statistics,
        },
    )
    with workspace.write("dataset") as folder:
        for name, part in parts.items():
            part.drop(HIDDEN if name == "test" else (), strict=False).write_parquet(folder / f"{name}.parquet")
        parts["test"].select("id", "answer").write_parquet(folder / "test_answers.parquet")
        sieve.rejected().write_parquet(folder / "rejected.parquet")
        write_json(folder / "dataset.json", info.to_json())
        report.write(folder / "data.html", info, sieve, shaped.previews)
    say(f"dataset: {', '.join(f'{n} {name}' for name, n in info.rows.items())}; rejected: {report.reasons(sieve)}")
