"""Whether an artifact is what its command would make now: of the same command, config, code, lock and inputs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from shipworthy.core.artifact import MANIFEST, Artifact, Manifest, read_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import matching, sha256_of_file, sha256_of_files
from shipworthy.core.identity import lock_hash, run_id
from shipworthy.core.workspace import Workspace


@dataclass
class Inputs:
    """The digests of what a workspace's artifacts are made from, as they are now; each is computed once.

    Attributes:
        root: the workspace's folder.
        project: the project's root.
        known: digests that are known already, such as that of base weights.
    """

    root: Path
    project: Path
    known: dict[str, str] = field(default_factory=dict)

    def digest(self, name: str) -> str:
        """Of an artifact's kind, or of raw files by their name from the project's root; empty if there is none.

        Raises:
            ArtifactError: an artifact is damaged.
        """
        if name not in self.known:
            self.known[name] = self._digest(name)
        return self.known[name]

    def forget(self, kind: str) -> None:
        """What was known of an artifact, which is made anew."""
        self.known.pop(kind, None)

    def note(self, kind: str, artifact: Artifact) -> None:
        """An artifact that was verified just now."""
        self.known[kind] = artifact.digest

    def _digest(self, name: str) -> str:
        if (self.root / name / MANIFEST).is_file():
            return read_artifact(self.root / name, name).digest
        if (file := self.project / name).is_file():
            return sha256_of_file(file)
        top, _, rest = name.partition("/")
        paths = matching(self.project / top, rest) if rest else []
        return sha256_of_files(paths, self.project / top) if paths else ""


def outdated(workspace: Workspace, kind: str, inputs: Inputs, if_there: Collection[str] = ()) -> str:
    """Why the workspace's artifact of a kind is not what its command would make now; empty if it is.

    Args:
        workspace: as the command would be given it.
        inputs: those of the same workspace.
        if_there: kinds that the command reads where they are there, and does without where they are not.
    """
    if not (workspace.root / kind).exists():
        return "not made yet"
    try:
        artifact = read_artifact(workspace.root / kind, kind)
        now = {name: inputs.digest(name) for name in artifact.manifest.inputs}
    except ArtifactError as error:
        return f"damaged: {str(error).rpartition(': ')[0] or error}"
    more = [name for name in if_there if name not in now and (workspace.root / name / MANIFEST).is_file()]
    changed = [name for name in now if now[name] != artifact.manifest.inputs[name]] + more
    if why := f"{', '.join(changed)} changed" if changed else _otherwise(workspace, artifact.manifest, now):
        return why
    inputs.note(kind, artifact)
    return ""


def _otherwise(now: Workspace, manifest: Manifest, inputs: Mapping[str, str]) -> str:
    """What but the inputs differs from when an artifact was made: code, lock, config or command."""
    if manifest.code.get("lineage") != now.code:
        return "its code changed"
    if manifest.environment.get("lock") != lock_hash():
        return "requirements.lock changed"
    if manifest.run_id == run_id(now.command, {**now.identity, "seed": now.seed}, inputs, now.code):
        return ""
    then = replace(now, config=manifest.config).identity | {"seed": manifest.seeds.get("seed")}
    parts = {**now.identity, "seed": now.seed}
    changed = [name for name in sorted({*parts, *then}) if parts.get(name) != then.get(name)]
    return f"{', '.join(changed)} changed" if changed else "made by another command"
