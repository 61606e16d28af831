"""The page's plots, as SVG that is in the page itself."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shipworthy.evaluation import figures
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import is_share, title
from shipworthy.evaluation.metric import metric as of_name
from shipworthy.evaluation.plot_style import BAR, BLUE, GREEN, GREY, INK, SLATE, STYLE, WIDTH_INCHES, svg
from shipworthy.track.quantities import precise, seconds
from shipworthy.track.report.candidates import BASELINE, TUNED, Candidate

COLOURS = {BASELINE: SLATE, TUNED: BLUE, "variant": GREEN}
MARKED = 30
"""More validations than this are a line without marks."""
HALF_TITLE = 40
"""Characters that fit over one of two plots."""


def training(history: Sequence[Mapping[str, Any]], metric: str, selected: int, bar: float | None) -> str | None:
    """Loss, and the validation metric with the step that was selected, over the steps; None if there are not two.

    Args:
        bar: the best baseline's metric on validation (None: no line).
    """
    if len(history) < 2:
        return None
    with matplotlib.rc_context(STYLE):
        series = {key: _points(history, key) for key in ("loss", "val_loss", "val_metric")}
        validated = series["val_metric"]
        figure = Figure(figsize=(WIDTH_INCHES, 2.7), layout="constrained")
        axes = figure.subplots(1, 2 if len(validated) > 1 else 1, squeeze=False)[0]
        _loss(axes[0], series["loss"], series["val_loss"], selected)
        if len(validated) > 1:
            _validation(axes[1], validated, metric, selected, bar)
        return svg(figure, "training", "Loss and validation metric over the steps")


def _loss(axes: Axes, loss: list[tuple[float, float]], val_loss: list[tuple[float, float]], selected: int) -> None:
    smooth = _smooth([value for _, value in loss])
    axes.plot(*zip(*loss, strict=True), color=COLOURS[BASELINE], linewidth=0.8, alpha=0.5)
    axes.plot([step for step, _ in loss], smooth, color=COLOURS[TUNED], linewidth=1.8)
    axes.set_title("Loss on train" + (" (blue) and validation (green)" if val_loss else ""))
    if val_loss:
        axes.plot(*zip(*val_loss, strict=True), color=COLOURS["variant"], linewidth=1.8)
        axes.axvline(selected, color=GREY, linewidth=1, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("step")


def _validation(
    axes: Axes, validated: list[tuple[float, float]], metric: str, selected: int, bar: float | None
) -> None:
    steps, values = zip(*[(step, _scaled(metric, value)) for step, value in validated], strict=True)
    axes.plot(
        steps, values, color=COLOURS[TUNED], marker="o" if len(steps) <= MARKED else None, markersize=4, linewidth=1.8
    )
    for step, value in zip(steps, values, strict=True):
        if step == selected:
            axes.plot([step], [value], "o", markersize=9, markerfacecolor="none", markeredgecolor=BAR)
            axes.annotate("selected", (step, value), (0, -14), textcoords="offset points", ha="center", color=BAR)
    height = 0.0 if bar is None else _scaled(metric, bar)
    if bar is not None:
        axes.axhline(height, color=GREY, linewidth=1, linestyle=":")
        axes.annotate("best baseline", (0, height), (3, 3), textcoords="offset points", color=GREY)
    axes.set_xlim(left=0)
    if min(*values, height) >= 0:  # a metric may be below it
        axes.set_ylim(0, 1.15 * max(*values, height) or 1)
    axes.set_title(fill(f"{title(metric)} on validation{_unit(metric)}{_direction(metric)}", HALF_TITLE))
    axes.set_xlabel("step")


def whiskers(found: Sequence[Candidate], metric: str, bar: float | None) -> str:
    """The deciding metric of every candidate with its interval.

    Args:
        bar: what the plan asks for: the best baseline's metric, better by the margin (None: no line).
    """
    shown = [candidate for candidate in found if metric in candidate.metrics]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 0.9 + 0.36 * len(shown)), layout="constrained")
        axes = figure.subplots()
        for row, candidate in enumerate(shown):
            value = candidate.metrics[metric]
            point, low, high = (_scaled(metric, x) for x in (value.value, value.low, value.high))
            colour = COLOURS[candidate.role]
            axes.plot([low, high], [row, row], color=colour, linewidth=2, solid_capstyle="round", clip_on=False)
            axes.plot([point], [row], "o", color=colour, markersize=6, clip_on=False)
            number = figures.figure(metric, value.value).removesuffix("%")
            axes.annotate(number, (point, row), (0, 6), textcoords="offset points", color=colour, ha="center")
        if bar is not None:
            axes.axvline(_scaled(metric, bar), color=BAR, linewidth=1, linestyle="--")
            axes.annotate(
                "the bar",
                (_scaled(metric, bar), 1),
                (4, -1),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                color=BAR,
                va="bottom",
            )
        axes.set_yticks(range(len(shown)), [_name(candidate) for candidate in shown], color=INK)
        axes.set_ylim(len(shown) - 0.5, -0.8)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.08)
        # Points need no zero; but where a candidate is near it, the axis begins there.
        lowest = min(_scaled(metric, candidate.metrics[metric].low) for candidate in shown)
        if 0 <= lowest < 0.3 * axes.get_xlim()[1]:
            axes.set_xlim(left=0)
        axes.set_xlabel(f"{title(metric)} on the test split{_unit(metric)}, 95% interval{_direction(metric)}")
        return svg(figure, "whiskers", "Metric of each candidate with its interval")


def tradeoff(found: Sequence[Candidate], metric: str, max_size_mb: float, floor: float | None) -> str | None:
    """Size against quality, with speed beside each point; None if there are not two models of different size.

    Args:
        floor: the metric beyond which a compressed model has lost too much (None: no line).
    """
    shown = sorted(
        ((c.size_mb, c) for c in found if c.role != BASELINE and c.size_mb and metric in c.metrics),
        key=lambda pair: pair[0],
    )
    if len(shown) < 2 or shown[-1][0] < 1.05 * shown[0][0]:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        for place, (size, candidate) in enumerate(shown):
            value: Interval = candidate.metrics[metric]
            point, low, high = (_scaled(metric, x) for x in (value.value, value.low, value.high))
            colour = COLOURS[candidate.role]
            axes.plot([size] * 2, [low, high], color=colour, linewidth=2, solid_capstyle="round")
            axes.plot([size], [point], "o", color=colour, markersize=8)
            speed = "" if candidate.p95_s is None else f"\np95 {seconds(candidate.p95_s)}"
            # In turn above and below, so that neighbours do not write over each other.
            above = place % 2 == 1
            axes.annotate(
                _name(candidate) + speed,
                (size, high if above else low),
                (0, 5 if above else -5),
                textcoords="offset points",
                color=colour,
                ha="center",
                va="bottom" if above else "top",
            )
        axes.set_xlim(shown[0][0] / 1.6, shown[-1][0] * 1.6)
        axes.axvspan(max_size_mb, 1e9, color="#f6ece9", zorder=0)
        if floor is not None:
            axes.axhline(_scaled(metric, floor), color=BAR, linewidth=1, linestyle="--", zorder=0.5)
        axes.set_xticks([size for size, _ in shown], [precise(size) for size, _ in shown])
        axes.set_xticks([], minor=True)
        axes.margins(y=0.35)
        axes.set_xlabel("size of the weights (MB); shaded: larger than the plan allows")
        side = "below" if of_name(metric).GREATER_IS_BETTER else "above"
        lost = "" if floor is None else f"; {side} the dashed line too much is lost"
        axes.set_title(f"{title(metric)}{_unit(metric)}{lost}")
        return svg(figure, "tradeoff", "Size against quality, with speed")


def _name(candidate: Candidate) -> str:
    return f"{candidate.name} (chosen)" if candidate.chosen else candidate.name


def _points(history: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return [(entry["step"], entry[key]) for entry in history if entry.get(key) is not None]


def _smooth(values: Sequence[float]) -> list[float]:
    """The mean of the last tenth of the steps so far (at most 20)."""
    window = max(1, min(20, len(values) // 10))
    return [sum(part) / len(part) for i in range(len(values)) if (part := values[max(0, i + 1 - window) : i + 1])]


def _scaled(metric: str, value: float) -> float:
    return value if not is_share(metric) else 100 * value


def _unit(metric: str) -> str:
    return "" if not is_share(metric) else " (%)"


def _direction(metric: str) -> str:
    return "" if of_name(metric).GREATER_IS_BETTER else "; less is better"
