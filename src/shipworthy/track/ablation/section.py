"""An ablation's part of its campaign's page, and its lines in summary.txt: all of it from ablation.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from shipworthy.evaluation import figures
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import title
from shipworthy.track.ablation import plots

TEMPLATE = Path(__file__).parent / "section.html.j2"


def section(ablation: Mapping[str, Any], environment: jinja2.Environment) -> str:
    """As HTML.

    Args:
        ablation: what ablation.json holds.
        environment: the page's, with its filter `typeset`.
    """
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        ablation=ablation,
        name=title(ablation["metric"]),
        decisions=[{**one, **_cells(one, ablation)} for one in ablation["decisions"]],
        margin=figures.amount(ablation["metric"], ablation["margin"]),
        effects=plots.effects(ablation),
        dependent=plots.dependent(ablation),
    )


def lines(ablation: Mapping[str, Any]) -> list[str]:
    """What is in summary.txt: what was found of pairs, cautions, and last what to do about each decision."""
    found = [one["sentence"] for one in ablation["interactions"]]
    found += [f"note: {one}" for one in ablation["cautions"]]
    return [*found, *([""] if found else [])]


def table(ablation: Mapping[str, Any]) -> list[list[str]]:
    """The rows of the decision table, its head first."""
    head = [
        "decision",
        f"change of {title(ablation['metric'])} [{ablation['level']:.0%}]",
        "p",
        "p (Holm)",
        "what to do",
    ]
    cells = (_cells(one, ablation) for one in ablation["decisions"])
    return [head, *([one["name"], *(cell[key] for key in ("shown", "p", "holm")), one["advice"]]
                    for one, cell in zip(ablation["decisions"], cells, strict=True))]  # fmt: skip


def _cells(one: Mapping[str, Any], ablation: Mapping[str, Any]) -> dict[str, str]:
    alpha = 1 - ablation["level"]
    p, holm = (figures.probability(one[key], alpha).removeprefix("p ").removeprefix("= ") for key in ("p", "p_holm"))
    if one["low"] is None:
        return {"shown": "not known", "p": "", "holm": ""}
    found = Interval(one["difference"], one["low"], one["high"], one["level"])
    bounds = figures.both_ways(ablation["margin"])
    return {"shown": figures.difference(ablation["metric"], found, bounds), "p": p, "holm": holm}
