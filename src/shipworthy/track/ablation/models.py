"""Whether trainings made the same model: by the hashes of the files that answer, not by what was noted of training."""

from collections.abc import Mapping
from pathlib import Path

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.files import read_json, sha256_of_json
from shipworthy.models.build import CANDIDATE, RECORDS
from shipworthy.track.ablation.design import Training


def digest(checkpoint: Path) -> str:
    """Of a model's own files: neither its settings nor its training's history, which may differ where it does not."""
    files = read_json(checkpoint / MANIFEST)["files"]
    own = {name: about["sha256"] for name, about in files.items() if name not in (*RECORDS, CANDIDATE)}
    return sha256_of_json(own)


def without_chance(digests: Mapping[Training, object]) -> list[tuple[str, ...]]:
    """The variants of which two or more seeds came to an end, and all made the same model, or score the same.

    Args:
        digests: of models, or their scores.
    """
    variants = dict.fromkeys(one.changed for one in digests)
    return [changed for changed in variants if _same([digests[one] for one in digests if one.changed == changed])]


def without_effect(name: str, digests: Mapping[Training, str]) -> bool:
    """Whether a change never made another model than there is without it."""
    by_name = {(one.changed, one.seed): found for one, found in digests.items()}
    pairs = [
        (found, by_name.get((tuple(other for other in changed if other != name), seed)))
        for (changed, seed), found in by_name.items()
        if name in changed
    ]
    known = [(one, other) for one, other in pairs if other is not None]
    return bool(known) and all(one == other for one, other in known)


def _same(digests: list[object]) -> bool:
    return len(digests) > 1 and len(set(digests)) == 1
