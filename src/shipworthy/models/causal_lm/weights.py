"""Base weights in Hugging Face layout, as an artifact of kind `base` in the cache.

What is in that layout already is used where it stands, in the types that it came in: the artifact links to it. Written
is what must be made: weights out of a GGUF file or at random, and the tokenizer of another template.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

# The conversion's bar is for a terminal; in a log it is one endless line.
if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_DISABLE", "1")

from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, turn
from shipworthy.core.progress import say
from shipworthy.core.project import cache_folder
from shipworthy.core.sources import build as sources
from shipworthy.core.sources import hub, repository
from shipworthy.core.sources.folder import content, note_content
from shipworthy.core.sources.schema import Folder, Hub
from shipworthy.models.causal_lm import convert, derived, loadable, start
from shipworthy.models.causal_lm.base import base_folder, fault, linked, notes
from shipworthy.models.causal_lm.base import place as place_of
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.template import OWN
from shipworthy.models.causal_lm.writing import base_artifact, link, note_links

disable_progress_bar()


def fetch(config: CausalLM) -> Path:
    """Downloads, links or converts the base weights unless that is done; those of a folder, as the folder is now.

    Raises:
        ShipworthyError: the source cannot be reached, is not what its pin says, or holds no language model that can
            be trained here.
    """
    folder = fetched(config)
    if not _has_template(folder):
        say(
            f"{config.name}: its tokenizer has no chat template, which `prepare` asks for: set model.template, or take "
            "a model that was made to chat"
        )
    return folder


def fetched(config: CausalLM) -> Path:
    """As `fetch`, of weights that need not chat."""
    if isinstance(config.source, Folder):
        note_content(config.source, notes())
    if config.start:
        note_content(Folder(path=config.start), notes(), repository.files(start.folder(config.start), start.WEIGHTS))
    place = place_of(config)
    with turn(place.with_name(f".{place.name}.lock")):
        if not _whole(place):
            link(place, _make(config, place))
    return base_folder(config)


def _whole(place: Path) -> bool:
    """Whether all of it is there, and all that it links to as it was."""
    return (place / MANIFEST).is_file() and not any(fault(place / name, one) for name, one in linked(place).items())


def _make(config: CausalLM, place: Path) -> Path:
    """Writes the artifact, without its links.

    Returns:
        the folder to whose files they lead.
    """
    if config.template != OWN:
        return derived.retold(config, fetched(replace(config, template=OWN)), place)
    if config.new_tokens:
        return derived.extended(config, fetched(replace(config, new_tokens=[])), place)
    if config.start:
        return derived.started(config, fetched(replace(config, start="")), place)
    found = _fetch_source(config)
    if found.is_file() or config.shape.hidden_size:
        say(f"base weights of {config.name}: from {config.source.title}, converted once")
        return _convert(config, found, place)
    loadable.check_config(found, config.source.title, with_head=config.has_head)
    loadable.check_weights(found, config.source.title)
    if loadable.is_part(found):
        say(f"base weights of {config.name}: the language model of {config.source.title}, copied once")
        return _convert(config, found, place)
    say(f"base weights of {config.name}: used where they are, in {found}")
    return _adopt(config, found, place)


def _fetch_source(config: CausalLM) -> Path:
    """A folder in Hugging Face's layout, or a GGUF file."""
    if isinstance(config.source, Hub):
        texts = hub.fetch_texts(config.source)
        if config.shape.hidden_size:  # of which the tokenizer is all that is asked for
            return texts
        # Before gigabytes are fetched.
        loadable.check_config(texts, config.source.title, with_head=config.has_head)
    return sources.fetch(config.source, cache_folder() / "downloads")


def _adopt(config: CausalLM, found: Path, place: Path) -> Path:
    """An artifact that links to a folder, whose files are hashed, and read no further.

    Raises:
        ShipworthyError: it holds no tokenizer, or a file was damaged.
    """
    _tokenizer(config, found)  # there is one
    with base_artifact(config, place, {config.source.kind: _content(config, found)}) as folder:
        note_links(folder, repository.files(found))
    return found


def _convert(config: CausalLM, found: Path, place: Path) -> Path:
    """An artifact with weights of its own.

    Raises:
        ShipworthyError: the source is neither a folder in the hub's layout nor a GGUF file.
    """
    inputs, seeds = {config.source.kind: _content(config, found)}, {"shape": convert.SEED}
    with base_artifact(config, place, inputs, seeds) as folder:
        tokenizer = _tokenizer(config, found)
        if config.shape.hidden_size:
            network = convert.random(config.shape, tokenizer)
        else:
            with _readable(config):
                network = convert.text_part(found) if found.is_dir() else convert.dequantized(found)
        tokenizer.save_pretrained(folder)
        network.save_pretrained(folder)
    return found


def _has_template(folder: Path) -> bool:
    """Whether a tokenizer's files hold a chat template, in one of the places where it may stand."""
    config = folder / "tokenizer_config.json"
    return (
        any((folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json"))
        or (folder / "additional_chat_templates").is_dir()
        or (config.is_file() and bool(read_json(config).get("chat_template")))
    )


def _content(config: CausalLM, found: Path) -> str:
    """What identifies the fetched weights: their hash, or the commit."""
    if isinstance(config.source, Folder):
        return content(config.source, notes())
    return found.name if isinstance(config.source, Hub) else config.source.content_sha256


def _tokenizer(config: CausalLM, found: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder in the hub's layout, or of a GGUF file.

    Raises:
        ShipworthyError: there is none.
    """
    place, options = (found, {}) if found.is_dir() else (found.parent, {"gguf_file": found.name})
    with _readable(config):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            str(place), trust_remote_code=False, **options
        )
    if not len(tokenizer):
        raise ShipworthyError(f"{config.source.title} holds no tokenizer: copy its files beside the weights.")
    return tokenizer


@contextmanager
def _readable(config: CausalLM) -> Iterator[None]:
    """What transformers can't read is no defect of this program."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ShipworthyError(
            f"{config.source.title} holds no language model that can be read ({said}): correct model.source."
        ) from error
