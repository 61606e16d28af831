"""An ablation's plots, as SVG that is in the page itself: effects beside the margin, and what depends on what."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shipworthy.evaluation import metric
from shipworthy.evaluation.plot_style import GREY, INK, STYLE, WIDTH_INCHES, svg
from shipworthy.track.ablation.decisions import ADOPT, DROP, KEEP, LEAVE, MEASURE, NOTHING, SIMPLER

COLOURS = {
    KEEP: "#0b7a57", ADOPT: "#0b7a57", DROP: "#b4322a", LEAVE: "#b4322a", SIMPLER: GREY, NOTHING: GREY,
    MEASURE: "#c98a1b",
}  # fmt: skip
BAND = "#eef1f5"
LINES = ("#1f5fbf", "#c98a1b")
"""Without a change, and with it."""
MOST = 3
"""Interactions side by side."""


def effects(ablation: Mapping[str, Any]) -> str | None:
    """What each change does, with its interval, beside the margin; None where no pair came to an end."""
    shown = [one for one in ablation["decisions"] if one["difference"] is not None]
    if not shown:
        return None
    name, margin = ablation["metric"], _scaled(ablation["metric"], ablation["margin"])
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(1.1 + 0.42 * len(shown))
        axes.axvspan(-margin, margin, color=BAND, zorder=0)
        axes.axvline(0, color=INK, linewidth=1)
        for row, one in enumerate(shown):
            _effect(axes, row, one, name)
        axes.set_yticks(range(len(shown)), [_short(one["name"]) for one in shown], color=INK)
        axes.set_ylim(len(shown) - 0.4, -0.7)
        axes.margins(x=0.12)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(
            f"{_title(name, 'what the change does to ')}, {ablation['level']:.0%} interval; band: the margin"
        )
        _legend(figure, [one["advice"] for one in shown])
        return svg(figure, "effects", "What each change does to the metric, with its interval, beside the margin")


def dependent(ablation: Mapping[str, Any]) -> str | None:
    """The metric beside each setting of two decisions that were shown to depend on one another; None: none were."""
    shown = [one for one in ablation["interactions"] if one["shown"]][:MOST]
    if not shown:
        return None
    name = ablation["metric"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 2.9), layout="constrained")
        places = figure.subplots(1, max(2, len(shown)))
        for axes, one in zip(places, [*shown, None], strict=False):
            if one is None:
                axes.set_axis_off()
                continue
            first, second = one["of"]
            without, with_first, with_second, with_both = (_scaled(name, value) for value in one["means"])
            for label, values, colour in (
                (f"{first}: as in the recipe", (without, with_second), LINES[0]),
                (f"{first}: changed", (with_first, with_both), LINES[1]),
            ):
                axes.plot((0, 1), values, "o-", color=colour, linewidth=1.6, markersize=5, label=_short(label))
            axes.set_xticks((0, 1), ("recipe", "changed"))
            axes.set_xlim(-0.25, 1.25)
            axes.set_xlabel(_short(second))
            axes.set_title(_title(name), fontsize=8.5)
            axes.legend(frameon=False, fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.25))
        return svg(figure, "dependent", "The metric beside each setting of decisions that depend on one another")


def _effect(axes: Axes, row: int, one: Mapping[str, Any], name: str) -> None:
    colour, value = COLOURS[one["advice"]], _scaled(name, one["difference"])
    known = one["low"] is not None
    low, high = (_scaled(name, one[end]) if known else value for end in ("low", "high"))
    axes.plot([low, high], [row, row], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot([value], [row], "o" if known else "x", color=colour, markersize=6)
    told = f"{value:+.2g}".replace("-", "\N{MINUS SIGN}")
    axes.annotate(told, (high, row), (6, 0), textcoords="offset points", color=colour, va="center")


def _legend(figure: Figure, advice: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    known = list(dict.fromkeys(advice))
    marks = [Line2D([], [], color=COLOURS[one], marker="o", linewidth=2, markersize=5) for one in known]
    figure.legend(marks, known, frameon=False, fontsize=8.5, loc="outside lower center", ncols=len(known))


def _canvas(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    return figure, figure.subplots()


def _scaled(name: str, value: float) -> float:
    """A share in points; anything else as it is."""
    return 100 * value if metric.is_share(name) else value


def _title(name: str, before: str = "") -> str:
    less = "" if metric.metric(name).GREATER_IS_BETTER else ", less is better"
    unit = "" if not metric.is_share(name) else " (points)" if before else " (%)"
    return f"{before}{metric.title(name)}{unit}{less}"


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"
