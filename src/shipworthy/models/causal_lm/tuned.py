"""The network of a checkpoint, whatever of it was trained."""

from pathlib import Path

from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.models.adapters import virtual
from shipworthy.models.causal_lm.checkpoint import weights
from shipworthy.models.causal_lm.network import load_network


def load_merged(base: Path, checkpoint: Path) -> PreTrainedModel:
    """The same, where its weights are all that is needed to answer as it does.

    Args:
        base: a Hugging Face folder of the base weights.
        checkpoint: the folder of a `checkpoint` artifact.

    Raises:
        UsageError: there are virtual tokens before its rows, which no weights hold.
    """
    network = load_tuned(base, checkpoint)
    if virtual.of(network):
        raise UsageError(
            "What adapter=prompt and adapter=prefix train stands before every row, and can't be merged into the "
            "model's weights: to hand on one model, train with adapter=lora, qlora or none."
        )
    return network


def load_tuned(base: Path, checkpoint: Path) -> PreTrainedModel:
    """A checkpoint's network in evaluation mode: its own weights, or the base's with its adapter merged into them.

    Args:
        base: a Hugging Face folder of the base weights.
        checkpoint: the folder of a `checkpoint` artifact.
    """
    return load_network(*weights(base, checkpoint))
