"""Trains the model; goes on where a killed run stood."""

import importlib
import shutil

from shipworthy.core.artifact import MANIFEST, read_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import new_folder
from shipworthy.core.groups import AdapterConfig, ModelConfig, OptimizerConfig, TaskConfig, TrackerConfig, TrainerConfig
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.models.dataset import split
from shipworthy.track.trackers.build import build as build_tracker
from shipworthy.track.trackers.protocol import Status


def run(
    *,
    task: TaskConfig,
    model: ModelConfig,
    adapter: AdapterConfig,
    trainer: TrainerConfig,
    optimizer: OptimizerConfig,
    tracker: TrackerConfig,
    seed: int,
    workspace: Workspace,
) -> None:
    """Reads plan and dataset, writes `checkpoint`.

    Raises:
        ShipworthyError: the plan says that it does not fit, and trainer.accept_unfit_plan is not set.
    """
    _refuse_unfit(workspace, accepted=bool(getattr(trainer, "accept_unfit_plan", False)))
    dataset = workspace.read("dataset")
    folder = workspace.run_folder()
    done = folder / "checkpoint"
    if (done / MANIFEST).is_file():
        say(f"run {workspace.run_id} is done already: {done}")
    else:
        say(f"run {workspace.run_id} in {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        records = build_tracker(tracker)
        records.start(workspace.run_id, f"train {model.kind}", workspace.config, {"command": "train"})
        status: Status = "failed"
        try:
            with workspace.write("checkpoint", target=done) as target:
                importlib.import_module(f"shipworthy.train.{trainer.kind}.fit").fit(
                    task=task,
                    model=model,
                    adapter=adapter,
                    trainer=trainer,
                    optimizer=optimizer,
                    train=split(dataset, "train"),
                    validation=split(dataset, "validation"),
                    seed=seed,
                    run=folder,
                    run_id=workspace.run_id,
                    records=records,
                    target=target,
                )
            status = "finished"
        finally:
            records.finish(status)
    _publish(workspace)


def _refuse_unfit(workspace: Workspace, accepted: bool) -> None:
    fits = workspace.read("plan").json("fits.json")
    # What the plan says is a gate, not an input of the weights: measuring it anew must not make another run.
    workspace.inputs.pop("plan")
    if not fits["fits"] and not accepted:
        raise ShipworthyError(
            f"The plan says that this does not fit: {'; '.join(fits['reasons'])}. Change the config, or accept it with "
            "trainer.accept_unfit_plan=true."
        )


def _publish(workspace: Workspace) -> None:
    """Copies the finished run to where the road's next command looks for it."""
    done = workspace.run_folder() / "checkpoint"
    checkpoint = read_artifact(done, "checkpoint")
    metric = checkpoint.json("training.json")["selected_metric"]
    if not workspace.publish:
        say(f"checkpoint: {done} (validation {metric:.3f})")
        return
    with new_folder(workspace.root / "checkpoint") as target:
        shutil.copytree(done, target, dirs_exist_ok=True)
    say(f"checkpoint: {workspace.root / 'checkpoint'} (validation {metric:.3f})")
