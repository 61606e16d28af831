"""Low-rank updates of linear layers, by PEFT (Hu et al. 2021)."""

from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn import Linear
from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.models.adapters.schema import Lora


def attach(network: PreTrainedModel, config: Lora) -> PeftModel:
    """The network with LoRA on its linear layers; only the updates are trainable.

    Raises:
        UsageError: `adapter.targets` names what the network does not have.
    """
    layers = int(network.config.num_hidden_layers)
    linear = {
        name.rpartition(".")[2]
        for name, module in network.named_modules()
        if isinstance(module, Linear) and module is not network.get_output_embeddings()
    }
    for target in config.targets:
        if target != "all-linear" and target not in linear:
            raise UsageError(f"adapter.targets: the network has no linear layer '{target}', but {sorted(linear)}.")
    adapted = get_peft_model(
        network,
        LoraConfig(
            r=config.rank,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            target_modules=sorted(linear) if "all-linear" in config.targets else list(config.targets),
            layers_to_transform=list(range(config.first_layer, layers)) if config.first_layer else None,
            task_type="CAUSAL_LM",
        ),
    )
    assert isinstance(adapted, PeftModel)
    return adapted
