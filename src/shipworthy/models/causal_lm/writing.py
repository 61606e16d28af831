"""How an artifact of kind `base` is written: files of its own, and links to files that stay where they are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from shipworthy.core.artifact import write_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_json, write_json
from shipworthy.core.noted_hash import sha256_noted
from shipworthy.core.sources import repository
from shipworthy.models.causal_lm import shards
from shipworthy.models.causal_lm.base import KIND, LINKS, linked, notes
from shipworthy.models.causal_lm.schema import CausalLM

NUMBERS = (*repository.WEIGHTS, shards.INDEX)
"""Patterns of the names of files that hold weights, and of their index."""
SHA256 = re.compile("[0-9a-f]{64}")


@contextmanager
def base_artifact(
    config: CausalLM, place: Path, inputs: Mapping[str, str], seeds: Mapping[str, int] | None = None
) -> Iterator[Path]:
    """Yields an empty folder to fill; when the block ends well it becomes the artifact at `place`."""
    plain = OmegaConf.to_container(OmegaConf.structured(config))
    assert isinstance(plain, dict)
    settings = {str(key): value for key, value in plain.items()}
    run = sha256_of_json(settings)[:16]
    with write_artifact(place, KIND, run_id=run, config=settings, inputs=inputs, seeds=seeds or {}) as folder:
        yield folder


def note_links(folder: Path, files: Mapping[str, Path]) -> None:
    """Says to what the folder's links must lead; they are made when it stands in its place (`link`).

    Args:
        files: name → file, which is hashed.

    Raises:
        ShipworthyError: a file of the hub's cache was damaged.
    """
    write_json(folder / LINKS, {name: _record(file) for name, file in files.items()})


def link(place: Path, target: Path) -> None:
    """Makes the links of which LINKS tells, each in one step, to the files of the same names in `target`."""
    for name in linked(place):
        path = place / name
        path.parent.mkdir(exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to((target / name).absolute())
        new.replace(path)


def matching(files: Mapping[str, Path], patterns: Sequence[str]) -> dict[str, Path]:
    """Those files whose name fits one of the patterns."""
    return {name: file for name, file in files.items() if any(fnmatchcase(name, pattern) for pattern in patterns)}


def _record(file: Path) -> dict[str, Any]:
    real, found = file.resolve(), sha256_noted(file, notes() / "files")
    if SHA256.fullmatch(real.name) and real.name != found:  # the hub's cache calls large files by their hash
        raise ShipworthyError(f"{real} has sha256 {found}, so it was damaged: delete it, and fetch it again.")
    return {"bytes": real.stat().st_size, "sha256": found}
