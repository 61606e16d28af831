"""What passes between the roles: a folder whose `manifest.json`, written last, lists and hashes all that it holds."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from shipworthy.core import commands
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import new_folder, sha256_of_file, sha256_of_json, write_json
from shipworthy.core.identity import code_version, environment

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
MADE_BY = {
    "base": "fetch",
    "plan": "plan",
    "dataset": "prepare",
    "baseline": "baseline",
    "checkpoint": "train",
    "evaluation": "evaluate",
    "general": "general",
    "judgement": "judge",
    "compressed": "compress",
    "bench": "bench",
    "package": "package",
    "report": "report",
}
"""Kind of an artifact → the command that writes it."""

OTHER_RUN = "run "
"""How the name of an input begins that is a checkpoint of another run; behind it stands that run's id."""


@dataclass(frozen=True)
class Manifest:
    """What an artifact is and where it comes from.

    Attributes:
        kind: the artifact's kind, e.g. `dataset`.
        run_id: the id of the run that made it.
        files: relative path → {"bytes", "sha256"}.
        inputs: name of an input → its `Artifact.digest` (or the sha256 of a raw file).
        config: the resolved config that the command was given.
        seeds: name → seed.
        code: Git's version, the hash of the package's source, and, as `lineage`, the digest of what made it.
        started, finished: seconds since the epoch.
    """

    kind: str
    run_id: str
    files: dict[str, dict[str, Any]]
    inputs: dict[str, str]
    config: dict[str, Any]
    seeds: dict[str, int]
    code: dict[str, str]
    environment: dict[str, Any]
    started: float
    finished: float
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Artifact:
    """A verified artifact on disk."""

    path: Path
    manifest: Manifest = field(repr=False)

    @property
    def digest(self) -> str:
        """The hash of what it holds: kind and files, not the times."""
        return sha256_of_json({"kind": self.manifest.kind, "files": self.manifest.files})

    def file(self, name: str) -> Path:
        """The path of one of its files.

        Raises:
            ArtifactError: the manifest does not list it.
        """
        if name not in self.manifest.files:
            raise ArtifactError(f"{self.path} holds no {name}: it was made by another version; run its stage again.")
        return inside(self.path, name)

    def copy_to(self, folder: Path, below: str = "") -> None:
        """Copies the files that its manifest lists, and nothing else that may lie beside them.

        Args:
            folder: where to; it may exist.
            below: of a folder in it, only that folder's files, without the manifest (empty: all, with the manifest).
        """
        names = [*self.manifest.files, MANIFEST]
        if below:
            names = [name for name in self.manifest.files if PurePosixPath(name).is_relative_to(below)]
        for name in names:
            target = folder / PurePosixPath(name).relative_to(below)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(inside(self.path, name), target)

    def json(self, name: str) -> Any:
        """The content of one of its JSON files."""
        return json.loads(self.file(name).read_text(encoding="utf-8"))


def inside(folder: Path, name: str) -> Path:
    """The path of a file or folder of an artifact.

    Args:
        name: relative to `folder`, with `/` between its parts, as manifests have it.

    Raises:
        ArtifactError: it leads out of `folder`: by `..`, as an absolute path, as one of Windows, or by a symbolic link.
    """
    windows = PureWindowsPath(name)
    leads_out = (
        "\\" in name
        or windows.drive
        or windows.root
        or ".." in windows.parts
        or not (folder / name).resolve().is_relative_to(folder.resolve())
    )
    if leads_out:
        raise ArtifactError(
            f"{folder} names a file outside its folder, '{name}': don't use it; it was damaged or tampered with."
        )
    return folder / name


def file_records(folder: Path) -> dict[str, dict[str, Any]]:
    """Relative path → size in bytes and sha256, of every file in `folder` but its manifest."""
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


@contextmanager
def write_artifact(
    target: Path,
    kind: str,
    *,
    run_id: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    seeds: Mapping[str, int],
    code: str = "",
    started: float | None = None,
    replacing: AbstractContextManager[None] | None = None,
) -> Iterator[Path]:
    """Yields an empty folder to fill; when the block ends well it gets its manifest and becomes `target`.

    Args:
        code: the digest of the code that makes it.
        started: when the work on it began (seconds since the epoch; None: now).
        replacing: as in `new_folder`.
    """
    started = time.time() if started is None else started
    with new_folder(target, replacing) as folder:
        yield folder
        manifest = Manifest(
            kind=kind,
            run_id=run_id,
            files=file_records(folder),
            inputs=dict(inputs),
            config=dict(config),
            seeds=dict(seeds),
            code={**code_version(), "lineage": code},
            environment=environment(),
            started=started,
            finished=time.time(),
        )
        write_json(folder / MANIFEST, asdict(manifest))


def read_artifact(path: Path, kind: str, remedy: str = "") -> Artifact:
    """Opens the artifact at `path` and checks every file against the manifest.

    Args:
        remedy: what the error tells the user to do (empty: to run the command that makes it).

    Raises:
        ArtifactError: missing, without a manifest, of another kind, or not what its manifest says.
    """
    remedy = remedy or _remedy(kind)
    manifest_path = path / MANIFEST
    if not path.is_dir():
        raise ArtifactError(f"There is no {kind} at {path}: {remedy}.")
    if not manifest_path.is_file():
        raise ArtifactError(f"{path} has no {MANIFEST}, so it was never finished: {remedy}.")
    try:
        manifest = Manifest(**json.loads(manifest_path.read_text(encoding="utf-8")))
        records = [(name, record["bytes"], record["sha256"]) for name, record in manifest.files.items()]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactError(f"{manifest_path} cannot be read ({error}): {remedy}.") from error
    if manifest.kind != kind:
        raise ArtifactError(f"{path} is a '{manifest.kind}', not a '{kind}': {remedy}.")
    if manifest.schema_version != SCHEMA_VERSION:
        raise ArtifactError(f"{path} has schema version {manifest.schema_version}, not {SCHEMA_VERSION}: {remedy}.")
    for name, size, sha256 in records:
        file = inside(path, name)
        if not file.is_file():
            raise ArtifactError(f"{file} is missing, though the manifest lists it: {remedy}.")
        if (found := file.stat().st_size) != size:
            raise ArtifactError(f"{file} has {found} bytes where the manifest says {size}: {remedy}.")
        if (digest := sha256_of_file(file)) != sha256:
            raise ArtifactError(f"{file} has sha256 {digest}, not {sha256} as in the manifest: {remedy}.")
    return Artifact(path, manifest)


def _remedy(kind: str) -> str:
    """What to do about an artifact that is missing or damaged."""
    if kind not in MADE_BY:
        return "make it again"
    if commands.told() is None:
        return f"make it again with the command {MADE_BY[kind]} and the overrides that it was made with"
    return f"run `{commands.again(MADE_BY[kind])}` first"
