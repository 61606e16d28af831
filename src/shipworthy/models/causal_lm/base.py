"""Where base weights are kept, and whether they are there; nothing heavy is imported."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import MANIFEST, read_artifact
from shipworthy.core.commands import again, told
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, sha256_of_json
from shipworthy.core.project import cache_folder
from shipworthy.core.sources.folder import content
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.template import OWN, read

KIND = "base"


def place(config: CausalLM) -> Path:
    """Where the base weights of a config stand once they are fetched.

    What comes from a folder is known by the content that it had when it was fetched last, not by its path.
    """
    source = content(config.source, notes()) if isinstance(config.source, Folder) else asdict(config.source)
    parts: list[object] = [source, asdict(config.shape)]
    if config.template != OWN:
        parts.append(asdict(read(config.template)))
    identity = sha256_of_json(parts)
    return cache_folder() / "models" / f"{config.name}-{identity[:12]}"


def notes() -> Path:
    """Where it is noted what folders held when they were fetched."""
    return cache_folder() / "models" / "folders"


def base_folder(config: CausalLM) -> Path:
    """The verified folder of the base weights: config.json, model.safetensors, tokenizer files.

    Raises:
        ArtifactError: it was not fetched, or it is damaged.
    """
    return read_artifact(place(config), KIND, remedy=_remedy()).path


def digest(config: CausalLM) -> str:
    """The hash of what the fetched base weights hold, as their manifest says; who loads them verifies it.

    Raises:
        ArtifactError: they were not fetched.
    """
    return sha256_of_json(_files(config))


def size(config: CausalLM) -> int:
    """How large the fetched base weights are (bytes), every file as long as its manifest says; hashes take longer.

    Raises:
        ArtifactError: they were not fetched, or not whole.
    """
    folder, files = place(config), _files(config)
    for name, record in files.items():
        if not (folder / name).is_file() or (folder / name).stat().st_size != record["bytes"]:
            raise ArtifactError(
                f"{folder / name} is not as long as when it was fetched: delete {folder}, and {_remedy()}."
            )
    return sum(record["bytes"] for record in files.values())


def _files(config: CausalLM) -> dict[str, dict[str, Any]]:
    """Name → size in bytes and sha256, from the manifest of the fetched base weights."""
    folder = place(config)
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(f"the base weights of {config.name} are not in {folder.parent}: {_remedy()}.")
    files: dict[str, dict[str, Any]] = read_json(folder / MANIFEST)["files"]
    return files


def _remedy() -> str:
    return f"run `{again('fetch')}`" if told() is not None else "fetch them, with the same model"
