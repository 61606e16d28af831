"""From a config or a folder to a model; the family is the folder in which the config's schema stands."""

from collections.abc import Collection
from pathlib import Path

from omegaconf import OmegaConf

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.lazy import Lazy
from shipworthy.core.schema import SCHEMAS, from_plain
from shipworthy.models import conformal, decision
from shipworthy.models.bounded import Bounded
from shipworthy.models.decided import Decided
from shipworthy.models.protocol import Fittable, Predictor

FAMILIES = Lazy("{model}.family")
CANDIDATE = "candidate.json"
RECORDS = ("training.json", "history.json", "curve.json", "sample.json", "validation.parquet")
"""What a trained model's folder holds of its training; it answers without them."""


def create(config: ModelConfig) -> Fittable:
    """An unfitted model of a family that fits itself.

    Raises:
        UsageError: the family is trained by `train/`, not fitted.
    """
    family = FAMILIES.load(config)
    if not hasattr(family, "create"):
        raise UsageError(f"model '{config.kind}' does not fit itself: use it with trainer=lightning.")
    model: Fittable = family.create(config)
    return model


def config_of(folder: Path) -> ModelConfig:
    """The config of the model that was saved in `folder` with `describe`."""
    description = read_json(folder / CANDIDATE)
    cls = SCHEMAS["model"][description["model"]["kind"]]
    config = from_plain(cls, description["model"], "model")
    assert isinstance(config, ModelConfig)
    return config


def load(folder: Path) -> Predictor:
    """The model that was saved in `folder` with `describe` and its family's own files.

    Where validation told it a threshold (see models/decision.py), or how wide its intervals are (models/conformal.py),
    it answers by that, whatever its family.
    """
    config = config_of(folder)
    predictor: Predictor = FAMILIES.load(config).load(config, folder)
    if chosen := decision.read(folder):
        return Decided(predictor, chosen)
    interval = conformal.read(folder)
    return predictor if interval is None else Bounded(predictor, interval)


def called(folder: Path, others: Collection[str] = ()) -> str:
    """What pages call the trained model in `folder`: `tuned` where it was tuned from base weights, else its family.

    Args:
        others: names that are next to it, so that it must have another.
    """
    model = read_json(folder / CANDIDATE)["model"]
    if model.get("name"):
        return "tuned"
    return f"{model['kind']} (trained)" if model["kind"] in others else str(model["kind"])


def describe(config: ModelConfig, folder: Path) -> None:
    """Writes `candidate.json`: which family, with which settings."""
    write_json(folder / CANDIDATE, {"model": OmegaConf.to_container(OmegaConf.structured(config), resolve=True)})
