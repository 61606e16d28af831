"""Very small networks of many families, with random weights: what a path through the code must hold for.

Windows are shorter than the rows that tests make, weights large, so that a key that is seen too much or too little
changes the loss.
"""

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedModel

from shipworthy.models.causal_lm import attention

VOCABULARY = 120
WINDOW = 16

SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
GEMMA = {**SHAPE, "head_dim": 16}
MIXED = ["sliding_attention", "full_attention"]

FAMILIES: dict[str, dict[str, Any]] = {
    "llama": SHAPE,
    "qwen2": SHAPE,
    "qwen3": {**SHAPE, "head_dim": 16},
    "qwen3_moe": {
        **SHAPE,
        "head_dim": 16,
        "moe_intermediate_size": 24,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "norm_topk_prob": True,
    },
    "mistral": {**SHAPE, "sliding_window": WINDOW},
    "gemma": GEMMA,
    "gemma2": {
        **GEMMA,
        "sliding_window": WINDOW,
        "layer_types": MIXED,
        "query_pre_attn_scalar": 8,
        "attn_logit_softcapping": 3.0,
        "final_logit_softcapping": 5.0,
    },
    "gemma3_text": {**GEMMA, "sliding_window": WINDOW, "layer_types": MIXED, "query_pre_attn_scalar": 8},
    "phi3": {**SHAPE, "partial_rotary_factor": 0.5, "pad_token_id": 0},
    "olmo2": SHAPE,
    "smollm3": {
        **SHAPE,
        "num_hidden_layers": 4,
        "no_rope_layers": [1, 1, 1, 0],
        "use_sliding_window": True,
        "sliding_window": WINDOW,
        "layer_types": MIXED * 2,
        "pad_token_id": 0,
    },
    "granite": {
        **SHAPE,
        "embedding_multiplier": 6.0,
        "attention_multiplier": 0.2,
        "residual_multiplier": 0.4,
        "logits_scaling": 2.0,
    },
    "cohere2": {**SHAPE, "sliding_window": WINDOW, "layer_types": MIXED, "logit_scale": 0.25},
    "gpt2": {
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 4,
        "n_positions": 256,
        "attn_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
    },
    "gpt_neox": {**SHAPE, "rotary_pct": 0.5},
    "falcon": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "bias": True},
    "mamba2": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_heads": 8,
        "head_dim": 8,
        "state_size": 8,
        "n_groups": 2,
        "chunk_size": 8,
    },
    "gpt_oss": {
        **SHAPE,
        "head_dim": 16,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "sliding_window": WINDOW,
        "layer_types": MIXED,
    },
    "lfm2": {**SHAPE, "layer_types": ["conv", "full_attention"]},
    "llama4_text": {
        **SHAPE,
        "head_dim": 16,
        "intermediate_size_mlp": 48,
        "num_local_experts": 2,
        "attention_chunk_size": WINDOW,
        "layer_types": ["chunked_attention", "full_attention"],
    },
    "deepseek_v3": {
        **SHAPE,
        "num_key_value_heads": 4,
        "q_lora_rank": 16,
        "kv_lora_rank": 16,
        "qk_rope_head_dim": 8,
        "qk_nope_head_dim": 8,
        "v_head_dim": 8,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "n_group": 1,
        "topk_group": 1,
        "moe_intermediate_size": 16,
        "first_k_dense_replace": 1,
    },
    "opt": {
        "hidden_size": 32,
        "word_embed_proj_dim": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 256,
        "dropout": 0.0,
    },
}
"""Family, as transformers names it → what its config sets."""

ENCODERS: dict[str, dict[str, Any]] = {
    "bert": {**SHAPE, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "modernbert": {
        **SHAPE,
        "local_attention": WINDOW,
        "layer_types": MIXED,
        "pad_token_id": 0,
        "cls_token_id": 1,
        "sep_token_id": 2,
    },
    "roberta": {**SHAPE, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "pad_token_id": 0},
    "distilbert": {
        "dim": 32,
        "hidden_dim": 48,
        "n_layers": 2,
        "n_heads": 4,
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "seq_classif_dropout": 0.0,
    },
    "deberta-v2": {
        **SHAPE,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 8,
    },
}
"""Those that see what comes after a token, too; they have heads."""
WITH_HEADS = [*ENCODERS, *("llama", "mistral", "qwen3", "gemma3_text", "gemma2", "phi3", "gpt2", "gpt_neox", "falcon")]
"""Families of which transformers makes sequence classifiers, encoders first."""

UNFIT = {"falcon", "gpt_oss", "lfm2", "llama4_text", "mamba2"}
"""Those whose rows can't share a sequence."""


def tiny(family: str, *, eager: bool = False, seed: int = 0, **changes: Any) -> PreTrainedModel:
    """A network of the family in evaluation mode, as `load_network` would load it.

    Args:
        eager: with transformers' own attention, in plain operations, instead of ours.
        changes: to the family's config.
    """
    settings = {
        "vocab_size": VOCABULARY,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "initializer_range": 0.3,
        **(FAMILIES | ENCODERS)[family],
        **changes,
    }
    torch.manual_seed(seed)
    kind = AutoModelForSequenceClassification if "num_labels" in changes else AutoModelForCausalLM
    network: PreTrainedModel = kind.from_config(
        AutoConfig.for_model(family, **settings), **({"attn_implementation": "eager"} if eager else {})
    )
    with torch.no_grad():
        for parameter in network.parameters():  # norms and biases begin where they do nothing
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    if not eager and family not in ENCODERS:
        attention.install(network)
    return network.eval()
