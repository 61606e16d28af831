"""What a network's checkpoint holds: all of its weights, or an adapter to those of its base; imports nothing heavy."""

from pathlib import Path

ADAPTER, WHOLE = "adapter", "model"
"""Folders of a checkpoint, of which it has one: in PEFT's layout, or in Hugging Face's."""


def weights(base: Path, checkpoint: Path) -> tuple[Path, Path | None]:
    """The folder of a trained network's weights, and that of the adapter to them, if there is one.

    Args:
        base: a Hugging Face folder of the base weights.
        checkpoint: the folder of a `checkpoint` artifact.
    """
    whole = checkpoint / WHOLE
    return (whole, None) if whole.is_dir() else (base, checkpoint / ADAPTER)
