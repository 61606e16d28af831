"""Embeddings before every row are trained, and nothing else, by PEFT (Lester et al. 2021)."""

from peft import PeftModel, PromptTuningConfig, get_peft_model
from transformers import PreTrainedModel

from shipworthy.models.adapters import virtual
from shipworthy.models.adapters.schema import PromptTuning


def attach(network: PreTrainedModel, config: PromptTuning) -> PeftModel:
    """The network behind virtual tokens, which begin as tokens of its vocabulary.

    Raises:
        UsageError: the family takes none.
    """
    asked = PromptTuningConfig(
        num_virtual_tokens=config.tokens, prompt_tuning_init="SAMPLE_VOCAB", task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(network, asked)
    assert isinstance(adapted, PeftModel)
    return virtual.install(adapted)
