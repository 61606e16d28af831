"""The steps' packs, made by a thread ahead of the training that takes them."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.lightning.batch_plan import micro_batches

AHEAD = 4
"""Steps that are made before they are asked for."""


@dataclass(frozen=True)
class Step:
    """What one optimizer step sees.

    Attributes:
        number: from 1; beyond the last step, where `rows` is empty, the run is over.
        rows: of the whole step, over all processes.
        packs: those of this process.
        tokens: supervised tokens of the whole step.
        seen: input tokens of the whole step, without padding.
        waited: how long the training waited for it (seconds).
    """

    number: int
    rows: tuple[int, ...]
    packs: tuple[Batch, ...]
    tokens: int
    seen: int
    waited: float


class Steps:
    """Yields the steps in order, without an end: after the last one, empty ones.

    Args:
        rows: of the train split.
        batches: the rows of every step.
        start: steps done already.
        micro_batch_size: rows in one pack.
        batch: makes a pack, or what the network takes instead.
        rank, world: which part of each step this process computes, and of how many.
        patience: how long a step may take to be made (seconds).
        pinned: whether packs are put into pinned memory, from which a GPU copies by itself.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        batches: Sequence[Sequence[int]],
        start: int,
        micro_batch_size: int,
        batch: Callable[[Sequence[Row]], Batch],
        *,
        rank: int = 0,
        world: int = 1,
        patience: float = 300.0,
        pinned: bool = False,
    ) -> None:
        self.rows, self.batches, self.micro_batch_size, self.batch = rows, batches, micro_batch_size, batch
        self.rank, self.world, self.patience, self.pinned = rank, world, patience, pinned
        self.seek(start)

    def seek(self, done: int) -> None:
        """Goes on after step `done`; what was made ahead is dropped."""
        self.at = done
        self._made: queue.Queue[Step | Exception] = queue.Queue(AHEAD)
        threading.Thread(target=self._make_all, args=(done, self._made), daemon=True).start()

    def close(self) -> None:
        """Ends the thread that makes steps ahead."""
        self._made = queue.Queue()

    def make(self, number: int) -> Step:
        """The step of that number, computed here and now."""
        rows = tuple(self.batches[number - 1])
        packs = [
            self.batch([self.rows[row] for row in part])
            for part in micro_batches(rows, self.micro_batch_size, self.rank, self.world)
        ]
        # A row's last token is a target only.
        seen = sum(len(self.rows[row]) - 1 for row in rows)
        tokens = sum(self.rows[row].supervised for row in rows)
        return Step(number, rows, tuple(p.pin_memory() if self.pinned else p for p in packs), tokens, seen, 0.0)

    def _make_all(self, done: int, made: "queue.Queue[Step | Exception]") -> None:
        try:
            for number in range(done + 1, len(self.batches) + 1):
                step = self.make(number)
                while made is self._made:
                    try:
                        made.put(step, timeout=1.0)
                        break
                    except queue.Full:
                        continue
                else:
                    return
        except Exception as error:  # noqa: BLE001 (it is raised again where the step is asked for)
            made.put(error)

    def __iter__(self) -> Iterator[Step]:
        while True:
            self.at += 1
            yield self._take() if self.at <= len(self.batches) else Step(self.at, (), (), 0, 0, 0.0)

    def _take(self) -> Step:
        begun = time.monotonic()
        try:
            made = self._made.get(timeout=self.patience)
        except queue.Empty:
            raise ShipworthyError(
                f"The loader delivered nothing for {self.patience:g} s at step {self.at}: look at the disk that holds "
                "the data, or raise trainer.loader_patience_s; the last checkpoint is whole, run it again to go on."
            ) from None
        if isinstance(made, Exception):
            raise made
        return Step(**{**vars(made), "waited": time.monotonic() - begun})


def padding_share(packs: Sequence[Batch]) -> float:
    """The share of places that no token fills, where attention computes rows side by side (0 to 1)."""
    padding = sum(p.padding for p in packs)
    places = padding + sum(sum(p.lengths) for p in packs)
    return padding / places if places else 0.0


def on(packs: Sequence[Batch], device: torch.device) -> list[Batch]:
    """The packs on the device that computes them."""
    return [p if p.device == device else p.to(device) for p in packs]
