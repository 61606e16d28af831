"""The memory of a base model that is asked as it is."""

from shipworthy.models.causal_lm.base import numbers
from shipworthy.models.fit_memory import PREDICTION_BYTES, FitSize
from shipworthy.models.prompted.schema import FewShot, ZeroShot

LIBRARIES = 500e6
"""torch and transformers, beside what every baseline loads (bytes)."""
NUMBER_BYTES = 4
"""Each number of the weights, whatever the files keep it in: it is asked in float32."""
READING = 1.1
"""While they are read, a few tensors are there as in the files, too."""
WORKING = 400e6
"""Keys, values and activations of the prompts that are asked at once (bytes)."""


def parts(model: ZeroShot | FewShot, size: FitSize) -> dict[str, float]:
    """Its weights, and what a batch of prompts takes.

    Raises:
        ArtifactError: the base was not fetched.
    """
    return {
        "torch": LIBRARIES,
        "weights": READING * NUMBER_BYTES * numbers(model.base),
        "prompts": WORKING,
        "answers": PREDICTION_BYTES * max(size.validation, size.test),
    }
