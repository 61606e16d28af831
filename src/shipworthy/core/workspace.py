"""The folder of a pipeline's artifacts, one per kind: what a command reads and writes."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import MADE_BY, Artifact, read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import sha256_of_json
from shipworthy.core.identity import run_id
from shipworthy.core.locks import FOLDER, own, own_run, reading, replacing


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
        whole: the whole resolved config, by which the command can be run again; empty where a stage is tried alone.
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
    whole: Mapping[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.time)
    _locks: ExitStack | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """Of the artifact that the command puts into the workspace; empty: it makes none, or keeps it elsewhere."""
        made = {command: kind for kind, command in MADE_BY.items() if command != "fetch"}
        return made.get(self.command, "") if self.publish else ""

    @contextmanager
    def owned(self) -> Iterator[list[int]]:
        """Inside the block nobody else makes the command's artifact, or replaces one that was read.

        Yields:
            as core/locks.own.

        Raises:
            OwnedError: another process is making another artifact in its place.
            ArtifactError: what was read was removed meanwhile.
        """
        work = sha256_of_json([self.command, self.identity, self.seed, self.code])
        try:
            with ExitStack() as self._locks:
                made = self.root / self.kind
                yield self._locks.enter_context(own(lock_of(made), str(made), work)) if self.kind else []
        except FileNotFoundError as error:
            gone = [self.root / kind for kind in self.inputs if kind in MADE_BY and not (self.root / kind).is_dir()]
            if not gone:
                raise
            raise ArtifactError(  # who has no locks: DVC removes what a stage makes before it runs it
                f"{gone[0]} was removed while {self.command} read it: run it again when `dvc repro`, or whoever else "
                "makes it, has ended."
            ) from error
        finally:
            self._locks = None

    def read(self, kind: str) -> Artifact:
        """The verified artifact of this kind; it is noted as an input of what is written next.

        Raises:
            ArtifactError: missing, half-written or damaged.
        """
        if self._locks is not None:
            self._locks.enter_context(reading(lock_of(self.root / kind)))
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
        alone = self._locks is not None and target is None and not self.publish
        with (
            own_run(self.run_folder()) if alone else nullcontext(),
            write_artifact(
                target or self.place(kind),
                kind,
                run_id=self.run_id,
                config={**self.config},
                inputs=self.inputs,
                seeds={"seed": self.seed},
                code=self.code,
                started=self.started,
                replacing=self.turn(kind) if target is None else None,
            ) as folder,
        ):
            yield folder

    def place(self, kind: str) -> Path:
        """Where the command's artifact is put."""
        return (self.root if self.publish else self.run_folder()) / kind

    def turn(self, kind: str) -> AbstractContextManager[None] | None:
        """What to be in while the workspace's artifact is replaced, for others may be reading it (None: nothing)."""
        made = self.root / kind
        return replacing(lock_of(made), str(made)) if self._locks is not None and self.publish else None


def lock_of(artifact: Path) -> Path:
    """What stands for a workspace's artifact among the locks: see core/locks.own."""
    root = artifact.parent
    return root.parent / "runs" / FOLDER / f"{root.name}.{artifact.name}"
