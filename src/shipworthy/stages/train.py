"""Trains the model; goes on where a killed run stood."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from shipworthy.core import events
from shipworthy.core.artifact import MANIFEST, Artifact, read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import new_folder, read_json, write_json
from shipworthy.core.groups import (
    AdapterConfig,
    ComputeConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
    StrategyConfig,
    TaskConfig,
    TrackerConfig,
    TrainerConfig,
)
from shipworthy.core.lazy import Lazy
from shipworthy.core.locks import own_run
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import figures, flat_records
from shipworthy.evaluation.metric import title
from shipworthy.models import base
from shipworthy.models.dataset import seen, split
from shipworthy.models.transform import transformation
from shipworthy.track.cost import calibration
from shipworthy.track.record import record
from shipworthy.track.record.tracked_run import tracked_run
from shipworthy.track.reproduce import rows
from shipworthy.track.runs import notes, starts
from shipworthy.track.runs.registry import find
from shipworthy.train import pilot_run
from shipworthy.train.continuation import Origin, origin
from shipworthy.train.pilot_run import FILE, PilotRun, compare, identity
from shipworthy.train.replay import file
from shipworthy.train.request import Request

READS = ("plan", "dataset")
NON_IDENTITY = ("preflight", "resume", "compute", "note", "tracker")
HISTORY = (notes.FILE, notes.OLD_FILE, starts.FILE, starts.SAMPLES, "reproductions.jsonl")
"""What a run keeps of its earlier starts, whatever begins it anew."""
BEGUN = ("step-*", "trl/checkpoint-*")
"""What lies in a run's folder that it can go on from: our own checkpoints, TRL's."""
TRAINERS = Lazy("shipworthy.train.{trainer.kind}.fit")


def run(
    *,
    task: TaskConfig,
    model: ModelConfig,
    adapter: AdapterConfig,
    objective: ObjectiveConfig,
    trainer: TrainerConfig,
    optimizer: OptimizerConfig,
    schedule: ScheduleConfig,
    strategy: StrategyConfig,
    tracker: TrackerConfig,
    compute: ComputeConfig,
    sample: str,
    preflight: str,
    resume: str,
    validation_share: float,
    note: str,
    seed: int,
    workspace: Workspace,
) -> None:
    """Reads plan and dataset, writes `checkpoint`; with `sample` or `preflight=only`, only into the run's folder.

    Raises:
        UsageError: `sample` can't be read, or there is nothing to go on from, as `resume=must` or
            `trainer.continue_from` ask for.
        ShipworthyError: the plan says that it does not fit, and trainer.accept_unfit_plan is not set.
    """
    plan = _refuse_unfit(workspace, accepted=bool(getattr(trainer, "accept_unfit_plan", False)))
    dataset = workspace.read("dataset")
    workspace.uses(base.inputs(model))
    if (replay := getattr(trainer, "replay", None)) is not None:
        workspace.uses(file.inputs(replay))
    begins_at = _origin(trainer, workspace)
    whole = split(dataset, "train")
    folder = workspace.run_folder()
    kind = TRAINERS.load(trainer)
    request = kind.Request(
        task=task,
        model=model,
        adapter=adapter,
        objective=objective,
        trainer=trainer,
        optimizer=optimizer,
        schedule=schedule,
        train=whole,
        strategy=strategy,
        validation=seen(split(dataset, "validation"), validation_share),
        seed=seed,
        run=folder,
        run_id=workspace.run_id,
    )
    pilot = PilotRun(sample, whole, kind.lengths(request), trainer, seed) if sample else None
    if pilot:
        request = replace(request, trainer=pilot.trainer, train=pilot.rows)
    events.emit(run_id=workspace.run_id)
    with own_run(folder):
        started = _prepare(folder, resume)
        if begins_at:
            begins_at.note(folder)
        _describe(workspace, model, dataset, record.seeds(seed, trainer), anew=not started)
        if preflight == "only" or (preflight == "on" and not started):
            kind.check(request)
        if preflight == "only":
            return
        if (folder / "checkpoint" / MANIFEST).is_file():
            say(f"run {workspace.run_id} is done already{notes.too_late(folder, note, workspace.root)}")
        else:
            notes.launch(folder, note)
            _fit(kind, request, tracker, compute, workspace, dataset)
            calibration.note(folder, plan, request.train.height)
        if pilot:
            _report(pilot, workspace, compute)
        else:
            _publish(workspace)


def _origin(trainer: TrainerConfig, workspace: Workspace) -> Origin | None:
    """Where another run stands that this one is to go on from; its checkpoint becomes an input."""
    name, _, step = str(getattr(trainer, "continue_from", "")).partition("@")
    if not name:
        return None
    other = find(workspace.root.parent / "runs", name)
    begun = origin(other.folder, other.record, step)
    begun.check({**workspace.identity, "seed": workspace.seed}, workspace.inputs)
    workspace.uses(begun.inputs)
    return begun


def _prepare(folder: Path, resume: str) -> bool:
    """Makes the run's folder; whether there is something to go on from. What was noted of earlier starts stays."""
    if resume == "never":
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in HISTORY:
                path.unlink()
    started = any(any(folder.glob(pattern)) for pattern in BEGUN) or (folder / "checkpoint" / MANIFEST).is_file()
    if resume == "must" and not started:
        raise UsageError(f"resume=must, but {folder} holds no checkpoint: take resume=auto, or the config of that run.")
    folder.mkdir(parents=True, exist_ok=True)
    return started


