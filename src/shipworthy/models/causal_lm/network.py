"""The network of a causal language model."""

import warnings
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from shipworthy.models.causal_lm import attention

disable_progress_bar()
# PEFT asks for it by its old name.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")


def load_network(folder: Path, adapter: Path | None = None, *, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A network in evaluation mode, with the adapter (if any) merged into its weights.

    Args:
        folder: a Hugging Face folder of the base weights.
        adapter: a PEFT folder.
        dtype: of its weights.
    """
    network: PreTrainedModel = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype)
    attention.install(network)
    if adapter is not None:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, str(adapter)).merge_and_unload()
    return network.eval()
