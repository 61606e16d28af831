"""Where base weights are kept, and whether they are there; nothing heavy is imported.

An artifact of kind `base` is a folder in Hugging Face's layout. What had to be made (converted weights, a tokenizer
with another template) is in it; what is used as it stands, in the hub's cache or in a folder of the user's, is a link.
LINKS says what the links must lead to: names and hashes, no places, so that the artifact is the same wherever it is.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import MANIFEST, read_artifact
from shipworthy.core.commands import again, told
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, sha256_of_json
from shipworthy.core.noted_hash import sha256_noted
from shipworthy.core.project import cache_folder
from shipworthy.core.sources.folder import content
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm import shards
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.template import OWN, read

KIND = "base"
LINKS = "links.json"


def place(config: CausalLM) -> Path:
    """Where the base weights of a config stand once they are fetched.

    What comes from a folder is known by the content that it had when it was fetched last, not by its path.
    """
    source = content(config.source, notes()) if isinstance(config.source, Folder) else asdict(config.source)
    parts: list[object] = [source, asdict(config.shape)]
    if config.template != OWN:
        parts.append(asdict(read(config.template)))
    if config.start:
        parts.append({"start": content(Folder(path=config.start), notes())})
    if config.new_tokens:
        parts.append({"new_tokens": list(config.new_tokens)})
    if config.has_head:  # what is fetched is not checked for the same
        parts.append("with a head")
    identity = sha256_of_json(parts)
    return cache_folder() / "models" / f"{config.name}-{identity[:12]}"


def notes() -> Path:
    """Where it is noted what folders held when they were fetched."""
    return cache_folder() / "models" / "folders"


def base_folder(config: CausalLM) -> Path:
    """The verified folder of the base weights: config.json, safetensors in the types they came in, tokenizer files.

    Linked files are read again only where their length, times or inode changed since they were hashed.

    Raises:
        ArtifactError: it was not fetched, it is damaged, or a file to which it links is not what was fetched.
    """
    folder = read_artifact(place(config), KIND, remedy=_remedy()).path
    for name, record in linked(folder).items():
        if said := fault(folder / name, record):
            raise ArtifactError(f"{said}: {_remedy()}.")
    return folder


def linked(folder: Path) -> dict[str, dict[str, Any]]:
    """Name → size in bytes and sha256 of what the links of a base folder lead to."""
    path = folder / LINKS
    found: dict[str, dict[str, Any]] = read_json(path) if path.is_file() else {}
    return found


def fault(link: Path, record: dict[str, Any]) -> str:
    """What is wrong with a link; empty: it leads to the file that was fetched.

    Args:
        record: size in bytes and sha256 of that file.
    """
    target = link.resolve()
    if not link.is_symlink() or not target.is_file():
        return f"{link} leads to no file" + (f", for {target} is gone" if link.is_symlink() else "")
    if target.stat().st_size != record["bytes"] or sha256_noted(target, notes() / "files") != record["sha256"]:
        return f"{target} is not what it was when it was fetched"
    return ""


def digest(config: CausalLM) -> str:
    """The hash of what the fetched base weights hold, as their manifest says; who loads them verifies it.

    Raises:
        ArtifactError: they were not fetched.
    """
    return sha256_of_json({name: record for name, record in files(config).items() if name != LINKS})


def size(config: CausalLM) -> int:
    """How large the fetched base weights are (bytes), every file as long as its manifest says; hashes take longer.

    Raises:
        ArtifactError: they were not fetched, or not whole.
    """
    folder, records = place(config), files(config)
    for name, record in records.items():
        if not (folder / name).is_file() or (folder / name).stat().st_size != record["bytes"]:
            raise ArtifactError(
                f"{folder / name} is not as long as when it was fetched: delete {folder}, and {_remedy()}."
            )
    return sum(record["bytes"] for record in records.values())


def numbers(config: CausalLM) -> int:
    """How many numbers the fetched base weights are, whatever they take each.

    Raises:
        ArtifactError: they were not fetched, or not whole.
    """
    size(config)
    try:
        return sum(shards.numbers(place(config)).values())
    except ValueError as error:
        raise ArtifactError(f"The weights in {place(config)} can't be read ({error}): {_remedy()}.") from error


def files(config: CausalLM) -> dict[str, dict[str, Any]]:
    """Name → size in bytes and sha256, of what is in the folder of the fetched base weights and of what it links to.

    Raises:
        ArtifactError: they were not fetched.
    """
    folder = place(config)
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(f"the base weights of {config.name} are not in {folder.parent}: {_remedy()}.")
    own: dict[str, dict[str, Any]] = read_json(folder / MANIFEST)["files"]
    return {**own, **linked(folder)}


def _remedy() -> str:
    return f"run `{again('fetch')}`" if told() is not None else "fetch them, with the same model"
