"""The first start of a run that goes on from another one (see train/continuation.py)."""

from typing import cast

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import say
from shipworthy.core.schema import SCHEMAS, from_plain
from shipworthy.models.adapters.network import trained_of
from shipworthy.train import continuation
from shipworthy.train.lightning.checkpoints import divided, read_tensors, reordered, restore, state_of
from shipworthy.train.lightning.processes import rank
from shipworthy.train.lightning.training_state import TrainingState
from shipworthy.train.optimizers.build import build
from shipworthy.train.optimizers.schema import Rule


def take_over(state: TrainingState) -> None:
    """Gives a run the weights, moments, random states and steps of the one that it goes on from, if there is one.

    Rates, their schedule and the length are the run's own, and so are its validations: the best is one of them.

    Raises:
        UsageError: the other run is as long as this one is to be.
        ArtifactError: its checkpoint is gone, or another by now.
    """
    run, steps = state.request.run, state.request.trainer.steps
    if (other := continuation.taken_over(run)) is None:
        return
    if other["step"] >= steps:
        raise UsageError(
            f"run {other['run']} has made {other['step']} steps, and this one, which goes on from there, ends at "
            f"{steps}: raise trainer.steps (or epochs, tokens), which count from the first step of all."
        )
    checkpoint = continuation.checkpoint(run)
    found, own = state_of(checkpoint), state.tuning.optimizer
    rule = cast(Rule, from_plain(SCHEMAS["optimizer"][other["optimizer"]["kind"]], other["optimizer"], "optimizer"))
    theirs = build(trained_of(state.network).items(), rule)  # its groups may be others: rates differ by part and layer
    tensors = reordered(read_tensors(checkpoint.path, like=divided(state.network, theirs)), theirs, own)
    restore(tensors, own.state_dict()["param_groups"], state.network, own)
    state.tuning.schedule.last_epoch = other["step"]
    state.tuning.lower_rates(1.0)
    state.progress.history, state.progress.seconds = found["progress"]["history"], found["progress"]["seconds"]
    state.randomness = read_tensors(checkpoint.path, names="random.")
    if rank() == 0:
        say(f"going on from step {other['step']} of run {other['run']}, to step {steps}")
