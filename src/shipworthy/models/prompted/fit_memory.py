"""The memory of a base model that is asked as it is."""

from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.fit_memory import PREDICTION_BYTES, FitSize
from shipworthy.models.prompted.schema import FewShot, ZeroShot

LIBRARIES = 500e6
"""torch and transformers, beside what every baseline loads (bytes)."""
COPIES = 1.3
"""While weights are read, their file's pages are resident too."""
WORKING = 400e6
"""Keys, values and activations of the prompts that are asked at once (bytes)."""


def parts(model: ZeroShot | FewShot, size: FitSize) -> dict[str, float]:
    """Its weights, and what a batch of prompts takes.

    Raises:
        ArtifactError: the base was not fetched.
    """
    return {
        "torch": LIBRARIES,
        "weights": COPIES * sum(file.stat().st_size for file in base_folder(model.base).glob("*.safetensors")),
        "prompts": WORKING,
        "answers": PREDICTION_BYTES * max(size.validation, size.test),
    }
