"""A campaign's report: report.html and summary.txt in its folder."""

from pathlib import Path
from typing import Any

import jinja2

from shipworthy.core.files import write_text
from shipworthy.evaluation import figures
from shipworthy.track.ablation.section import section
from shipworthy.track.campaign import descriptions, facts, importance, parallel, plots
from shipworthy.track.campaign.findings import Findings, findings
from shipworthy.track.campaign.read import FAILED, FINISHED, PRUNED, Campaign, Trial, read
from shipworthy.track.campaign.savings import savings
from shipworthy.track.campaign.summary import summary
from shipworthy.track.cost.table import details
from shipworthy.track.hpo.schema import METRIC
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.quantities import money, seconds, typeset
from shipworthy.track.runs import formatting

TEMPLATE = Path(__file__).parent / "page.html.j2"
PAGE, SUMMARY = "report.html", "summary.txt"
TOP = 8
EDGE = 0.02
"""A best value so near the end of its range (share of it) may lie beyond."""


def write(folder: Path) -> str:
    """Writes both files, whatever the campaign has come to so far, and returns summary.txt.

    Args:
        folder: runs/campaigns/<name>.

    Raises:
        ShipworthyError: it holds no campaign.
    """
    campaign = read(folder)
    found = findings(campaign)
    text = summary(campaign, found)
    write_text(folder / PAGE, page(campaign, found))
    write_text(folder / SUMMARY, text)
    return text


def page(campaign: Campaign, findings: Findings) -> str:
    """The whole page as HTML: one file, no network."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["typeset"] = typeset
    found, saved = facts.winners_curse(campaign), savings(campaign)
    best = campaign.ranked[0] if campaign.ranked else None
    unbeaten = facts.pareto(campaign) if len(campaign.objectives) > 1 else {best.number} if best else set()
    shares = {one: importance.importance(campaign, one) for one in campaign.objectives}
    disagreements = [said for one in shares.values() if (said := importance.disagreement(one))]
    # An ablation's trainings are no candidates to choose from.
    ranked = campaign.ranked if campaign.kind == "tune" else []
    top = sorted(ranked, key=lambda trial: trial.number not in unbeaten)[:TOP]
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        campaign=campaign,
        states=descriptions.states(campaign),
        made=f"{formatting.when(campaign.made)} ({formatting.zone()})",
        method=descriptions.method(campaign),
        best=_headline(campaign),
        objectives=[plots.name(one, campaign) for one in campaign.objectives],
        near=descriptions.near(campaign),
        curse=descriptions.winners_curse(found, campaign) if found else "",
        unfinished=any(trial.state not in (FINISHED, PRUNED, FAILED) for trial in campaign.trials),
        saved=saved.words if saved else "",
        ablation=section(campaign.ablation, environment) if campaign.ablation else "",
        unbeaten=unbeaten,
        top=[_row(trial, campaign) for trial in top],
        space=[_dimension(one, best) for one in campaign.space],
        conditions=any(one.when for one in campaign.space),
        more_axes=len(campaign.space) > parallel.MOST_AXES,
        most_axes=parallel.MOST_AXES,
        caution=importance.caution(campaign),
        resamples=importance.RESAMPLES,
        budget=facts.budget(campaign),
        costs=_costs(campaign),
        failed=[{**_row(trial, campaign), "said": trial.said or "nothing was said"} for trial in campaign.of(FAILED)],
        decision=findings.decision,
        sentences=findings.sentences,
        trials=[_row(trial, campaign) for trial in campaign.trials],
        disagreements=disagreements,
        svg=_plots(campaign, findings, shares),
    )


def _headline(campaign: Campaign) -> dict[str, Any] | None:
    """The winner's value on rows that no trial saw, where it was measured on them; else that of the best."""
    if not campaign.ranked or campaign.kind != "tune":  # an ablation has no winner
        return None
    best, found, label = campaign.ranked[0], facts.winners_curse(campaign), plots.name(campaign.first, campaign)
    number, told, where = best.number, descriptions.measured(best, campaign.first, campaign), ""
    if found:
        number, label = found.number, plots.name(METRIC, campaign)
        told = figures.interval(campaign.metric, found.unseen)
        where = f" on {found.rows[1]:,} rows that no trial saw"
    n = len(campaign.ranked)
    chosen = f", {'chosen' if found else 'the best'} of {n} that finished" if n > 1 else ""
    recipe = campaign.recipe
    named = "the recipe itself" if recipe is not None and recipe.number == number else f"trial {number}"
    value, _, interval = told.partition(" [")
    return {
        "value": value,
        "interval": f"[{interval}" if interval else "",
        "what": f"{label} of {named}{chosen}{where}",
    }


def _plots(campaign: Campaign, findings: Findings, shares: dict[str, list[importance.Share]]) -> dict[str, Any]:
    importances = [plots.importance(found, plots.name(one, campaign)) for one, found in shares.items()]
    return {
        "history": plots.history(campaign, findings.luck) if campaign.kind == "tune" else None,
        "curves": plots.curves(campaign),
        "front": plots.front(campaign),
        "parallel": parallel.parallel(campaign),
        "winner": plots.winner(found, campaign) if (found := facts.winners_curse(campaign)) else None,
        "importance": [plot for plot in importances if plot],
    }


def _row(trial: Trial, campaign: Campaign) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state,
        "measured": [descriptions.measured(trial, one, campaign) for one in campaign.objectives],
        "step": "" if trial.step is None else f"{trial.step} of {trial.steps}" if trial.steps else str(trial.step),
        "time": seconds(trial.cost.seconds) if trial.cost.seconds else "",
        "money": money(trial.money, campaign.currency) if trial.money else "",
        "attempts": trial.attempts,
        "params": descriptions.changed(trial),
        "run_id": trial.run_id,
    }


def _dimension(one: Dimension, best: Trial | None) -> dict[str, Any]:
    has = best is not None and one.key in best.params
    value = best.params[one.key] if best is not None and has else None
    outside = value is not None and not one.holds(value)
    return {
        "key": one.key,
        "extent": descriptions.extent(one),
        "condition": descriptions.condition(one),
        "best": descriptions.value(value) if value is not None else "not there" if best else "",
        "outside": outside,
        "edge": value is not None
        and not outside
        and one.kind != "categorical"
        and not EDGE < parallel.position(one, value) < 1 - EDGE,
    }


def _costs(campaign: Campaign) -> list[str]:
    if not campaign.cost.seconds:
        return []
    told = dict(details(campaign.cost, None, ""))
    return [f"Energy: {told['energy']}.", f"Lost: {told['lost']}."]
