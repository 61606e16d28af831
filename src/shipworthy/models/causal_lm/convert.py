"""Base weights that must be written: of a GGUF file, of a part of a network, merged with an adapter's, at random."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GgufConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.network import built, load_network, native_dtype, tensors
from shipworthy.models.causal_lm.schema import Shape

SEED = 0
PART = "language_model."
"""What stands in the names of the weights of a larger network's language model."""
HALVES = (torch.bfloat16, torch.float16)


def dequantized(file: Path) -> PreTrainedModel:
    """The network of a GGUF file, with its numbers as they are.

    Raises:
        OSError, ValueError, KeyError: it can't be read.
    """
    network: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        str(file.parent),
        gguf_file=file.name,
        dtype=torch.float32,
        # transformers keeps a GGUF's blocks quantized, and refuses to save them, unless told.
        quantization_config=GgufConfig(dequantize=True),
    )
    return in_fewest_bits(network)


def in_fewest_bits(network: PreTrainedModel) -> PreTrainedModel:
    """A network of float32 in 16 bits, if that changes none of its numbers; else as it is.

    What was quantized is the product of a scale and a small integer, which 16 bits round.
    """
    for dtype in HALVES:
        if all(torch.equal(weight.to(dtype).float(), weight) for weight in network.state_dict().values()):
            return network.to(dtype)
    return network


def text_part(folder: Path) -> PreTrainedModel:
    """The language model of a network that reads images too, in the type in which its weights are kept.

    Raises:
        ArtifactError: its weights have other names than transformers gives them.
    """
    config = AutoConfig.from_pretrained(str(folder)).get_text_config(decoder=True)
    weights = {
        name.replace(PART, "", 1): tensor
        for name, tensor in tensors(folder).items()
        if PART in name or name == "lm_head.weight"
    }
    return built(config, weights, folder, native_dtype(folder))


def merged(base: Path, adapter: Path, title: str) -> PreTrainedModel:
    """The network of a base folder, in 32 bits, with an adapter in PEFT's layout merged into it.

    Raises:
        ShipworthyError: the adapter is one to another model.
    """
    try:
        return load_network(base, adapter)
    except (RuntimeError, ValueError, KeyError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
        raise ShipworthyError(f"{title} is an adapter to another model ({said}): take one to this model.") from error


def embedded(base: Path) -> int:
    """For how many tokens a base folder's network has embeddings, some of which its tokenizer may leave unused."""
    return int(AutoConfig.from_pretrained(str(base)).get_text_config(decoder=True).vocab_size)


def resized(base: Path, tokens: int) -> PreTrainedModel:
    """The network of a base folder, in the type in which its weights are kept, with embeddings for `tokens` tokens.

    The new rows are drawn around the mean of the others, the same each time.
    """
    network = load_network(base, dtype=native_dtype(base))
    torch.manual_seed(SEED)
    network.resize_token_embeddings(tokens)
    return network


def random(shape: Shape, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """A Llama of a shape, for the tokenizer's vocabulary; the same numbers each time."""
    special: dict[str, Any] = {name: getattr(tokenizer, name, None) for name in ("bos_token_id", "eos_token_id")}
    torch.manual_seed(SEED)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.hidden_size,
            intermediate_size=shape.intermediate_size,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            tie_word_embeddings=True,
            **special,
        )
    )
