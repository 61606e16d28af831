"""Going on from a named run: its weights, moments and rows seen, under other rates or to another length.

The new run is a run of its own; the checkpoint that it begins with is one of its inputs. What it takes over stands in
its own folder, so that it resumes, and says which rows it saw, when the other run is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import OTHER_RUN, Artifact, read_artifact
from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.train.length import recorded, rows_seen, settled

FILE = "continued.json"
KIND = "resume"
"""Of the artifacts `step-…` in a run's folder (see lightning/checkpoints.py, which needs torch)."""
FREE = ("trainer", "optimizer", "schedule", "strategy", "validation_share")
"""What may change within a training, but for HELD."""
HELD = ("trainer.kind", "trainer.batch_size", "optimizer.kind")


@dataclass(frozen=True)
class Origin:
    """Where a run begins: at a checkpoint of another.

    Attributes:
        folder: of the other run.
        record: its record.json.
        checkpoint: one of its step folders.
    """

    folder: Path
    record: Mapping[str, Any]
    checkpoint: Artifact

    @property
    def inputs(self) -> dict[str, str]:
        """The checkpoint as an input of the new run."""
        return {f"{OTHER_RUN}{self.folder.name}": self.checkpoint.digest}

    def check(self, config: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        """Refuses what can't change within one training.

        Args:
            config: of the new run and its `seed`, without what makes no other run.
            inputs: its dataset and base weights.

        Raises:
            UsageError: model, adapter, data, seed or batches are others.
        """
        then = {**self.record["config"], "seed": self.record["seeds"]["seed"]}
        for key, now, was in _changed(then, config):
            if key.partition(".")[0] not in FREE or key in HELD:
                raise UsageError(
                    f"{key}={now} is {was} in run {self.folder.name}, and a run that goes on from it keeps that: set "
                    f"it back, or leave out trainer.continue_from."
                )
        for name, was in self.record["inputs"].items():
            if inputs.get(name, was) != was:
                raise UsageError(
                    f"the {name} is not that of run {self.folder.name}, from which this run is to go on: bring it "
                    "back, or leave out trainer.continue_from."
                )

    def note(self, run: Path) -> None:
        """Keeps in the new run's folder what it takes over."""
        config, step = self.record["config"], step_of(self.checkpoint.path)
        earlier = read_json(self.folder / FILE)["legs"] if (self.folder / FILE).is_file() else []
        write_json(
            run / FILE,
            {
                "run": self.folder.name,
                "step": step,
                "checkpoint": self.checkpoint.digest,
                "optimizer": config["optimizer"],
                "legs": [*earlier, {"trainer": config["trainer"], "step": step}],
            },
        )


def origin(folder: Path, record: Mapping[str, Any], step: str) -> Origin:
    """Where to go on from in a run's folder.

    Args:
        record: its record.json.
        step: of the checkpoint (empty: the newest).

    Raises:
        UsageError: there is none.
    """
    kept = sorted((path for path in folder.glob("step-*") if step_of(path)), key=step_of)
    chosen = [path for path in kept if not step or str(step_of(path)) == step]
    if not chosen:
        wanted = f"checkpoint of step {step}" if step else "checkpoint to go on from"
        names = ", ".join(str(step_of(path)) for path in kept) or "none"
        raise UsageError(
            f"run {folder.name}, named in trainer.continue_from, holds no {wanted}; it keeps those of steps: {names} "
            "(trainer.keep says how many)."
        )
    return Origin(folder, record, read_artifact(chosen[-1], KIND))


def taken_over(run: Path) -> dict[str, Any] | None:
    """What a run goes on from: run, step, checkpoint (its digest), optimizer (its config); None: it begins anew."""
    found: dict[str, Any] | None = read_json(run / FILE) if (run / FILE).is_file() else None
    return found


def checkpoint(run: Path) -> Artifact:
    """The checkpoint of another run that this run begins with.

    Raises:
        ArtifactError: it is gone, or another by now.
    """
    found = read_json(run / FILE)
    path = run.parent / found["run"] / f"step-{found['step']:07d}"
    artifact = read_artifact(path, KIND)
    if artifact.digest != found["checkpoint"]:
        raise ArtifactError(f"{path} is another checkpoint than when this run was begun: start over with resume=never.")
    return artifact


def before(run: Path, lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Of the runs that a run goes on from: the rows that each was to see, and its last step that counts.

    Args:
        run: its folder.
        lengths: of the rows (tokens).
    """
    legs = (taken_over(run) or {"legs": []})["legs"]
    trainers = (settled(recorded(leg["trainer"]), lengths) for leg in legs)
    return [(rows_seen(one, len(lengths)), leg["step"]) for one, leg in zip(trainers, legs, strict=True)]


def step_of(path: Path) -> int:
    """The step of a checkpoint's folder."""
    return int(path.name.removeprefix("step-"))


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Dotted key, value now, value then; what the record does not know is no change."""
    for group, value in now.items():
        was = then.get(group, value)
        if not isinstance(value, Mapping):
            yield from [(group, value, was)] if value != was else []
            continue
        for name, one in value.items():
            if isinstance(was, Mapping) and was.get(name, one) != one:
                yield f"{group}.{name}", one, was[name]
