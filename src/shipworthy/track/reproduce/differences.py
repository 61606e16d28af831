"""Names what differs between now and when a run was made: libraries, machine, code, data."""

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from shipworthy.core.artifact import MANIFEST, Artifact, Manifest, read_artifact
from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.core.extensions import FOLDER, import_schemas, in_folder, module_files
from shipworthy.core.files import matching, read_json, sha256_of_files
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import SCHEMAS, from_plain
from shipworthy.models import base
from shipworthy.models.base import BASE
from shipworthy.models.dataset import SPLITS
from shipworthy.track.record.record import dataset_folder
from shipworthy.track.reproduce import rows

HARDWARE = {
    "python": "Python",
    "platform": "system",
    "processor": "processor",
    "cpus": "cores",
    "threads": "torch's threads",
    "cuda": "CUDA",
    "driver": "GPU driver",
    "gpus": "GPUs",
}
"""Of the environment's record, with the words for it; libraries are compared by the packages' list."""


def packages(then: str, now: str) -> list[str]:
    """The libraries whose version is another one.

    Args:
        then, now: lines `name==version`.
    """
    before, after = _pins(then), _pins(now)
    return [
        f"library {name}: {after.get(name, 'not installed')}, was {before.get(name, 'not installed')}"
        for name in sorted({**before, **after})
        if before.get(name) != after.get(name)
    ]


def _pins(text: str) -> dict[str, str]:
    parts = (line.partition("==") for line in text.splitlines() if "==" in line)
    return {name.strip().lower().replace("_", "-"): version.strip() for name, _, version in parts}


def hardware(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs in Python, system, processor and GPUs; what one of them does not know is not compared."""
    return [
        f"{word}: {now[key]}, was {then[key]}"
        for key, word in HARDWARE.items()
        if then.get(key) not in (None, "") and now.get(key) not in (None, "") and then[key] != now[key]
    ]


def code(then: Path, now: Path) -> list[str]:
    """The files of the package and of extensions that differ, with the first line that does.

    Args:
        then, now: folders that hold `src/shipworthy`.
    """
    found = []
    for name in sorted({*_sources(then), *_sources(now)}):
        before, after = (_text(root / name) for root in (then, now))
        if before is None or after is None:
            found.append(f"{name}: {'is gone' if after is None else 'is new'}")
        elif before != after:
            found.append(f"{name}, line {_first_difference(before, after)}")
    return found


def _sources(root: Path) -> list[str]:
    files = [*(root / "src" / "shipworthy").rglob("*.py"), *module_files(in_folder(root / FOLDER)).values()]
    return [str(path.relative_to(root)) for path in files]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _first_difference(then: str, now: str) -> str:
    pairs = enumerate(zip_longest(then.splitlines(), now.splitlines(), fillvalue=""), 1)
    number, before, after = next((n, one, other) for n, (one, other) in pairs if one != other)
    return f"{number}: `{after.strip()}`, was `{before.strip()}`"


def data(record: Mapping[str, Any], runs: Path, project: Path) -> list[str]:
    """The raw files and the rows of the dataset that are other ones.

    Args:
        record: the run's record.json.
        runs: the folder of the runs.
    """
    kept = rows.folder_of(runs, record["inputs"]["dataset"])
    inputs = Manifest(**read_json(kept / MANIFEST)).inputs
    found = _raw({name: digest for name, digest in inputs.items() if name != BASE}, project) + _base(record)
    path = dataset_folder(record, runs)
    if dataset(record, runs) is None:
        whole = all((path / f"{name}.parquet").exists() for name in SPLITS)
        named = path.relative_to(project) if path.is_relative_to(project) else path  # it is kept with the run
        found += rows.compare(kept, path) if whole else [f"there is no whole dataset at {named}"]
    return found


def _raw(inputs: Mapping[str, str], project: Path) -> list[str]:
    found = []
    for name, digest in inputs.items():
        paths = matching(project, name)
        if not paths:
            found.append(f"{name} is gone")
        elif sha256_of_files(paths, project) != digest:
            found.append(f"{name} is not the file that the dataset was made from")
    return found


def _base(record: Mapping[str, Any]) -> list[str]:
    """Whether the base weights that the run was trained on are others now, or were not fetched here."""
    then = record["inputs"].get(BASE)
    if then is None:
        return []
    import_schemas()
    model = record["config"]["model"]
    try:
        config = from_plain(SCHEMAS["model"][model["kind"]], model, "model")
    except (KeyError, UsageError, OmegaConfBaseException):
        return [f"model '{model['kind']}' has other settings by now, so that its {BASE} can't be looked for"]
    assert isinstance(config, ModelConfig)
    try:
        now = base.inputs(config)[BASE]
    except ArtifactError as error:
        return [str(error).rstrip(".")]
    return [] if now == then else [f"{BASE} of model '{config.kind}' are not those that the run was trained on"]


def dataset(record: Mapping[str, Any], runs: Path) -> Artifact | None:
    """The run's dataset, if it still stands where it was, as it was."""
    try:
        found = read_artifact(dataset_folder(record, runs), "dataset")
    except ArtifactError:
        return None
    return found if found.digest == record["inputs"]["dataset"] else None
