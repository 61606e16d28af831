"""Base weights that are made of others: of another start, with new tokens, with another chat template.

Each function writes the artifact without its links, and returns the folder to whose files they lead.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import AddedToken, AutoTokenizer, PreTrainedTokenizerBase

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.files import read_json, write_json
from shipworthy.core.progress import say
from shipworthy.core.sources import repository
from shipworthy.core.sources.folder import content
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm import convert, loadable, start
from shipworthy.models.causal_lm.base import LINKS, digest, linked, notes
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.template import OWN, install
from shipworthy.models.causal_lm.writing import NUMBERS, base_artifact, matching, note_links

CONFIG, GENERATION = "config.json", "generation_config.json"
BESIDE_TOKENIZER = (*NUMBERS, "*.model")
"""What another tokenizer leaves as it is."""


def started(config: CausalLM, base: Path, place: Path) -> Path:
    """The weights of `model.start`: all of them (links), or an adapter's merged into the base's.

    Merged they are written in 32 bits: in 16, most of what an adapter adds would be rounded away.

    Raises:
        ShipworthyError: they are not of this model.
    """
    found, title = start.folder(config.start), f"model.start={config.start}"
    of = digest(replace(config, start=""))
    start.check_trained_on(found, of, config.start)
    inputs = {"base": of, "start": content(Folder(path=config.start), notes())}
    with base_artifact(config, place, inputs) as folder:
        if start.is_adapter(found):
            say(f"base weights of {config.name}: merging {found} into them, once")
            convert.merged(base, found, title).save_pretrained(folder)
        else:
            loadable.check_config(found, title)
            loadable.check_weights(found, title)
            note_links(folder, matching(repository.files(found), NUMBERS))
            shutil.copy2(found / CONFIG, folder)
        others = repository.files(base)
        for name in others.keys() - matching(others, (*NUMBERS, LINKS, MANIFEST)):
            if not (folder / name).exists():
                (folder / name).parent.mkdir(exist_ok=True)
                shutil.copy2(others[name], folder / name)
    return found


def extended(config: CausalLM, base: Path, place: Path) -> Path:
    """The tokenizer with `model.new_tokens`, and embeddings with a row for each.

    The weights are written anew only where the embeddings have too few rows; the new ones are drawn around the mean of
    the others (Hewitt 2021).
    """
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in config.new_tokens])
    inputs, seeds = {"base": digest(replace(config, new_tokens=[]))}, {"new_tokens": convert.SEED}
    if len(tokenizer) <= convert.embedded(base):
        _with_tokenizer(config, base, place, tokenizer, inputs, {})
        return base
    say(
        f"base weights of {config.name}: written once more, with embeddings of {len(tokenizer)} tokens; those of "
        "model.new_tokens mean nothing before a training changes the embeddings too"
    )
    with base_artifact(config, place, inputs, seeds) as folder:
        tokenizer.save_pretrained(folder)
        convert.resized(base, len(tokenizer)).save_pretrained(folder)
    return base


def retold(config: CausalLM, base: Path, place: Path) -> Path:
    """The same weights with a tokenizer that carries `model.template`."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    install(tokenizer, config.template)
    ends = {f"{role}_id": getattr(tokenizer, f"{role}_id") for role in ("bos_token", "eos_token")}
    _with_tokenizer(config, base, place, tokenizer, {"base": digest(replace(config, template=OWN))}, ends)
    return base


def _with_tokenizer(
    config: CausalLM,
    base: Path,
    place: Path,
    tokenizer: PreTrainedTokenizerBase,
    inputs: Mapping[str, str],
    settings: Mapping[str, Any],
) -> None:
    """The same weights (links) with another tokenizer, and settings of the model that follow from it."""
    links, kept = linked(base), matching(repository.files(base), BESIDE_TOKENIZER)
    with base_artifact(config, place, inputs) as folder:
        tokenizer.save_pretrained(folder)
        for name in (CONFIG, GENERATION):
            if (base / name).is_file():
                write_json(folder / name, {**read_json(base / name), **settings})
        lacking = {name: file for name, file in kept.items() if not (folder / name).exists()}
        for name in lacking.keys() - links:
            os.link(lacking[name], folder / name)
        if links:
            note_links(folder, {name: lacking[name] for name in links if name in lacking})
