"""Numbers that were said against the right ones, and how errors spread, as SVG."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shipworthy.evaluation.plot_style import BLUE, GREY, SLATE, STYLE, WIDTH_INCHES, svg


def numbers(by_number: Mapping[str, Any] | None) -> str | None:
    """Right numbers over those that were said, and the errors' histogram; None where answers are no numbers."""
    if not by_number:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _said(left, by_number["points"])
        _errors(right, by_number["bins"])
        return svg(figure, "numbers", "The right number over the one that was said, and the errors")


def _said(axes: Axes, points: Sequence[Sequence[float | None]]) -> None:
    right, said, low, high = (list(column) for column in zip(*points, strict=True))
    if None not in low:
        axes.vlines(said, low, high, color=SLATE, linewidth=0.6, alpha=0.25)
    axes.plot(said, right, "o", color=BLUE, markersize=2.5, alpha=0.6, markeredgewidth=0)
    axes.axline((0, 0), slope=1, color=GREY, linewidth=1, linestyle=":")
    known = [one for one in (*right, *said) if one is not None]
    space = 0.05 * (max(known) - min(known)) or 1.0
    axes.set_xlim(min(known) - space, max(known) + space)
    axes.set_ylim(min(known) - space, max(known) + space)
    axes.set_title("The right number" + (" (grey: the intervals)" if None not in low else ""))
    axes.set_xlabel("what the model says; dotted: both the same")


def _errors(axes: Axes, bins: Mapping[str, Sequence[float]]) -> None:
    axes.stairs(bins["rows"], bins["edges"], color=BLUE, fill=True, alpha=0.8)
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":")
    axes.set_title("Rows by their error")
    axes.set_xlabel("what the model says, less the right number")
