"""Publishes a run's checkpoint as the pipeline's, and records which, out of how many, and why."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines, yaml_text
from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.commands import again
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import new_folder, turn, write_json
from shipworthy.core.identity import author
from shipworthy.core.locks import own, replacing
from shipworthy.core.project import project_root
from shipworthy.core.secrets import redact
from shipworthy.core.workspace import lock_of
from shipworthy.evaluation.metric import title
from shipworthy.track.runs import formatting, ground
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.registry import SELECTIONS, Run
from shipworthy.track.runs.starts import FINISHED
from shipworthy.track.trackers.flat import flat

NOTED = ("alias", "run_id", "selected", "by", "why")
"""What is kept of each selection that ever was."""
KIND, FILE, PARAMS = "selection", "selection.json", "params.yaml"


def select(
    run: Run, runs: Sequence[Run], here: ProjectPaths, alias: str = "champion", name: str = "", note: str = ""
) -> list[str]:
    """Copies the run's checkpoint to the pipeline's `checkpoint`, and writes `selection`; says what was done.

    Args:
        runs: all runs: those by the same metric on the same validation rows are what it was selected from.
        alias: what the model is called until another one gets that name.
        name: of the model in MLflow's registry (empty: that of the task).
        note: why this one (empty: its place among them).

    Raises:
        UsageError: the run has not finished.
        ArtifactError: its checkpoint is damaged.
        ShipworthyError: the pipeline's dataset is not the one that it was trained on.
    """
    if run.status != FINISHED or run.value is None:
        raise UsageError(f"run {run.id} is {run.status}: only what finished, with a metric, can be selected.")
    checkpoint = read_artifact(run.folder / "checkpoint", "checkpoint", "select another run")
    _refuse_other_data(run, here)
    name = name or str(run.config.get("task.name") or run.name)
    about = {**_about(run, runs, note), "alias": alias, "model": name}
    place, said = here.artifacts / "checkpoint", here.artifacts / KIND
    lock = lock_of(place)
    with own(lock, str(place), work=f"selection of {run.id}"):
        # First what may fail: where MLflow is away, nothing was selected.
        selection: dict[str, Any] = redact({**about, "registered": _register(run, name, alias)})
        with new_folder(place, replacing(lock, str(place))) as target:
            checkpoint.copy_to(target)
        with write_artifact(
            said,
            KIND,
            run_id=run.id,
            config=dict(run.record["config"]),
            inputs={"checkpoint": checkpoint.digest},
            seeds={"seed": int(run.config.get("seed", 0))},
            replacing=replacing(lock_of(said), str(said)),
        ) as folder:
            write_json(folder / FILE, selection)
        _note(here.runs, selection)
    return _said(run, selection, here)


def _refuse_other_data(run: Run, here: ProjectPaths) -> None:
    """Its rows of train could be the pipeline's rows of test."""
    dataset, own = here.artifacts / "dataset", run.record.get("inputs", {}).get("dataset")
    if own and dataset.is_dir() and (now := read_artifact(dataset, "dataset").digest) != own:
        raise ShipworthyError(
            f"run {run.id} was trained on dataset {own[:12]}…, and {dataset} is {now[:12]}…: what it learned from may "
            "be in that one's test split. Bring its dataset back (`dvc checkout`), or train again."
        )


def _about(run: Run, runs: Sequence[Run], note: str) -> dict[str, Any]:
    """Which run, out of how many, and its place among them."""
    rivals = ground.rivals(run, runs)
    assert run.value is not None
    values = [one.value for one in rivals if one.value is not None]
    better = sum(one > run.value if run.more_is_better else one < run.value for one in values)
    place, equal = 1 + better, values.count(run.value) - 1
    others = sum(one.value is not None for one in runs) - len(rivals)
    apart = f"; {others} on other rows or by another metric are not counted" if others else ""
    return {
        "run_id": run.id,
        "name": run.name,
        "metric": run.metric,
        "value": run.value,
        "interval": run.interval,
        "candidates": len(rivals),
        "place": place,
        "why": note or f"{_place(place, equal, len(rivals))} by {_on(run)} of validation{apart}",
        "change": formatting.change(run.derived),
        "selected": time.time(),
        "by": author(),
    }


def _on(run: Run) -> str:
    rows = ground.rows(run)
    return title(run.metric) + (f" on the same {rows:,} rows" if rows else "")


def _place(place: int, equal: int, of: int) -> str:
    if of == 1:
        return "the only run"
    tied = f" ({equal} as good)" if equal else ""
    return f"the best of {of} runs{tied}" if place == 1 else f"number {place} of {of} runs{tied}"


def _register(run: Run, name: str, alias: str) -> str:
    """The model's version in MLflow's registry; empty where the run was not tracked there."""
    tracker = dict(run.record["config"].get("tracker") or {})
    if tracker.pop("kind", "") != "mlflow":
        return ""
    from shipworthy.track.trackers.registry import register
    from shipworthy.track.trackers.schema import Mlflow

    return register(Mlflow(**tracker), run.id, run.folder / "checkpoint", name, alias)


def _note(runs: Path, selection: dict[str, Any]) -> None:
    """Adds it to what was selected before."""
    path = runs / SELECTIONS
    with turn(runs / f".{SELECTIONS}.lock"):
        line = {"name": selection["model"], **{key: selection[key] for key in NOTED}}
        json_lines.append(path, line)


def _said(run: Run, selection: dict[str, Any], here: ProjectPaths) -> list[str]:
    value = formatting.measured(run.value, run.interval) if run.value is not None else ""
    said = [
        f"{here.artifacts / 'checkpoint'}: run {run.id}, {run.metric} {value} on validation",
        f"{here.artifacts / KIND}: {selection['why']}",
    ]
    if selection["candidates"] > 1:
        measured = f"`{again('evaluate', given)}`" if (given := run.record.get("arguments")) else "evaluate"
        said.append(f"Selected among many, its validation value is too good: {measured} says what it is worth.")
    if selection["registered"]:
        said.append(f"MLflow: version {selection['registered']} of {selection['model']}, alias {selection['alias']}")
    if other := _other_params(run, here):
        said.append(
            f"params.yaml differs from it ({formatting.change(other)}): `dvc repro` would go back to the run of those; "
            "set them there to stay with this one."
        )
    return said


def _other_params(run: Run, here: ProjectPaths) -> dict[str, tuple[Any, Any]]:
    """What differs in params.yaml from the run: key → run's, file's."""
    path = project_root() / PARAMS
    if not path.is_file() or here.artifacts != project_root() / "artifacts":
        return {}
    whole = yaml_text.read(path)
    params = flat({key: value for key, value in whole.items() if key in run.record["config"]})
    return {
        key: (value, params[key])
        for key, value in run.config.items()
        if key in params and params[key] != value and key != "note"
    }
