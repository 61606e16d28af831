"""What a run measured over its steps, thin enough to draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from shipworthy.core.files import read_json

POINTS = 200
"""The most points of a curve; what lies between two is their mean."""

KEYS = {"loss": "loss", "val_loss": "val_loss", "val_metric": "metric"}
BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Curve:
    """Steps, and a value at each."""

    steps: Sequence[int]
    values: Sequence[float]


def history(folder: Path) -> list[dict[str, Any]]:
    """The entries of a run's steps: all of a finished one, those up to the newest checkpoint of any other."""
    if (done := folder / "checkpoint" / "history.json").is_file():
        whole: list[dict[str, Any]] = _read(done)
        return whole
    return list(progress(folder).get("history", []))


def _read(path: Path) -> Any:
    """A thousand histories are most of what the dashboard waits for: orjson reads them in a third of the time."""
    import orjson

    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:  # NaN, of a loss that was none, is no JSON to it
        return read_json(path)


def progress(folder: Path) -> dict[str, Any]:
    """What the newest checkpoint of a run that has not finished knows; nothing if there is none."""
    states = sorted(folder.glob("step-*/state.json"))
    found: dict[str, Any] = _read(states[-1]).get("progress", {}) if states else {}
    return found


def curves(entries: Sequence[Mapping[str, Any]]) -> dict[str, Curve]:
    """Loss, validation loss and metric; the ones that were measured at all."""
    found = {}
    for key, name in KEYS.items():
        pairs = [
            (int(step), float(number))
            for entry in entries
            if (number := entry.get(key)) is not None and (step := entry.get("step")) is not None and isfinite(number)
        ]
        if pairs:
            found[name] = thinned(Curve(*zip(*pairs, strict=True)))
    return found


def thinned(curve: Curve, points: int = POINTS) -> Curve:
    """At most `points` points: each the mean of as many neighbours, at the last one's step."""
    width = -(-len(curve.steps) // points)
    if width <= 1:
        return curve
    cuts = range(0, len(curve.steps), width)
    return Curve(
        [curve.steps[min(first + width, len(curve.steps)) - 1] for first in cuts],
        [sum(part) / len(part) for first in cuts if (part := curve.values[first : first + width])],
    )


def sparkline(curve: Curve, width: int = 40) -> str:
    """The curve in one line of blocks, from its lowest value to its highest."""
    values = thinned(curve, width).values
    low, high = min(values), max(values)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * scale)] for value in values)
