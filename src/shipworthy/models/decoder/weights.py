"""A decoder's first weights, drawn once and kept in the cache as base weights like others."""

from pathlib import Path

from omegaconf import OmegaConf
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from shipworthy.core.artifact import MANIFEST, write_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_json
from shipworthy.core.progress import say
from shipworthy.core.project import cache_folder
from shipworthy.core.sources import build as sources
from shipworthy.core.sources.folder import note_content
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.base import KIND, notes, place
from shipworthy.models.decoder.counts import parameters
from shipworthy.models.decoder.layout import save
from shipworthy.models.decoder.network import draw
from shipworthy.models.decoder.schema import Decoder


def fetch(config: Decoder) -> Path:
    """Fetches the tokenizer and draws the weights, unless the cache has them.

    Raises:
        ShipworthyError: the source cannot be reached, is not what its pin says, or has no tokenizer.
    """
    if isinstance(config.source, Folder):
        note_content(config.source, notes())
    # What is drawn follows from source and shape; another template is put on it as on weights from elsewhere.
    drawn = Decoder(name=config.name, licence=config.licence, source=config.source, shape=config.shape)
    if not (place(drawn) / MANIFEST).is_file():
        _write(drawn)
    return weights.fetch(config)


def _write(config: Decoder) -> None:
    plain = OmegaConf.to_container(OmegaConf.structured(config))
    assert isinstance(plain, dict)
    settings = {str(key): value for key, value in plain.items()}
    tokenizer, shape = _tokenizer(config), config.shape
    count = parameters(shape, len(tokenizer))
    say(f"base weights of {config.name}: {count:,}, drawn by model.shape.seed={shape.seed}")
    with write_artifact(
        place(config),
        KIND,
        run_id=sha256_of_json(settings)[:16],
        config=settings,
        inputs={"tokenizer": sha256_of_json(tokenizer.get_vocab())},
        seeds={"weights": shape.seed},
    ) as folder:
        save(draw(shape, len(tokenizer)), folder, tokenizer)


def _tokenizer(config: Decoder) -> PreTrainedTokenizerBase:
    found = sources.fetch(config.source, cache_folder() / "downloads")
    folder, options = (found, {}) if found.is_dir() else (found.parent, {"gguf_file": found.name})
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(folder), **options)
    except (OSError, ValueError, KeyError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ShipworthyError(
            f"{config.source.title} holds no tokenizer that can be read ({said}): correct model.source."
        ) from error
    return tokenizer
