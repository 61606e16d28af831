"""From one size of data and model to another, without a network."""

import re
from dataclasses import dataclass

from shipworthy.architect.estimate.estimate import Bounds
from shipworthy.core.errors import UsageError

TIMING = Bounds(1.0, 0.75, 1.5)
"""How far the time of the same run is off on another day, on a machine that does other things too."""
UTILISATION = (0.85, 1.1)
"""Time grows with the operations to a power between these: larger products use a machine better, until they no longer
fit its caches."""
UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
USAGE = "project='data=10x model=360m'"


@dataclass(frozen=True)
class Size:
    """What is to be projected to.

    Attributes:
        data: how many times the rows, for as many epochs.
        parameters: of the model (None: as many as the run had).
        times: how many times the run's parameters (None: `parameters` says).
    """

    data: float = 1.0
    parameters: float | None = None
    times: float | None = None

    def model(self, parameters: float | None) -> float:
        """How many times the operations for each token, for a run with so many parameters.

        Raises:
            UsageError: another size of model is asked for, and the run's is not known.
        """
        if self.times is not None:
            return self.times
        if self.parameters is None:
            return 1.0
        if not parameters:
            raise UsageError(
                f"model={self.parameters:g} can't be projected to: this run noted no number of parameters; give data= "
                "alone, or model=2x for twice its work."
            )
        return self.parameters / parameters


def parse(text: str) -> Size:
    """`data=10x model=360m` (or `model=3x`), in any order; commas are spaces.

    Raises:
        UsageError: it is something else.
    """
    found: dict[str, float] = {}
    for part in text.replace(",", " ").split():
        match = re.fullmatch(r"(data|model)=(\d+(?:\.\d+)?)([xkmb]?)", part.lower())
        if match is None or not float(match[2]) or (match[1] == "data" and match[3] != "x"):
            raise UsageError(f"project={text}: '{part}' is neither data=10x nor model=360m or model=3x: give {USAGE}.")
        name = "times" if match[1] == "model" and match[3] == "x" else match[1]
        found["parameters" if name == "model" else name] = float(match[2]) * UNITS.get(match[3], 1.0)
    if not found:
        raise UsageError(f"project= names nothing: give {USAGE}.")
    return Size(**found)


def time(data: float, model: float) -> Bounds:
    """How many times as long the run takes: operations grow with the tokens and with the parameters."""
    factor = data * model
    low, high = sorted(model**power for power in UTILISATION)
    return Bounds(factor, data * min(low, model) * TIMING.low, data * max(high, model) * TIMING.high)


def memory_mb(peak_mb: float, libraries_mb: float, model: float) -> Bounds:
    """The peak with another model: what is not libraries grows with the weights, and at least as the activations do.

    Activations grow with depth times width, which is about the weights to the power of two thirds; rows and batches
    stay as they are, so that more data takes no more.
    """
    rest = max(0.0, peak_mb - libraries_mb)
    low, high = sorted((rest * model ** (2 / 3), rest * model))
    return Bounds(libraries_mb + (low + high) / 2, 0.9 * (libraries_mb + low), 1.1 * (libraries_mb + high))
