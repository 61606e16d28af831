"""The network of a checkpoint, whatever of it was trained."""

from pathlib import Path

from transformers import PreTrainedModel

from shipworthy.models.causal_lm.checkpoint import weights
from shipworthy.models.causal_lm.network import load_network


def load_tuned(base: Path, checkpoint: Path) -> PreTrainedModel:
    """A checkpoint's network in evaluation mode: its own weights, or the base's with its adapter merged into them.

    Args:
        base: a Hugging Face folder of the base weights.
        checkpoint: the folder of a `checkpoint` artifact.
    """
    return load_network(*weights(base, checkpoint))
