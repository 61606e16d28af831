"""The campaign page's plots, as SVG that is in the page itself."""

from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shipworthy.evaluation import metric
from shipworthy.evaluation.plot_style import GREY, INK, STYLE, WIDTH_INCHES, svg
from shipworthy.track.campaign import facts
from shipworthy.track.campaign.chance import Chance
from shipworthy.track.campaign.facts import WinnersCurse
from shipworthy.track.campaign.importance import Share
from shipworthy.track.campaign.read import FAILED, FINISHED, PRUNED, Campaign, Trial
from shipworthy.track.hpo.schema import METRIC

COLOURS = {FINISHED: "#1f5fbf", PRUNED: "#c98a1b", FAILED: "#b4322a"}
BEST = "#0b7a57"


def name(objective: str, campaign: Campaign) -> str:
    """An objective as a reader calls it."""
    return metric.title(campaign.metric if objective == METRIC else objective)


def scaled(value: float, objective: str, campaign: Campaign) -> float:
    """A share as a percentage; anything else as it is."""
    return 100 * value if objective == METRIC and metric.is_share(campaign.metric) else value


def title(objective: str, campaign: Campaign) -> str:
    """Its name with its unit, for an axis."""
    percent = scaled(1.0, objective, campaign) == 100
    less = "" if objective != METRIC or campaign.objectives.get(METRIC, True) else ", less is better"
    return name(objective, campaign) + (" (%)" if percent else "") + less


def history(campaign: Campaign, luck: Chance | None = None) -> str | None:
    """The value of each trial by its number, its state in colour, and the best so far; None with nothing to show.

    Args:
        luck: what chance alone brings the best; it is drawn as a band over the recipe's value.
    """
    if not any(_height(trial, campaign) is not None for trial in campaign.trials):
        return None
    with matplotlib.rc_context(STYLE):
        figure, axes = canvas(2.9)
        best: list[tuple[int, float]] = []
        up = campaign.objectives[campaign.first]
        for trial in campaign.of(FINISHED):
            if campaign.first in trial.values:
                value = scaled(trial.values[campaign.first], campaign.first, campaign)
                best.append((trial.number, value if not best else (max if up else min)(best[-1][1], value)))
        if luck is not None:
            low, high = (scaled(one, METRIC, campaign) for one in _by_chance(luck, up))
            axes.axhspan(low, high, color="#e9ecf1", zorder=0, label="what chance alone may bring the best (95%)")
            line = scaled(luck.reference, METRIC, campaign)
            axes.axhline(line, color=GREY, linewidth=1.2, linestyle="--", label=_reference(luck))
        if best:
            end = (max(trial.number for trial in campaign.trials), best[-1][1])
            axes.step(*zip(*best, end, strict=True), where="post", color=BEST, linewidth=1.8, label="best so far")
        for state, mark in ((FINISHED, "o"), (PRUNED, "v")):
            shown = [(t.number, h) for t in campaign.of(state) if (h := _height(t, campaign)) is not None]
            if shown:
                words = state if state == FINISHED else "pruned, at its last validation"
                axes.plot(*zip(*shown, strict=True), mark, color=COLOURS[state], markersize=5, label=words, alpha=0.85)
        if failed := campaign.of(FAILED):
            low = axes.get_ylim()[0]
            axes.plot([t.number for t in failed], [low] * len(failed), "x", color=COLOURS[FAILED], label="failed")
        axes.set_xlabel("trial")
        axes.set_title(title(campaign.first, campaign))
        axes.xaxis.get_major_locator().set_params(integer=True)
        _legend(axes)
        return svg(figure, "history", "Value of each trial and the best so far")


def curves(campaign: Campaign) -> str | None:
    """The first objective over the steps, of all trials; those that were pruned end where they were."""
    shown = [trial for trial in campaign.trials if len(trial.curve) > 1]
    if not shown:
        return None
    best = next((trial.number for trial in campaign.ranked), None)
    with matplotlib.rc_context(STYLE):
        figure, axes = canvas(2.9)
        for trial in shown:
            if trial.number == best:
                continue
            steps, values = _curve(trial, campaign)
            colour = COLOURS.get(trial.state, GREY)
            axes.plot(steps, values, color=colour, linewidth=1, alpha=0.55)
            if trial.state in (PRUNED, FAILED):
                axes.plot(steps[-1:], values[-1:], "v" if trial.state == PRUNED else "x", color=colour, markersize=4.5)
        for trial in shown:
            if trial.number == best:
                steps, values = _curve(trial, campaign)
                axes.plot(steps, values, color=BEST, linewidth=2.2, marker="o", markersize=3)
                axes.annotate(
                    f"trial {best}",
                    (steps[-1], values[-1]),
                    (5, 0),
                    textcoords="offset points",
                    color=BEST,
                    va="center",
                )
        for state, words in ((FINISHED, "finished"), (PRUNED, "pruned here"), (FAILED, "failed here")):
            if any(trial.state == state for trial in shown):
                mark = {FINISHED: "", PRUNED: "v", FAILED: "x"}[state]
                axes.plot([], [], color=COLOURS[state], marker=mark, linewidth=1, markersize=4.5, label=words)
        axes.margins(x=0.09)
        axes.set_xlabel("step")
        axes.set_title(f"{title(campaign.first, campaign)} on validation")
        _legend(axes)
        return svg(figure, "curves", "The metric over the steps of each trial")


