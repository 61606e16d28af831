"""Base weights in Hugging Face layout, converted once and kept in the cache as an artifact of kind `base`."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

# The conversion's bar is for a terminal; in a log it is one endless line.
if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_DISABLE", "1")

import torch
from omegaconf import OmegaConf
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from shipworthy.core.artifact import MANIFEST, read_artifact, write_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json, sha256_of_json, write_json
from shipworthy.core.progress import say
from shipworthy.core.project import cache_folder
from shipworthy.core.sources import build as sources
from shipworthy.core.sources.folder import content, note_content
from shipworthy.core.sources.schema import Folder, Hub
from shipworthy.models.causal_lm.base import KIND, base_folder, notes
from shipworthy.models.causal_lm.base import place as place_of
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.template import OWN
from shipworthy.models.causal_lm.template import read as read_template

disable_progress_bar()

SHAPE_SEED = 0
CONFIGS = ("config.json", "generation_config.json")
"""Files that name the tokens by which a text begins and ends."""


def fetch(config: CausalLM) -> Path:
    """Downloads and converts the base weights unless the cache has them; those of a folder, as the folder is now.

    Raises:
        ShipworthyError: the source cannot be reached, is not what its pin says, or holds no language model.
    """
    if isinstance(config.source, Folder):
        note_content(config.source, notes())
    place = place_of(config)
    if not (place / MANIFEST).is_file() and config.template != OWN:
        _retell(config, fetch(replace(config, template=OWN)), place)
    elif not (place / MANIFEST).is_file():
        say(f"base weights of {config.name}: from {config.source.title}, converted once")
        _convert(config, place)
    return base_folder(config)


def _retell(config: CausalLM, base: Path, place: Path) -> None:
    """The same weights (hard links) with a tokenizer that carries the config's template."""
    settings = _settings(config)
    inputs = {"base": read_artifact(base, KIND).digest}
    tokenizer = AutoTokenizer.from_pretrained(base)
    install(tokenizer, config.template)
    ends = {f"{role}_id": getattr(tokenizer, f"{role}_id") for role in ("bos_token", "eos_token")}
    with write_artifact(
        place, KIND, run_id=sha256_of_json(settings)[:16], config=settings, inputs=inputs, seeds={}
    ) as folder:
        tokenizer.save_pretrained(folder)
        for file in base.iterdir():
            if file.name in CONFIGS:
                write_json(folder / file.name, {**read_json(file), **ends})
            elif file.name != MANIFEST and not (folder / file.name).exists():
                os.link(file, folder / file.name)


def install(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Gives a tokenizer the template `name`, and the tokens by which it begins and ends; `own` changes nothing.

    Raises:
        UsageError: the tokenizer lacks a token that the template needs.
    """
    if name == OWN:
        return
    template = read_template(name)
    ends = {"bos_token": template.bos, "eos_token": template.eos}
    named = [token for token in ends.values() if token not in ("", OWN)]
    lacking = [token for token in (*named, *template.needs) if token not in tokenizer.get_vocab()]
    lacking += [role for role, token in ends.items() if token == OWN and not getattr(tokenizer, role)]
    if lacking:
        raise UsageError(
            f"model.template={name}: the model's tokenizer has no {lacking[0]}, which the template writes: choose "
            "another template (own is the model's), or a model that was made for this one."
        )
    for role, token in ends.items():
        if token not in ("", OWN):
            setattr(tokenizer, role, token)
    tokenizer.chat_template = template.text


def _settings(config: CausalLM) -> dict[str, Any]:
    plain = OmegaConf.to_container(OmegaConf.structured(config))
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _convert(config: CausalLM, place: Path) -> None:
    settings = _settings(config)
    found = sources.fetch(config.source, cache_folder() / "downloads")
    inputs = {config.source.kind: _content(config, found)}
    with write_artifact(
        place, KIND, run_id=sha256_of_json(settings)[:16], config=settings, inputs=inputs, seeds={"shape": SHAPE_SEED}
    ) as folder:
        tokenizer, network = _load(config, found)
        tokenizer.save_pretrained(folder)
        network.save_pretrained(folder)


def _content(config: CausalLM, found: Path) -> str:
    """What identifies the fetched weights: their hash, or the commit."""
    if isinstance(config.source, Folder):
        return content(config.source, notes())
    return found.name if isinstance(config.source, Hub) else config.source.content_sha256


def _load(config: CausalLM, found: Path) -> tuple[Any, Any]:
    """Tokenizer and network of a folder in the hub's layout, or of a GGUF file.

    Raises:
        ShipworthyError: it is none.
    """
    source, options, unpacked = str(found), {}, {}
    if found.is_file():
        source, options = str(found.parent), {"gguf_file": found.name}
        # transformers keeps a GGUF's blocks quantized, and refuses to save them, unless told.
        unpacked = {"quantization_config": GgufConfig(dequantize=True)}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        if config.shape.hidden_size:
            return tokenizer, _random(config, len(tokenizer), tokenizer)
        return tokenizer, AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, **options, **unpacked)
    except (OSError, ValueError, KeyError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ShipworthyError(
            f"{config.source.title} holds no language model that can be read ({said}): correct model.source."
        ) from error


def _random(config: CausalLM, vocabulary: int, tokenizer: object) -> LlamaForCausalLM:
    shape = config.shape
    torch.manual_seed(SHAPE_SEED)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=shape.hidden_size,
            intermediate_size=shape.intermediate_size,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            tie_word_embeddings=True,
            bos_token_id=getattr(tokenizer, "bos_token_id", None),
            eos_token_id=getattr(tokenizer, "eos_token_id", None),
        )
    )
