"""Whether a classifier's probabilities can be believed, and what another threshold would bring, as SVG."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shipworthy.evaluation.plot_style import BLUE, GREEN, GREY, INK, SLATE, STYLE, WIDTH_INCHES, svg


def curves(by_class: Mapping[str, Any] | None, decision: Mapping[str, Any] | None = None) -> str | None:
    """Calibration and, of two classes, precision and recall over the threshold; None without probabilities.

    Args:
        decision: the threshold that was chosen on validation, and of which class (see models/decision.py).
    """
    if not by_class or not by_class["calibration"]:
        return None
    thresholds = by_class["thresholds"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 2.9), layout="constrained")
        axes = figure.subplots(1, 2 if thresholds else 1, squeeze=False)[0]
        _calibration(
            axes[0], by_class["calibration"], "an answer is right" if by_class["confusion"] else "a label is there"
        )
        if thresholds:
            _thresholds(axes[1], thresholds["positive"], thresholds["curve"])
            if decision and decision["positive"] == thresholds["positive"]:
                axes[1].axvline(decision["threshold"], color=INK, linewidth=1.2, linestyle="--")
                axes[1].set_xlabel(f"{axes[1].get_xlabel()}; dashed: the chosen one")
        return svg(figure, "classes", "Calibration, and precision and recall over the threshold")


def _calibration(axes: Axes, bins: Sequence[Mapping[str, Any]], what: str) -> None:
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":")
    for one in bins:
        low, high = (100 * one["right"][end] for end in ("low", "high"))
        axes.plot([100 * one["probability"]] * 2, [low, high], color=BLUE, linewidth=2, solid_capstyle="round")
    axes.plot(
        [100 * one["probability"] for one in bins],
        [100 * one["right"]["value"] for one in bins],
        "o",
        color=BLUE,
        markersize=5,
    )
    axes.set_title(f"How often {what} (%)")
    axes.set_xlabel("how sure the model is of it (%); dotted: as often as it says")


def _thresholds(axes: Axes, positive: str, curve: Sequence[Mapping[str, Any]]) -> None:
    at = [one["threshold"] for one in curve]
    for key, colour in (("recall", BLUE), ("precision", GREEN), ("said", SLATE)):
        axes.plot(
            at, [None if one[key] is None else 100 * one[key] for one in curve], color=colour, linewidth=1.8, label=key
        )
    axes.set_ylim(0, 102)
    axes.set_title(f"'{positive}' from a threshold on (%)")
    axes.set_xlabel("threshold; blue: recall, green: precision, grey: rows")
