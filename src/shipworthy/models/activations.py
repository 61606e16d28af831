"""What the forward pass keeps for the backward pass: all of it, or the inputs of layers, which are computed again."""

from torch.nn import Module
from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.models.adapters import virtual

EVERY = {"full": 1, "selective": 2}
"""By `trainer.activation_checkpointing`: of how many layers one is computed again (Chen et al. 2016)."""


def checkpoint(network: PreTrainedModel, how: str, *, offload: bool, draws: bool) -> None:
    """Makes layers compute their activations again in the backward pass, by transformers.

    Args:
        network: the causal language model, its adapter in place.
        how: `none`, `full` or `selective`.
        offload: whether what is kept for that waits in main memory.
        draws: whether the forward pass draws random numbers, which must be the same ones the second time.

    Raises:
        UsageError: the family cannot.
    """
    if how == "none":
        return
    if (found := virtual.of(network)) and found.cached:
        raise UsageError(
            f"trainer.activation_checkpointing={how} has no room for the keys and values of adapter=prefix: take none, "
            "or adapter=prompt."
        )
    if not network.supports_gradient_checkpointing:
        raise UsageError(
            f"trainer.activation_checkpointing={how}: {type(network).__name__} cannot compute its layers again: take "
            "none."
        )
    settings = {"use_reentrant": False, "preserve_rng_state": draws}
    network.activation_checkpointing_enable(settings, every_n_layers=EVERY[how], offload=offload)


def made_again(layer: Module) -> bool:
    """Whether a layer computes its activations again in the backward pass."""
    return bool(getattr(layer, "gradient_checkpointing", False))
