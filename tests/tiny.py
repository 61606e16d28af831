"""A very small language model in Hugging Face layout, made on the spot: no download."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_tokenizer(
    folder: Path,
    template: str = CHATML,
    specials: Sequence[str] = ("<|im_start|>", "<|im_end|>"),
    merges: Sequence[tuple[str, str]] = (),
    **roles: str,
) -> PreTrainedTokenizerFast:
    """Writes a byte-level tokenizer with a chat template.

    Args:
        specials: tokens beside <|endoftext|>; the first is bos, the last eos.
        merges: of the byte-level alphabet, so that "ab" is one token.
        roles: bos_token, eos_token, pad_token (<|endoftext|>), unk_token, if they are others.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    joined = [first + second for first, second in merges]
    vocabulary = {token: i for i, token in enumerate(["<|endoftext|>", *specials, *alphabet, *joined])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    settled = {"bos_token": specials[0], "eos_token": specials[-1], "pad_token": "<|endoftext|>", **roles}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, **settled)
    tokenizer.add_special_tokens({"additional_special_tokens": list(specials)})
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return tokenizer


def write_model(folder: Path, template: str = CHATML, specials: Sequence[str] = ("<|im_start|>", "<|im_end|>")) -> Path:
    """Writes a Llama of 2 layers with random weights and a byte-level tokenizer with a chat template."""
    tokenizer = write_tokenizer(folder, template, specials)
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            initializer_range=0.3,
        )
    ).save_pretrained(folder)
    return folder


def write_encoder(folder: Path) -> Path:
    """Writes a BERT of 2 layers without a head, with random weights and a byte-level tokenizer."""
    tokenizer = write_tokenizer(folder)
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=512,
            initializer_range=0.1,
            pad_token_id=0,
        )
    ).save_pretrained(folder)
    return folder