def winner(found: WinnersCurse, campaign: Campaign) -> str:
    """The winner on the rows that chose it and on those that did not, with intervals."""
    with matplotlib.rc_context(STYLE):
        figure, axes = canvas(1.25)
        lines = (
            (found.seen, f"chosen by, {found.rows[0]} rows", GREY),
            (found.unseen, f"unseen, {found.rows[1]} rows", BEST),
        )
        for row, (interval, _, colour) in enumerate(lines):
            value, low, high = (scaled(x, METRIC, campaign) for x in (interval.value, interval.low, interval.high))
            axes.plot([low, high], [row, row], color=colour, linewidth=2, solid_capstyle="round")
            axes.plot([value], [row], "o", color=colour, markersize=6)
            axes.annotate(f"{value:.3g}", (value, row), (0, 6), textcoords="offset points", color=colour, ha="center")
        axes.set_yticks(range(2), [label for _, label, _ in lines], color=INK)
        axes.set_ylim(1.5, -0.9)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"{title(METRIC, campaign)} of trial {found.number}, 95% interval")
        return svg(figure, "winner", "The winner on rows that chose it and on unseen rows")


def importance(shares: Sequence[Share], label: str) -> str | None:
    """Two bars for each parameter: PED-ANOVA, with the middle 80% of its bootstrap values, and fANOVA."""
    if not shares:
        return None
    with matplotlib.rc_context(STYLE):
        figure, axes = canvas(1.0 + 0.5 * len(shares))
        for row, share in enumerate(shares):
            first = axes.barh(row - 0.2, 100 * share.value, height=0.34, color="#9db8dd", label="PED-ANOVA")
            axes.plot([100 * share.low, 100 * share.high], [row - 0.2] * 2, color=INK, linewidth=1.3)
            ends = [(100 * share.high, row - 0.2, share.value)]
            if share.fanova is not None:
                second = axes.barh(row + 0.2, 100 * share.fanova, height=0.34, color="#d9b36c", label="fANOVA")
                ends.append((100 * share.fanova, row + 0.2, share.fanova))
            for x, y, told in ends:
                axes.annotate(f"{told:.0%}", (x, y), (5, 0), textcoords="offset points", va="center", color=INK)
        bars = [first] if all(share.fanova is None for share in shares) else [first, second]
        figure.legend(handles=bars, frameon=False, fontsize=8.5, loc="outside lower center", ncols=2)
        axes.set_yticks(range(len(shares)), [share.key for share in shares], color=INK)
        axes.set_ylim(len(shares) - 0.5, -0.5)
        axes.set_xlim(0, 112)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"importance for {label} (%)")
        return svg(figure, f"importance-{label.replace(' ', '-')}", f"Importance of each parameter for {label}")


def front(campaign: Campaign) -> str | None:
    """Quality against cost: of the objectives where there are several, else of the value and what a trial took."""
    if len(campaign.objectives) > 1:
        first, second = list(campaign.objectives)[:2]
        done = [trial for trial in campaign.of(FINISHED) if {first, second} <= set(trial.values)]
        points = [(trial, scaled(trial.values[second], second, campaign), trial.values[first]) for trial in done]
        best, what = facts.pareto(campaign), title(second, campaign)
    else:
        what, points, best = facts.quality_and_cost(campaign)
    if len(points) < 2:
        return None
    points = [(trial, x, scaled(y, campaign.first, campaign)) for trial, x, y in points]
    with matplotlib.rc_context(STYLE):
        figure, axes = canvas(3.0)
        rest = [(x, y) for trial, x, y in points if trial.number not in best]
        if rest:
            axes.plot(*zip(*rest, strict=True), "o", color=COLOURS[FINISHED], markersize=5, alpha=0.5)
        chosen = sorted((x, y, trial.number) for trial, x, y in points if trial.number in best)
        axes.step(
            [x for x, _, _ in chosen], [y for _, y, _ in chosen], where="post", color=BEST, linewidth=1, alpha=0.6
        )
        axes.plot([x for x, _, _ in chosen], [y for _, y, _ in chosen], "o", color=BEST, markersize=7)
        for x, y, number in _apart(chosen):
            axes.annotate(str(number), (x, y), (0, 7), textcoords="offset points", color=BEST, ha="center")
        axes.margins(0.08)
        axes.set_xlabel(what)
        axes.set_title(f"{title(campaign.first, campaign)}; green: no trial is better in one and as good in the other")
        return svg(figure, "front", "Quality against cost")


def _by_chance(luck: Chance, up: bool) -> tuple[float, float]:
    """The reference's value, and how far chance may take the best from there."""
    return luck.reference, luck.reference + (luck.most if up else -luck.most)


def _reference(luck: Chance) -> str:
    return "the recipe" if luck.recipe else "the trial in the middle"


def _curve(trial: Trial, campaign: Campaign) -> tuple[list[int], list[float]]:
    return [step for step, _ in trial.curve], [scaled(value, campaign.first, campaign) for _, value in trial.curve]


def canvas(height: float) -> tuple[Figure, Axes]:
    """A figure as wide as the page (height in inches)."""
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    return figure, figure.subplots()


def _legend(axes: Axes) -> None:
    figure = axes.get_figure()
    figure.legend(frameon=False, fontsize=8.5, loc="outside lower center", ncols=3, borderaxespad=0)


def _height(trial: Trial, campaign: Campaign) -> float | None:
    found = trial.values.get(campaign.first) if trial.state == FINISHED else None
    if trial.state == PRUNED and trial.curve:
        found = trial.curve[-1][1]
    return None if found is None else scaled(found, campaign.first, campaign)


def _apart(points: Sequence[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """Those whose labels don't stand on one another."""
    if not points:
        return []
    width = (max(x for x, _, _ in points) - min(x for x, _, _ in points)) or 1
    shown: list[tuple[float, float, int]] = []
    for point in points:
        if not shown or point[0] - shown[-1][0] > 0.07 * width:
            shown.append(point)
    return shown
