"""A network with what an adapter's folder holds, as it answers."""

from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from shipworthy.models.adapters import nf4, virtual


def with_adapter(network: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """The network with the adapter merged into its weights, which are first rounded as they were when it was trained.

    Virtual tokens can't be merged: they stand before every row that the network is given.

    Args:
        network: with its base weights, none of them quantized.
        folder: in PEFT's layout.
    """
    if how := nf4.read(folder):
        nf4.round_weights(network, how)
    adapted = PeftModel.from_pretrained(network, str(folder))
    if adapted.peft_config["default"].is_prompt_learning:
        base: PreTrainedModel = virtual.install(adapted).get_base_model()
        return base
    merged: PreTrainedModel = adapted.merge_and_unload()
    return merged