def _describe(
    workspace: Workspace,
    model: ModelConfig,
    dataset: Artifact,
    seeds: Mapping[str, int | None],
    *,
    anew: bool,
) -> None:
    """Keeps what the run is made of."""
    folder = workspace.run_folder()
    if anew or not (folder / record.RECORD).is_file():
        rows.keep(dataset, folder.parent)
        record.write(folder, workspace, model, dataset.path, seeds)


def _fit(
    kind: ModuleType,
    request: Request,
    tracker: TrackerConfig,
    compute: ComputeConfig,
    workspace: Workspace,
    dataset: Artifact,
) -> None:
    folder = request.run
    events.emit(steps=getattr(request.trainer, "steps", None))
    say(f"run {workspace.run_id} in {folder}")
    with (
        tracked_run(folder, tracker, compute, workspace.started, dataset) as records,
        workspace.write("checkpoint", target=folder / "checkpoint") as target,
    ):
        kind.fit(request, records, target)
        write_json(target / flat_records.CURVE, flat_records.curve(read_json(target / "history.json")))
        transformation.carry(dataset, target)
        if foretold := pilot_run.find(workspace.root.parent / "runs", _identity(workspace)):
            write_json(target / FILE, compare(foretold, read_json(target / "training.json")))


def _identity(workspace: Workspace) -> str:
    """What a run and its samples have in common."""
    return identity({**workspace.identity, "seed": workspace.seed}, workspace.inputs)


def _refuse_unfit(workspace: Workspace, accepted: bool) -> Artifact:
    fits = (plan := workspace.read("plan")).json("fits.json")
    # What the plan says is a gate, not an input of the weights: measuring it anew must not make another run.
    workspace.inputs.pop("plan")
    if not fits["fits"] and not accepted:
        raise ShipworthyError(
            f"The plan says that this does not fit: {'; '.join(fits['reasons'])}. Change the config, or accept it with "
            "trainer.accept_unfit_plan=true."
        )
    return plan


def _report(pilot: PilotRun, workspace: Workspace, compute: ComputeConfig) -> None:
    """Says what the whole run would take, by its sample that is finished."""
    folder = workspace.run_folder()
    made = read_artifact(folder / "checkpoint", "checkpoint").json("training.json")["steps"]
    events.emit(step=made, steps=made)
    pilot.report(folder, _identity(workspace), compute)


def _publish(workspace: Workspace) -> None:
    """Copies the finished run to where the pipeline's next command looks for it."""
    place = done = workspace.run_folder() / "checkpoint"
    checkpoint = read_artifact(done, "checkpoint")
    training = checkpoint.json("training.json")
    events.emit(step=training["steps"], steps=training["steps"], metric=training["selected_metric"])
    if workspace.publish:
        place = workspace.place("checkpoint")
        with new_folder(place, workspace.turn("checkpoint")) as target:
            checkpoint.copy_to(target)
    name, value = training["metric"], training["selected_metric"]
    say(f"checkpoint: {place} (validation {title(name)} {figures.figure(name, value)})")
