"""What passes between the roles: a folder whose `manifest.json`, written last, lists and hashes all that it holds."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import new_folder, sha256_of_file, sha256_of_json, write_json
from shipworthy.core.identity import code_version, environment

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1


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
        return self.path / name

    def json(self, name: str) -> Any:
        """The content of one of its JSON files."""
        return json.loads(self.file(name).read_text(encoding="utf-8"))


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
) -> Iterator[Path]:
    """Yields an empty folder to fill; when the block ends well it gets its manifest and becomes `target`.

    Args:
        code: the digest of the code that makes it.
        started: when the work on it began (seconds since the epoch; None: now).
    """
    started = time.time() if started is None else started
    with new_folder(target) as folder:
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
        remedy: what the error tells the user to do.

    Raises:
        ArtifactError: missing, without a manifest, of another kind, or not what its manifest says.
    """
    remedy = remedy or f"make it again with `dvc repro` or the command that writes '{kind}'"
    manifest_path = path / MANIFEST
    if not path.is_dir():
        raise ArtifactError(f"There is no {kind} at {path}: {remedy}.")
    if not manifest_path.is_file():
        raise ArtifactError(f"{path} has no {MANIFEST}, so it was never finished: {remedy}.")
    try:
        manifest = Manifest(**json.loads(manifest_path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"{manifest_path} cannot be read ({error}): {remedy}.") from error
    if manifest.kind != kind:
        raise ArtifactError(f"{path} is a '{manifest.kind}', not a '{kind}': {remedy}.")
    if manifest.schema_version != SCHEMA_VERSION:
        raise ArtifactError(f"{path} has schema version {manifest.schema_version}, not {SCHEMA_VERSION}: {remedy}.")
    for name, record in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise ArtifactError(f"{file} is missing, though the manifest lists it: {remedy}.")
        if (size := file.stat().st_size) != record["bytes"]:
            raise ArtifactError(f"{file} has {size} bytes where the manifest says {record['bytes']}: {remedy}.")
        if (digest := sha256_of_file(file)) != record["sha256"]:
            raise ArtifactError(f"{file} has sha256 {digest}, not {record['sha256']} as in the manifest: {remedy}.")
    return Artifact(path, manifest)
