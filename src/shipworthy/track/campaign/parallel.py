"""The plot of all trials' values side by side."""

from collections.abc import Callable
from math import log10
from typing import Any

import matplotlib
from matplotlib.axes import Axes

from shipworthy.evaluation.plot_style import GREY, INK, RULE, STYLE, svg
from shipworthy.track.campaign.plots import BEST, canvas, scaled, title
from shipworthy.track.campaign.read import PRUNED, Campaign, Trial
from shipworthy.track.hpo.space import Dimension, within

MOST_AXES = 8
GRADE = matplotlib.colormaps["Blues"]


def parallel(campaign: Campaign) -> str | None:
    """Every finished trial as a line through its values, coloured by rank; pruned ones grey behind them.

    A key that had no meaning for a trial stands at the foot of its axis. A recipe outside the space is not drawn.
    """
    done = [trial for trial in campaign.ranked if within(trial.params, campaign.space)]
    axes_shown = campaign.space[:MOST_AXES]
    if len(done) < 2 or not axes_shown:
        return None
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure, axes = canvas(3.4)
        scales = [_scale(one) for one in axes_shown]
        values = [trial.values[campaign.first] for trial in done]
        low, high = min(values), max(values)
        for trial in campaign.of(PRUNED):
            axes.plot(range(len(scales)), [s(trial) for s in scales], color=RULE, linewidth=0.8, zorder=1)
        for place, trial in reversed(list(enumerate(done))):
            height = (trial.values[campaign.first] - low) / (high - low or 1)
            line = [*(scale(trial) for scale in scales), height]
            colour = BEST if place == 0 else GRADE(0.95 - 0.65 * place / max(1, len(done) - 1))
            width, order = (2.4, 3) if place == 0 else (0.9, 2)
            axes.plot(
                range(len(line)), line, color=colour, linewidth=width, zorder=order, alpha=1 if place == 0 else 0.7
            )
        for place, one in enumerate(axes_shown):
            _ticks(axes, place, one)
        axes.axvline(len(axes_shown), color=RULE, linewidth=1)
        for height, value in ((0, low), (1, high)):
            _beside(axes, len(axes_shown), height, f"{scaled(value, campaign.first, campaign):.3g}")
        names = [*(_short(one.key) for one in axes_shown), title(campaign.first, campaign)]
        axes.set_xticks(range(len(names)), names, color=INK)
        axes.tick_params(axis="x", length=0)
        axes.set_yticks([])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_ylim(-0.22, 1.06)
        axes.margins(x=0.06)
        return svg(figure, "parallel", "Values of every trial, the best on top")


def position(one: Dimension, value: Any) -> float:
    """Where a value stands between the ends of its range, from 0 to 1."""
    if one.kind == "categorical":
        return one.choices.index(value) / max(1, len(one.choices) - 1) if value in one.choices else 0.5
    low, high, here = (log10(x) if one.log else float(x) for x in (one.low, one.high, float(value)))
    return (here - low) / (high - low)


def _short(key: str) -> str:
    """The key in two lines."""
    return key.replace(".", ".\n", 1)


def _scale(one: Dimension) -> Callable[[Trial], float]:
    """Where on an axis from 0 to 1 a trial's value stands; below it where it has none."""

    def place(trial: Trial) -> float:
        return -0.16 if one.key not in trial.params else position(one, trial.params[one.key])

    return place


def _ticks(axes: Axes, place: int, one: Dimension) -> None:
    axes.axvline(place, ymin=0.17, ymax=0.95, color=RULE, linewidth=1)
    if one.when:
        _beside(axes, place, -0.16, "not there")
    if one.kind == "categorical":
        for value in one.choices:
            _beside(axes, place, position(one, value), str(value))
        return
    middle = 10 ** ((log10(one.low) + log10(one.high)) / 2) if one.log else (one.low + one.high) / 2
    for height, value in ((0, one.low), (0.5, middle), (1, one.high)):
        _beside(axes, place, height, f"{value:.2g}")


def _beside(axes: Axes, place: float, height: float, words: str) -> None:
    axes.annotate(
        words,
        (place, height),
        (4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=GREY,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75},
        zorder=4,
    )
