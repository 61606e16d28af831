"""From what a training starts besides the source's own weights: the folder of an adapter, or of all weights."""

from pathlib import Path

from shipworthy.core.artifact import MANIFEST, read_artifact
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.core.project import project_root
from shipworthy.core.sources import repository
from shipworthy.models.base import BASE
from shipworthy.models.causal_lm.checkpoint import ADAPTER, ADAPTER_CONFIG, MERGED, WHOLE

CONFIG = "config.json"
CHECKPOINT = "checkpoint"
WEIGHTS = (*repository.WEIGHTS, "adapter_model.safetensors")


def folder(path: str) -> Path:
    """The folder that `model.start` means: itself, or that of a checkpoint's, or of a run's checkpoint's.

    Raises:
        UsageError: it holds neither an adapter that can be merged nor weights.
    """
    top = project_root() / Path(path).expanduser()
    for place in (top, top / CHECKPOINT):
        for one in (place, place / ADAPTER, place / WHOLE):
            if (one / ADAPTER_CONFIG).is_file():
                _check_adapter(one, path)
                return one
            if (one / CONFIG).is_file():
                return one
    raise UsageError(
        f"model.start={path}: {top} holds neither an adapter ({ADAPTER_CONFIG}) nor weights ({CONFIG}): give the "
        "folder of one, of a checkpoint or of a run."
    )


def is_adapter(found: Path) -> bool:
    """Whether what `folder` found is one."""
    return (found / ADAPTER_CONFIG).is_file()


def check_trained_on(found: Path, base_digest: str, path: str) -> None:
    """Refuses what belongs to a checkpoint that was trained on other base weights; of other folders nobody knows.

    Args:
        found: what `folder` found.
        base_digest: of the base weights.

    Raises:
        ArtifactError: the checkpoint was damaged.
        UsageError: it is one to other weights.
    """
    if not (found.parent / MANIFEST).is_file():
        return
    checkpoint = read_artifact(found.parent, CHECKPOINT)
    if checkpoint.manifest.inputs.get(BASE, base_digest) != base_digest:
        raise UsageError(
            f"model.start={path}: {checkpoint.path} was trained on other base weights than those of this model: choose "
            "the model that it was trained on."
        )


def _check_adapter(found: Path, path: str) -> None:
    if (kind := read_json(found / ADAPTER_CONFIG).get("peft_type")) != MERGED:
        raise UsageError(
            f"model.start={path}: an adapter of the kind {kind} can't be merged into the model's weights, and only one "
            f"of the kind {MERGED} can: start from another."
        )
    if not (found / WEIGHTS[-1]).is_file():
        raise UsageError(
            f"model.start={path}: {found} has no {WEIGHTS[-1]}, and pickled weights are never loaded: take an adapter "
            "that was saved as safetensors."
        )
