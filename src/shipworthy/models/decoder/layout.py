"""A decoder's weights on disk, as transformers' Llama keeps them: so whatever reads a Llama reads them."""

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.decoder.network import Transformer
from shipworthy.models.decoder.schema import DecoderShape


def save(network: Transformer, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Writes config.json, model.safetensors (large ones in parts) and the tokenizer's files."""
    tokenizer.save_pretrained(folder)
    to_llama(network, tokenizer).save_pretrained(folder)


def load(folder: Path) -> Transformer:
    """The network of a folder in Hugging Face layout, in the dtype that it is kept in.

    Raises:
        ShipworthyError: the folder holds something else than a Llama that `Transformer` can be.
    """
    config = LlamaConfig.from_pretrained(str(folder))
    if fault := _unlike(config):
        raise ShipworthyError(f"{folder} can't be read as a decoder: its {fault}; load it as model=causal_lm.")
    llama = LlamaForCausalLM.from_pretrained(str(folder), dtype="auto", use_safetensors=True)
    with torch.device("meta"):
        network = Transformer(_shape(config), config.vocab_size)
    network.load_state_dict(llama.state_dict(), assign=True)
    network.tie()
    return network


def to_llama(network: Transformer, tokenizer: PreTrainedTokenizerBase | None = None) -> LlamaForCausalLM:
    """The same network as transformers' Llama; both have the same tensors in memory.

    Args:
        tokenizer: whose tokens for a text's begin and end, and for padding, the config is to name.
    """
    shape = network.shape
    config = LlamaConfig(
        vocab_size=network.vocabulary,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.intermediate_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=shape.tie,
        initializer_range=shape.std,
        rms_norm_eps=shape.norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
        dtype=network.lm_head.weight.dtype,
        **{f"{role}_token_id": getattr(tokenizer, f"{role}_token_id", None) for role in ("bos", "eos", "pad")},
    )
    with torch.device("meta"):
        llama = LlamaForCausalLM(config)
    llama.load_state_dict(network.state_dict(), assign=True)
    llama.tie_weights()
    llama.model.rotary_emb = type(llama.model.rotary_emb)(config=config)  # its angles are no weights, and not loaded
    return llama


def _shape(config: LlamaConfig) -> DecoderShape:
    return DecoderShape(
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        context=config.max_position_embeddings,
        tie=config.tie_word_embeddings,
        std=config.initializer_range,
        rope_base=config.rope_parameters["rope_theta"],
        norm_eps=config.rms_norm_eps,
    )


def _unlike(config: LlamaConfig) -> str:
    """What a Llama's config asks for that the decoder doesn't have (empty: nothing)."""
    found = {
        "architecture is not LlamaForCausalLM": config.architectures != ["LlamaForCausalLM"],
        "layers have biases": config.attention_bias or config.mlp_bias,
        "activation is not SiLU": config.hidden_act != "silu",
        "rotary positions are scaled": config.rope_parameters["rope_type"] != "default",
        "heads are not as wide as hidden_size / heads": config.head_dim * config.num_attention_heads
        != config.hidden_size,
    }
    return next((fault for fault, there in found.items() if there), "")
