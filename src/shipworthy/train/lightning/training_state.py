"""The state of a run in one process: network, optimizer, steps and progress; how it is restored and rolled back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.machine import cores
from shipworthy.core.progress import say
from shipworthy.core.seeds import seed_everything
from shipworthy.models.activations import checkpoint
from shipworthy.models.adapters.build import build as build_adapter
from shipworthy.models.adapters.build import quantizer
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.models.causal_lm.fitness import make_batch, settle
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.precision import Precision, allow_tf32, choose
from shipworthy.train import continuation
from shipworthy.train import request as train_request
from shipworthy.train.length import rows_seen, settled
from shipworthy.train.lightning.batch_plan import plan_batches
from shipworthy.train.lightning.checkpoints import (
    WEIGHT,
    Tensors,
    divided,
    newest,
    read_tensors,
    reseed,
    restore,
    state_of,
    weights_in,
)
from shipworthy.train.lightning.loss_scale import LossScale
from shipworthy.train.lightning.module import FineTuningModule, Policy
from shipworthy.train.lightning.processes import connect, gather_values, rank
from shipworthy.train.lightning.progress import Progress
from shipworthy.train.lightning.steps import Step, Steps
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.monitor.findings import Finding, rate_factor
from shipworthy.train.monitor.forgetting import GeneralPrompts
from shipworthy.train.monitor.replay import row_losses, swapped_weights
from shipworthy.train.monitor.spike_report import write_spike_report
from shipworthy.train.objectives.build import build as build_objective
from shipworthy.train.optimizers.schema import Rule
from shipworthy.train.replay import buffer
from shipworthy.train.replay.plan import needed, with_replay
from shipworthy.train.schedules.schema import Schedule
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.strategies.build import build as build_strategy
from shipworthy.train.strategies.schema import Strategy

PRECISION = "precision.json"


@dataclass(frozen=True)
class Request(train_request.Request):
    """What a run of a network is asked for."""

    trainer: LightningTrainer
    optimizer: Rule
    schedule: Schedule
    strategy: Strategy


def precision_of(request: Request) -> Precision:
    """The precision of a run, chosen when it begins.

    Raises:
        UsageError: this device cannot compute in it.
    """
    path = request.run / PRECISION
    name = read_json(path)["precision"] if path.is_file() else request.trainer.precision
    chosen, why = choose(name, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    allow_tf32(chosen)
    if not path.is_file() and rank() == 0:
        write_json(path, {"precision": chosen.name, "why": why})
        if name == "auto":
            say(f"trainer.precision=auto: {chosen.name}, for {why}")
    return chosen


class TrainingState:
    """Network, optimizer, steps and progress of a run in this process.

    Attributes:
        rows, ids: the task's, and behind them what may be replayed.
        taught: how many of the rows are the task's.
        batches: the rows of every step.

    Raises:
        UsageError: fewer rows than one batch, or the adapter names what the network has not.
    """

    def __init__(self, request: Request) -> None:
        self.strategy = build_strategy(request.strategy)
        self.precision = precision_of(request)
        # Other processes, and the run when it goes on elsewhere, take what was chosen here.
        self.objective = build_objective(request)
        self.rows = self.objective.rows(request.train)
        trainer = settled(replace(request.trainer, precision=self.precision.name), list(map(len, self.rows)))
        self.request = replace(request, trainer=trainer)
        torch.set_num_threads(trainer.threads or cores(trainer.devices))
        seed_everything(request.seed)
        if len(self.rows) < trainer.batch_size:
            raise UsageError(
                f"{len(self.rows)} training rows are fewer than trainer.batch_size={trainer.batch_size}: lower it."
            )
        network = self._untrained()
        self._plan_batches(network)
        self.network: Network = build_adapter(network, request.adapter, request.seed, self.precision)
        self._settle_packing()
        self._checkpoint_activations()
        self.network.train()
        self.progress = Progress()
        self.randomness: Tensors = {}

    def divide(self, world: int) -> None:
        """Connects the processes, and divides the network among them; what is asked of it whole comes before."""
        if world > 1:
            connect(world)
        self.strategy.wrap(self.network, self.batch(self.rows[:1]))

    def fresh(self) -> Network:
        """Another network, whole, as this one was before its training: it is loaded once more."""
        network = build_adapter(self._untrained(), self.request.adapter, self.request.seed, self.precision)
        settle(base_of(network), self.request.trainer.packing)
        return network

    def _untrained(self) -> PreTrainedModel:
        """The network without its adapter, in the types in which it is trained."""
        return self.objective.network(self.precision.weights, quantizer(self.request.adapter, self.precision))

    def _plan_batches(self, network: PreTrainedModel) -> None:
        """The rows of every step, and with them those that are replayed, which the untrained network may make."""
        request, trainer = self.request, self.request.trainer
        lengths = list(map(len, self.rows))
        self.taught = len(lengths)
        earlier = continuation.before(request.run, lengths)
        task = plan_batches(lengths, trainer.batch_size, rows_seen(trainer, len(lengths)), request.seed, earlier)
        if earlier and trainer.epochs:  # the other run's last batch may have been a small one
            self.request = replace(request, trainer=replace(trainer, steps=len(task)))
        replayed = self._replayed(network, needed(task, trainer.replay.share))
        places = range(len(lengths), len(lengths) + len(replayed))
        self.rows += replayed
        self.ids = [row.id for row in self.rows]
        self.batches = with_replay(task, places, trainer.replay.share, request.seed)

    def _replayed(self, network: PreTrainedModel, most: int) -> list[Row]:
        """As many rows as are ever replayed.

        Raises:
            UsageError: some are to be, and the network writes no answers.
        """
        config, chat = self.request.trainer.replay, self.objective.chat
        if chat is not None:
            return buffer.prepare(config, chat, network, self.request.run, most)
        if config.share:
            raise UsageError(
                f"trainer.replay.share={config.share:g} replays answers to general questions, and objective "
                f"'{self.request.objective.kind}' writes none: leave it out."
            )
        return []

    def _settle_packing(self) -> None:
        """Finds out whether rows share a sequence, and says so where they don't."""
        found = settle(base_of(self.network), self.request.trainer.packing)
        self.batch = partial(make_batch, base_of(self.network))
        if not found.fit and rank() == 0:
            say(f"rows are computed side by side, not in packs: {found.why}")

    def _checkpoint_activations(self) -> None:
        trainer = self.request.trainer
        if trainer.offload_activations and not torch.cuda.is_available():
            raise UsageError("trainer.offload_activations=true needs a GPU, and there is none: leave it out.")
        checkpoint(
            base_of(self.network),
            trainer.activation_checkpointing,
            offload=trainer.offload_activations,
            draws=self.quantities.draws,
        )

    @cached_property
    def quantities(self) -> NetworkQuantities:
        """The network, counted."""
        return NetworkQuantities(self.network)

    @cached_property
    def general_prompts(self) -> GeneralPrompts | None:
        """General questions with the network's answers before training; to be asked for before it is changed.

        None of a network that is not asked in words.
        """
        if self.objective.chat is None:
            return None
        return GeneralPrompts.prepare(
            self.objective.chat,
            base_of(self.network),
            self.request.run / "general_prompts.json",
            self.request.trainer.monitor.forgetting,
        )

    @property
    def workers(self) -> int:
        """Threads that compute packs side by side: on a GPU one, and one where they would disturb one another."""
        return 1 if self.quantities.one_at_a_time or torch.cuda.is_available() else torch.get_num_threads()

    def memory(self, *, begun: bool = False) -> StepMemory:
        """What a step takes; `begun`: the optimizer has made its states."""
        return StepMemory(
            self.network,
            self.request.optimizer,
            self.precision,
            self.workers,
            begun=begun,
            offload=self.request.trainer.offload_activations,
        )

    def module(self, policy: Policy) -> FineTuningModule:
        """The training step; what is restored is restored into it."""
        request = self.request
        self.tuning = FineTuningModule(
            self.network,
            request.optimizer,
            request.schedule,
            request.trainer.steps,
            request.trainer.clip,
            strategy=self.strategy,
            workers=self.workers,
            precision=self.precision,
            losses=self.objective.losses,
            ids=self.ids,
            progress=self.progress,
            policy=policy,
        )
        return self.tuning

    def steps(self, world: int) -> Steps:
        """The steps from where the run stands."""
        trainer = self.request.trainer
        self.loader = Steps(
            self.rows,
            self.batches,
            self.progress.step,
            trainer.micro_batch_size,
            self.batch,
            rank=rank(),
            world=world,
            patience=trainer.loader_patience_s,
            pinned=torch.cuda.is_available(),
        )
        return self.loader

    def resume_from(self, checkpoint: Artifact) -> None:
        """Takes weights, optimizer, schedule, random states and progress from a checkpoint."""
        state = self._restore(checkpoint)
        for name, value in state["progress"].items():
            setattr(self.progress, name, value)
        self.randomness = read_tensors(checkpoint.path, names="random.")

    def reseed(self) -> None:
        """Draws go on where the checkpoint's did."""
        reseed(self.randomness)

    def roll_back(self, before: int, flush: Callable[[], None]) -> None:
        """Takes the run back to the newest checkpoint from before a step, at a lower rate.

        Args:
            flush: waits for the checkpoint that is being written.

        Raises:
            ShipworthyError: there is none.
        """
        flush()
        gather_values(None)
        checkpoint = newest(self.request.run, before)
        if checkpoint is None:
            raise ShipworthyError(
                f"There is no whole checkpoint from before step {before} to go back to: lower optimizer.lr "
                f"({self.request.optimizer.lr:g}) and start over."
            )
        state = self._restore(checkpoint)
        self.progress.rewind_to(Progress(**state["progress"]))
        self.progress.rollbacks += 1
        share = rate_factor(self.progress.rollbacks, self.request.trainer.monitor)
        self.tuning.lower_rates(share)
        self.loader.seek(self.progress.step)
        if rank() == 0:
            lr = share * self.request.optimizer.lr
            say(f"going back to step {self.progress.step}; the highest rate is {lr:.2e} from here on")

    def _restore(self, checkpoint: Artifact) -> dict[str, Any]:
        state = state_of(checkpoint)
        tensors = read_tensors(checkpoint.path, like=divided(self.network, self.tuning.optimizer))
        own = self.strategy.own_moments
        restore(tensors, state["groups"], self.network, self.tuning.optimizer, own_moments=own)
        self.strategy.restored()
        self.tuning.schedule.load_state_dict(state["schedule"])
        if "loss_scale" in state:  # a checkpoint of an earlier version has none
            self.tuning.loss_scale = LossScale(**state["loss_scale"])
        reseed(tensors)
        return state

    def report_spike(self, finding: Finding, step: Step) -> Path | None:
        """Writes the spike report of a step's batch: its rows' losses now and at the last good checkpoint.

        All processes take part where a network is divided; the first one computes and writes.
        """
        now = self.strategy.weights(self.network, trained=True)
        if rank() > 0:
            return None
        network = self.network if now is None else self.fresh()
        good = newest(self.request.run, finding.good + 1)
        rows = [self.rows[row] for row in step.rows]
        ids = [self.ids[row] for row in step.rows]

        def losses(when: str) -> list[float]:
            if when == "good" and good is not None:
                weights = weights_in(read_tensors(good.path, names=WEIGHT))
            else:
                weights = dict(now or {})
            with swapped_weights(network, weights):
                return row_losses(network, rows, self.objective.losses)

        described = [
            {
                "id": name,
                **self.objective.words(row),
                "tokens": len(row),
                "supervised": row.supervised,
            }
            for name, row in zip(ids, rows, strict=True)
        ]
        at = state_of(good)["step"] if good else None
        return write_spike_report(self.request.run, finding, self.progress.history, described, losses, at)
