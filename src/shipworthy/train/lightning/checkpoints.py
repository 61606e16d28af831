"""Checkpoints: a folder per step, whole or not there, written beside the training.

Weights, optimizer and random states are safetensors, by torch.distributed.checkpoint: each process writes its part
(of what is divided among them what it holds), and any number of processes reads them. Step, schedule and history are
JSON. The manifest comes last.
"""

import json
import logging
import shutil
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.tensor import DTensor

from shipworthy.core import events
from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.core.files import read_json
from shipworthy.core.progress import say
from shipworthy.models.adapters.network import Network, trained_of
from shipworthy.train.lightning.processes import rank

KIND = "resume"
WEIGHT, OPTIMIZER = "weight.", "optimizer."
Tensors = dict[str, torch.Tensor]

warnings.filterwarnings("ignore", message="torch.distributed is disabled")
logging.getLogger("c10d-NullHandler-dcp_logger").setLevel(logging.WARNING)


def snapshot(network: Network, optimizer: torch.optim.Optimizer, *, own_moments: bool = False) -> Tensors:
    """Copies, in main memory, of what a run goes on from: trained weights, moments, this process's random states.

    Args:
        own_moments: whether the moments are another thing in each process.
    """
    found: Tensors = {f"{WEIGHT}{name}": parameter for name, parameter in trained_of(network).items()}
    place = _own_place() if own_moments else OPTIMIZER
    for index, values in optimizer.state_dict()["state"].items():
        found |= {f"{place}{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
    found[f"random.{rank()}.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        found[f"random.{rank()}.cuda"] = torch.cuda.get_rng_state()
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in found.items()}


def _own_place() -> str:
    """Where the moments are that only this one of so many processes can read."""
    return f"optimizer-{rank()}-of-{dist.get_world_size()}."


def restore(
    tensors: Tensors,
    groups: list[dict[str, Any]],
    network: Network,
    optimizer: torch.optim.Optimizer,
    *,
    own_moments: bool = False,
) -> None:
    """Puts weights and moments back; `groups` are the optimizer's settings (`param_groups` of its state).

    Raises:
        UsageError: each process has moments of its own, and there were more or fewer processes.
    """
    place = _own_place() if own_moments else OPTIMIZER
    others = {name.partition(".")[0] for name in tensors if name.startswith("optimizer-")}
    if own_moments and others and place.rstrip(".") not in others:
        raise UsageError(
            f"The checkpoint is of {len(others)} processes, each with moments of its own: go on with as many "
            "(trainer.devices), or start over with resume=never."
        )
    with torch.no_grad():
        for name, parameter in trained_of(network).items():
            parameter.copy_(tensors[f"{WEIGHT}{name}"])
    moments: dict[int, Tensors] = {}
    for name, tensor in tensors.items():
        if name.startswith(place):
            _, index, field = name.split(".")
            # The optimizer would take the tensor itself, and change it at its next step.
            moments.setdefault(int(index), {})[field] = tensor.clone()
    optimizer.load_state_dict({"state": moments, "param_groups": groups})


def reordered(tensors: Tensors, theirs: torch.optim.Optimizer, own: torch.optim.Optimizer) -> Tensors:
    """A checkpoint of one optimizer's, for another of the same rule and weights that puts these into other groups."""
    places = {weight: place for place, weight in enumerate(_weights(own))}
    moved = {str(place): str(places[weight]) for place, weight in enumerate(_weights(theirs))}

    def renamed(name: str) -> str:
        if not name.startswith(OPTIMIZER):
            return name
        _, place, field = name.split(".")
        return f"{OPTIMIZER}{moved[place]}.{field}"

    return {renamed(name): tensor for name, tensor in tensors.items()}


def _weights(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def weights_in(tensors: Tensors) -> Tensors:
    """The trained weights of a checkpoint, by their names in the network."""
    return {name.removeprefix(WEIGHT): tensor for name, tensor in tensors.items() if name.startswith(WEIGHT)}


def reseed(tensors: Tensors) -> None:
    """Puts the random state back; to be called right before the first step, for what comes before it draws too."""
    # A process that was not there when the checkpoint was written keeps its own.
    if (own := tensors.get(f"random.{rank()}.cpu")) is not None:
        torch.set_rng_state(own)
    if (own := tensors.get(f"random.{rank()}.cuda")) is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(own)


def write_tensors(folder: Path, tensors: Mapping[str, torch.Tensor], group: Any = None) -> None:
    """Writes this process's part into `folder`; all processes of `group` do so together."""
    writer = dcp.HuggingFaceStorageWriter(str(folder), save_distributed=True)
    dcp.save(dict(tensors), storage_writer=writer, process_group=group, no_dist=group is None)


def divided(network: Network, optimizer: torch.optim.Optimizer) -> Tensors:
    """The trained weights that are divided among processes, by the names of their values, and of their moments."""
    indices = {id(p): index for index, p in enumerate(p for group in optimizer.param_groups for p in group["params"])}
    parts = {name: p for name, p in trained_of(network).items() if isinstance(p, DTensor)}
    return {
        **{f"{WEIGHT}{name}": p for name, p in parts.items()},
        **{f"{OPTIMIZER}{indices[id(p)]}": p for p in parts.values()},
    }


def read_tensors(folder: Path, *, names: str = "", like: Mapping[str, torch.Tensor] | None = None) -> Tensors:
    """Tensors of a checkpoint, whatever number of processes wrote them; whole, unless `like` says which are divided.

    Args:
        names: what their names begin with.
        like: of what is divided among processes (see `divided`): of those this process reads its part.
    """
    reader = dcp.HuggingFaceStorageReader(str(folder))
    found = {name: e for name, e in reader.read_metadata().state_dict_metadata.items() if name.startswith(names)}
    tensors = {name: _empty(name, entry, like or {}) for name, entry in found.items()}
    dcp.load(tensors, storage_reader=reader, no_dist=True)
    return tensors


def _empty(name: str, entry: Any, like: Mapping[str, torch.Tensor]) -> torch.Tensor:
    whole = like.get(name, like.get(name.rpartition(".")[0]))
    if whole is None or whole.shape != entry.size:  # a count of steps is nobody's part
        return torch.empty(entry.size, dtype=entry.properties.dtype)
    return torch.empty_like(whole, dtype=entry.properties.dtype, requires_grad=False)


class Saver:
    """Writes checkpoints in a thread of its own; at most one is on its way.

    Args:
        run: the run's folder.
        keep: how many of the newest stay.
        unsaved: what follows when one can't be written: `warn`, and the training goes on, or `stop`.
    """

    def __init__(self, run: Path, run_id: str, seed: int, keep: int, unsaved: str) -> None:
        self.run, self.run_id, self.seed, self.keep, self.unsaved = run, run_id, seed, keep, unsaved
        self.group: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._pending: Future[None] | None = None
        self._step = 0

    def save(self, tensors: Tensors, state: Mapping[str, Any]) -> None:
        """Begins to write; returns before it is done.

        Args:
            tensors: a `snapshot`, which nothing changes any more.
            state: JSON values; `step` and `progress` among them.
        """
        self.wait()
        if self.group is None and dist.is_initialized():
            # The training's own exchanges must not meet those of the writing thread.
            self.group = dist.new_group(backend="gloo")
        self._step = int(state["step"])
        best = state["progress"]["best"]
        self._pending = self._thread.submit(self._write, self._step, tensors, json.dumps(state), best[1] if best else 0)

    def wait(self) -> None:
        """Waits for the one that is on its way.

        Raises:
            ShipworthyError: it could not be written, and `unsaved` is `stop`.
        """
        if self._pending is None:
            return
        try:
            self._pending.result()
        except (OSError, CheckpointException) as error:
            reason = str(error).splitlines()[-1] if isinstance(error, CheckpointException) else error
            said = f"The checkpoint of step {self._step} could not be written to {self.run} ({reason}): free some space"
            if self.unsaved == "stop":
                raise ShipworthyError(f"{said}, and run it again to go on from the last whole one.") from error
            say(
                f"warning: {said}. The training goes on; the one before is kept (trainer.unsaved=stop ends it instead)."
            )
        finally:
            self._pending = None

    def _write(self, step: int, tensors: Tensors, state: str, best: int) -> None:
        with self._folder(step) as folder:
            write_tensors(folder, tensors, self.group)
            if rank() == 0:
                (folder / "state.json").write_text(state, encoding="utf-8")
        if rank() == 0:
            events.emit(kept=step)
            self._prune(step, best)

    def _prune(self, step: int, best: int) -> None:
        """Removes all but the first checkpoint, to which a run may go back, the newest ones, and the best adapter."""
        for path in sorted(self.run.glob("step-*"))[1 : -self.keep]:
            shutil.rmtree(path)
        for path in self.run.glob("best-*"):
            if (validated := int(path.name.removeprefix("best-"))) <= step and validated != best:
                shutil.rmtree(path)

    @contextmanager
    def _folder(self, step: int) -> Iterator[Path]:
        """The folder that all processes write into; the first one makes it, and gives it its manifest and its name."""
        if rank() > 0:
            yield self._told(None)
            return
        with write_artifact(
            self.run / f"step-{step:07d}", KIND, run_id=self.run_id, config={}, inputs={}, seeds={"seed": self.seed}
        ) as folder:
            yield self._told(folder)

    def _told(self, folder: Path | None) -> Path:
        if self.group is None:
            assert folder is not None
            return folder
        words: list[Any] = [str(folder)]
        dist.broadcast_object_list(words, src=0, group=self.group)
        return Path(words[0])


def newest(run: Path, before: int | None = None) -> Artifact | None:
    """The newest whole checkpoint of a run; damaged ones are skipped with a warning.

    Args:
        before: only those of earlier steps.
    """
    for path in sorted(run.glob("step-*"), reverse=True):
        if before is not None and int(path.name.removeprefix("step-")) >= before:
            continue
        try:
            return read_artifact(path, KIND)
        except ArtifactError as error:
            say(f"warning: skipping a damaged checkpoint, going back to the one before. {error}")
    return None


def state_of(checkpoint: Artifact) -> dict[str, Any]:
    """What was given to `save` beside the tensors."""
    state: dict[str, Any] = read_json(checkpoint.file("state.json"))
    return state
