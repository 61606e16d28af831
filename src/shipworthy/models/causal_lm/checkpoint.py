"""What a network's checkpoint holds: all of its weights, or an adapter to those of its base; imports nothing heavy."""

from pathlib import Path

from shipworthy.core.files import read_json

ADAPTER, WHOLE = "adapter", "model"
"""Folders of a checkpoint, of which it has one: in PEFT's layout, or in Hugging Face's."""
ADAPTER_CONFIG = "adapter_config.json"
MERGED = "LORA"
"""PEFT's name of what can be merged into the weights: all kinds of LoRA."""
QUANTIZATION = "quantization.json"
"""Beside an adapter's weights: how the base was quantized to which it was trained."""


def is_plain(adapter: Path) -> bool:
    """Whether an adapter can be merged into the base's weights as the base's files have them.

    Args:
        adapter: a folder in PEFT's layout.
    """
    return not (adapter / QUANTIZATION).is_file() and read_json(adapter / ADAPTER_CONFIG).get("peft_type") == MERGED


def weights(base: Path, checkpoint: Path) -> tuple[Path, Path | None]:
    """The folder of a trained network's weights, and that of the adapter to them, if there is one.

    Args:
        base: a Hugging Face folder of the base weights.
        checkpoint: the folder of a `checkpoint` artifact.
    """
    whole = checkpoint / WHOLE
    return (whole, None) if whole.is_dir() else (base, checkpoint / ADAPTER)
