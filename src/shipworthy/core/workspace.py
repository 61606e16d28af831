"""The folder of a pipeline's artifacts, one per kind: what a command reads and writes."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.identity import run_id


@dataclass
class Workspace:
    """Reads and writes the artifacts of a pipeline for one command.

    Attributes:
        root: the folder of the artifacts (`artifacts/` for `dvc repro`).
        command: the command that runs, e.g. `train`.
        config: the resolved config groups that the command takes, as plain containers.
        seed: the pipeline's seed.
        publish: whether `write` puts the artifact into `root`; a sweep's jobs keep theirs in `runs/` only.
        non_identity: dotted names of what in `config` does not make another run, e.g. `trainer.devices`.
        code: the digest of the command's lineage (core/lineage); empty where a stage is tried alone.
        recipe: the experiment that was named and what was changed of it (execution/recipe.py; empty: not known).
        started: when the command began (seconds since the epoch); its artifacts count from there.
    """

    root: Path
    command: str
    config: Mapping[str, Any]
    seed: int
    publish: bool = True
    non_identity: Collection[str] = ()
    code: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.time)

    def read(self, kind: str) -> Artifact:
        """The verified artifact of this kind; it is noted as an input of what is written next.

        Raises:
            ArtifactError: missing, half-written or damaged.
        """
        artifact = read_artifact(self.root / kind, kind)
        self.inputs[kind] = artifact.digest
        return artifact

    def uses(self, digests: Mapping[str, str]) -> None:
        """Notes inputs that are no artifacts, raw files or base weights: name → digest."""
        self.inputs.update(digests)

    @property
    def run_id(self) -> str:
        """The id of this run, from command, config, the inputs read so far, code and lock."""
        return run_id(self.command, {**self.identity, "seed": self.seed}, self.inputs, self.code)

    @property
    def identity(self) -> dict[str, Any]:
        """The part of `config` that makes the run what it is."""
        return {
            group: {k: v for k, v in value.items() if f"{group}.{k}" not in self.non_identity}
            if isinstance(value, Mapping)
            else value
            for group, value in self.config.items()
            if group not in self.non_identity
        }

    def run_folder(self) -> Path:
        """Where a run keeps what must outlive it if it is killed: `runs/<run id>` beside `root`."""
        return self.root.parent / "runs" / self.run_id

    @contextmanager
    def write(self, kind: str, target: Path | None = None) -> Iterator[Path]:
        """Yields an empty folder to fill; when the block ends well it becomes the artifact of this kind."""
        with write_artifact(
            target or self.root / kind,
            kind,
            run_id=self.run_id,
            config={**self.config},
            inputs=self.inputs,
            seeds={"seed": self.seed},
            code=self.code,
            started=self.started,
        ) as folder:
            yield folder
