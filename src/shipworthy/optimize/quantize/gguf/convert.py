"""A trained checkpoint and its base weights → one Hugging Face folder → one GGUF file in 16 bits."""

import shutil
import subprocess
import sys
from pathlib import Path

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.progress import say
from shipworthy.models.causal_lm.tuned import load_merged
from shipworthy.optimize.engines.llamacpp.toolchain import Toolchain
from shipworthy.optimize.quantize.gguf.tensors import rope_base

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
)


def merge(base: Path, checkpoint: Path, target: Path) -> None:
    """Writes the trained weights, an adapter merged into its base, and the tokenizer beside them.

    Raises:
        UsageError: what was trained can't be merged.
    """
    say("compress: writing the trained weights as one model")
    load_merged(base, checkpoint).save_pretrained(target)
    copy_tokenizer(base, target)


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copies the files of a tokenizer, template included."""
    target.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copy2(source / name, target / name)


def convert(merged: Path, target: Path, toolchain: Toolchain) -> None:
    """Writes a Hugging Face folder as a GGUF file in 16 bits.

    Raises:
        ShipworthyError: llama.cpp's script failed, or lost the base of the rotary frequencies.
    """
    say("compress: converting to GGUF")
    command = [sys.executable, str(toolchain.converter), str(merged), "--outfile", str(target), "--outtype", "f16"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if result.returncode != 0:
        last = (result.stderr.strip() or "it wrote nothing").splitlines()[-1]
        raise ShipworthyError(f"The conversion to GGUF failed: {last}")
    check_rope(merged, target)


def check_rope(merged: Path, gguf: Path) -> None:
    """Compares the base of the rotary position frequencies.

    Version 5 of transformers writes it under `rope_parameters`; who looks for `rope_theta` there takes 10000 without a
    word, and the model speaks nonsense.

    Raises:
        ShipworthyError: the file has another base than the model.
    """
    config = read_json(merged / "config.json")
    expected = (config.get("rope_parameters") or {}).get("rope_theta", config.get("rope_theta"))
    found = rope_base(gguf)
    if expected is not None and found != float(expected):
        raise ShipworthyError(
            f"{gguf.name} has the rotary base {found}, but the model was trained with {expected}: the conversion "
            "lost it; do not use the file."
        )
