"""The page that says ship or don't: one file, no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from shipworthy.core.artifact import Artifact
from shipworthy.evaluation import claims, figures
from shipworthy.evaluation.by_number import promise
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.measures import DOCUMENT, GENERAL_ANSWERS, GENERAL_LOSS
from shipworthy.evaluation.metric import metric as of_name
from shipworthy.evaluation.metric import title
from shipworthy.models.dataset import info
from shipworthy.track import quantities
from shipworthy.track.report import class_plots, facts, judged, number_plots, plots, rows
from shipworthy.track.report.candidates import TUNED, Candidate, chosen, tuned
from shipworthy.track.report.verdict import Verdict

FILTERS = (
    figures.amount,
    figures.figure,
    figures.interval,
    quantities.count,
    quantities.megabytes,
    quantities.precise,
    figures.percent,
    quantities.seconds,
    quantities.typeset,
    title,
)
TEMPLATE = Path(__file__).parent / "page.html.j2"


def page(
    artifacts: Mapping[str, Artifact],
    found: Sequence[Candidate],
    verdict: Verdict,
    *,
    description: str,
    reads: str,
    price_per_hour: float,
    currency: str,
) -> str:
    """The whole page as HTML.

    Args:
        description: the task in one sentence.
        reads: who read the answers of the test split, in words.
        price_per_hour: what an hour of the machine costs (in `currency`).
    """
    candidates = list(found)
    evaluation = artifacts["evaluation"].json("evaluation.json")
    dataset = artifacts["dataset"]
    metric, best = evaluation["metric"], evaluation["best_baseline"]
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    environment.filters["promise"] = promise
    environment.filters["as_interval"] = lambda record: Interval(**record)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        description=description,
        reads=reads,
        verdict=verdict,
        metric=metric,
        direction="" if of_name(metric).GREATER_IS_BETTER else " (less is better)",
        metrics=list(tuned(candidates).metrics),
        trained=tuned(candidates),
        asks=bool(info(dataset).template_sha256),
        evaluation=evaluation,
        comparison=Claim.from_json(evaluation["comparison"]),
        importance=_importance(evaluation),
        by_class=evaluation.get("by_class"),
        by_number=evaluation.get("by_number"),
        decision=artifacts["checkpoint"].json("training.json").get("decision"),
        slices=evaluation.get("slices", {"parts": []}),
        judged=judged.section(artifacts),
        candidates=candidates,
        shipped=chosen(candidates),
        best=next(candidate for candidate in candidates if candidate.name == best),
        model=facts.model_name(artifacts),
        plan=artifacts["plan"].json("plan.json"),
        pipeline=facts.pipeline(artifacts),
        plan_and_fact=facts.plan_and_fact(artifacts),
        cost=facts.cost(artifacts, price_per_hour, currency),
        served=facts.served(artifacts),
        general=facts.general(artifacts),
        general_score=DOCUMENT,
        forgetting=facts.forgetting(artifacts),
        general_answers=GENERAL_ANSWERS,
        general_loss=GENERAL_LOSS,
        compression=facts.compression(artifacts),
        data=rows.data(dataset),
        errors=rows.errors(dataset, artifacts["evaluation"], metric, TUNED, best),
        lineage=facts.lineage(artifacts),
        svg=_plots(artifacts, candidates, metric, best),
    )


def _plots(artifacts: Mapping[str, Artifact], found: list[Candidate], metric: str, best: str) -> dict[str, str | None]:
    criteria = artifacts["plan"].json("criteria.json")
    training = artifacts["checkpoint"].json("training.json")
    evaluation = artifacts["evaluation"].json("evaluation.json")
    validated = {b["name"]: b["validation"] for b in artifacts["baseline"].json("baseline.json")["baselines"]}
    sign = 1 if of_name(metric).GREATER_IS_BETTER else -1
    beaten, whole = (one.metrics[metric].value for one in (next(c for c in found if c.name == best), tuned(found)))
    lost = claims.margin_of(metric, criteria["noninferiority_margin"], whole)
    return {
        "training": plots.training(
            facts.history(artifacts), metric, training.get("selected_step", 0), validated[best][metric]["value"]
        ),
        "classes": class_plots.curves(evaluation.get("by_class"), (training.get("decision") or {}).get("decision")),
        "numbers": number_plots.numbers(evaluation.get("by_number")),
        "whiskers": plots.whiskers(found, metric, beaten + sign * evaluation["margin"]),
        "tradeoff": plots.tradeoff(found, metric, criteria["max_size_mb"], whole - sign * lost),
    }


def _importance(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """By which metric it was measured (see scores.by_row), and each column with what the model loses without it."""
    name = evaluation.get("importance_by", evaluation["metric"])
    ends = ("value", "low", "high", "level")
    found = [(one["column"], Interval(**{end: one[end] for end in ends})) for one in evaluation.get("importance", ())]
    return {"metric": name, "rows": [(column, figures.difference(name, lost)) for column, lost in found]}
