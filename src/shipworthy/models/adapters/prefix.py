"""Keys and values before every row, in each layer, are trained, and nothing else, by PEFT (Li and Liang 2021)."""

from peft import PeftModel, PrefixTuningConfig, get_peft_model
from transformers import PreTrainedModel

from shipworthy.models.adapters import virtual
from shipworthy.models.adapters.schema import PrefixTuning


def attach(network: PreTrainedModel, config: PrefixTuning) -> PeftModel:
    """The network behind virtual tokens, of which each layer has keys and values of its own.

    Raises:
        UsageError: the family takes none.
    """
    adapted = get_peft_model(network, PrefixTuningConfig(num_virtual_tokens=config.tokens, task_type="CAUSAL_LM"))
    assert isinstance(adapted, PeftModel)
    return virtual.install(adapted)
