"""The page that says ship or don't: one file, no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from shipworthy.core.artifact import Artifact
from shipworthy.evaluation import scores
from shipworthy.track.report import facts, formatting, plots, rows
from shipworthy.track.report.candidates import Candidate, chosen, tuned
from shipworthy.track.report.verdict import Verdict

FILTERS = (
    formatting.count,
    formatting.figure,
    formatting.interval,
    formatting.megabytes,
    scores.metric_name,
    formatting.points,
    formatting.precise,
    formatting.seconds,
    formatting.typeset,
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
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        description=description,
        reads=reads,
        verdict=verdict,
        metric=metric,
        metrics=list(tuned(candidates).metrics),
        evaluation=evaluation,
        candidates=candidates,
        shipped=chosen(candidates),
        best=next(candidate for candidate in candidates if candidate.name == best),
        model=facts.model_name(artifacts),
        plan=artifacts["plan"].json("plan.json"),
        pipeline=facts.pipeline(artifacts),
        plan_and_fact=facts.plan_and_fact(artifacts),
        cost=facts.cost(artifacts, price_per_hour, currency),
        served=facts.served(artifacts),
        compression=facts.compression(artifacts),
        data=rows.data(dataset),
        errors=rows.errors(dataset, artifacts["evaluation"], tuned(candidates).name, best),
        lineage=facts.lineage(artifacts),
        svg=_plots(artifacts, candidates, metric, best),
    )


def _plots(artifacts: Mapping[str, Artifact], found: list[Candidate], metric: str, best: str) -> dict[str, str | None]:
    criteria = artifacts["plan"].json("criteria.json")
    training = artifacts["checkpoint"].json("training.json")
    validated = {b["name"]: b["validation"] for b in artifacts["baseline"].json("baseline.json")["baselines"]}
    beaten = next(c for c in found if c.name == best).metrics[metric].value
    return {
        "training": plots.training(
            facts.history(artifacts), metric, training.get("selected_step", 0), validated[best][metric]["value"]
        ),
        "whiskers": plots.whiskers(found, metric, beaten + criteria["margin"]),
        "tradeoff": plots.tradeoff(
            found,
            metric,
            criteria["max_size_mb"],
            tuned(found).metrics[metric].value - criteria["noninferiority_margin"],
        ),
    }
