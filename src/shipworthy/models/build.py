"""From a config or a folder to a model; the family is the folder in which the config's schema stands."""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import SCHEMAS
from shipworthy.models.protocol import Fittable, Predictor

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.chat import Chat

CANDIDATE = "candidate.json"
RECORDS = ("training.json", "history.json", "sample.json", "validation.parquet")
"""What a trained model's folder holds of its training; it answers without them."""


def _family(config: ModelConfig) -> Any:
    return importlib.import_module(_part(config, "family"))


def _part(config: ModelConfig, name: str) -> str:
    package = type(config).__module__.rpartition(".")[0]
    return f"{package}.{name}"


def _has(config: ModelConfig, name: str) -> bool:
    return importlib.util.find_spec(_part(config, name)) is not None


def part(config: ModelConfig, name: str) -> ModuleType | None:
    """The module of that name in the folder of the model's family; None where it has none."""
    return importlib.import_module(_part(config, name)) if _has(config, name) else None


def fetch(config: ModelConfig) -> None:
    """Downloads the base weights of a family that has some."""
    if _has(config, "weights"):
        importlib.import_module(_part(config, "weights")).fetch(config)


def chat(config: ModelConfig) -> "Chat | None":
    """The tokenizer and template of a family that is asked in words; its weights must have been fetched.

    None for a family that reads the words themselves.

    Raises:
        UsageError: the family reads no text.
    """
    if config.reads_words:
        return None
    if not _has(config, "chat"):
        raise UsageError(f"model '{config.kind}' reads no text: choose a language model, or a task with classes.")
    folder = importlib.import_module(_part(config, "base")).base_folder(config)
    talk: Chat = importlib.import_module(_part(config, "chat")).Chat(folder)
    return talk


def create(config: ModelConfig) -> Fittable:
    """An unfitted model of a family that fits itself.

    Raises:
        UsageError: the family is trained by `train/`, not fitted.
    """
    family = _family(config)
    if not hasattr(family, "create"):
        raise UsageError(f"model '{config.kind}' does not fit itself: use it with trainer=lightning.")
    model: Fittable = family.create(config)
    return model


def config_of(folder: Path) -> ModelConfig:
    """The config of the model that was saved in `folder` with `describe`."""
    description = read_json(folder / CANDIDATE)
    cls = SCHEMAS["model"][description["model"]["kind"]]
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(cls), description["model"]))
    assert isinstance(config, ModelConfig)
    return config


def load(folder: Path) -> Predictor:
    """The model that was saved in `folder` with `describe` and its family's own files."""
    config = config_of(folder)
    predictor: Predictor = _family(config).load(config, folder)
    return predictor


def describe(config: ModelConfig, folder: Path) -> None:
    """Writes `candidate.json`: which family, with which settings."""
    write_json(folder / CANDIDATE, {"model": OmegaConf.to_container(OmegaConf.structured(config), resolve=True)})
