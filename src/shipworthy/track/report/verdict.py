"""The verdict: each criterion of the plan, compared with what was measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import Claim
from shipworthy.models.dataset import info
from shipworthy.track.quantities import megabytes, seconds
from shipworthy.track.report.candidates import Candidate, chosen

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Check:
    """One criterion.

    Attributes:
        what: the question, in a few words.
        wanted: what the plan asks for.
        found: what was measured.
        holds: whether it is met; what was not measured is not met.
    """

    what: str
    wanted: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Verdict:
    """The decision and what it rests on."""

    checks: list[Check]

    @property
    def ship(self) -> bool:
        """Whether every criterion is met."""
        return all(check.holds for check in self.checks)

    @property
    def words(self) -> str:
        """SHIP or DON'T SHIP."""
        return "SHIP" if self.ship else "DON'T SHIP"

    @property
    def failed(self) -> list[Check]:
        """The criteria that are not met."""
        return [check for check in self.checks if not check.holds]


def judge(artifacts: Mapping[str, Artifact], found: list[Candidate]) -> Verdict:
    """Every criterion of criteria.json against evaluation, compression, bench and package."""
    criteria = artifacts["plan"].json("criteria.json")
    evaluation = artifacts["evaluation"].json("evaluation.json")
    role = criteria.get("judge", "none")
    return Verdict(
        [
            *([_better(criteria, evaluation)] if role != "alone" else []),
            *([_judged(artifacts, criteria, evaluation, role)] if role != "none" else []),
            *_lost_nothing(artifacts, criteria),
            *_tokens(artifacts),
            *_limits(artifacts, criteria, chosen(found)),
            _packaged(artifacts),
        ]
    )


def _better(criteria: Mapping[str, Any], evaluation: Mapping[str, Any]) -> Check:
    name, margin = evaluation["metric"], criteria["margin"]
    asked = "by " + figures.margin(name, margin, "the baseline's") + " or more" if margin else "by any amount"
    return Check(
        f"Better than the best baseline, {evaluation['best_baseline']}",
        f"{asked}, p < {criteria['alpha']:g}, paired",
        Claim.from_json(evaluation["comparison"]).figures,
        bool(evaluation["verdict"]["passed"]),
    )


def _judged(
    artifacts: Mapping[str, Artifact], criteria: Mapping[str, Any], evaluation: Mapping[str, Any], role: str
) -> Check:
    """What the judge says, where the plan gives it a say."""
    best = evaluation["best_baseline"]
    what = f"The judge finds it better than {best}{', in place of the metric' if role == 'alone' else ''}"
    wanted = f"better, p < {criteria['alpha']:g}, paired"
    said: dict[str, Any] = artifacts["judgement"].json("judgement.json") if "judgement" in artifacts else {}
    if not said.get("asked"):
        return Check(what, wanted, NOT_MEASURED, False)
    claim = Claim.from_json(said[said["decides"]]["claim"])
    return Check(what, wanted, f"{claim.sentence}: {claim.figures}", bool(said["verdict"]["passed"]))


def _chosen_record(artifacts: Mapping[str, Artifact]) -> Mapping[str, Any] | None:
    if "compressed" not in artifacts:
        return None
    compressed = artifacts["compressed"].json("compressed.json")
    record: Mapping[str, Any] = next(v for v in compressed["variants"] if v["name"] == compressed["chosen"])
    return record


def _lost_nothing(artifacts: Mapping[str, Artifact], criteria: Mapping[str, Any]) -> list[Check]:
    record = _chosen_record(artifacts)
    margin = figures.margin(criteria["metric"], criteria["noninferiority_margin"], "the model's")
    what, wanted = "Compression lost less than the margin", f"less than {margin}, p < {criteria['alpha']:g}"
    if record is None:
        return [Check(what, wanted, NOT_MEASURED, False)]
    if not (test := record.get("noninferiority")):
        return [Check(what, wanted, "nothing was compressed", True)]
    claim = Claim.from_json(test)
    return [Check(what, wanted, f"{claim.sentence}: {claim.shown_by}", bool(test["holds"]))]


def _tokens(artifacts: Mapping[str, Artifact]) -> list[Check]:
    record = _chosen_record(artifacts)
    if record is None or not (parity := record.get("token_parity")):
        return []
    return [
        Check(
            "The engine reads the tokens of the training",
            "every row the same",
            f"{parity['equal']:,} of {parity['rows']:,} rows",
            parity["equal"] == parity["rows"] and parity["rows"] > 0,
        )
    ]


def _limits(artifacts: Mapping[str, Artifact], criteria: Mapping[str, Any], shipped: Candidate) -> list[Check]:
    bench = artifacts["bench"].json("bench.json") if "bench" in artifacts else {}
    p95 = bench.get("single", {}).get("latency_s", {}).get("p95")
    limits: list[tuple[str, float | None, float, Callable[[float], str]]] = [
        ("Fast enough, one request at a time (p95)", p95, criteria["max_p95_s"], seconds),
        ("Small enough (weights)", shipped.size_mb, criteria["max_size_mb"], megabytes),
        ("Fits the server (memory)", bench.get("memory_mb"), criteria["max_memory_mb"], megabytes),
    ]
    return [
        Check(
            what,
            f"at most {words(limit)}",
            NOT_MEASURED if value is None else words(value),
            value is not None and value <= limit,
        )
        for what, value, limit, words in limits
    ]


def _packaged(artifacts: Mapping[str, Artifact]) -> Check:
    what, wanted = "The package works in a fresh environment", "answers as the source model does"
    if "package" not in artifacts:
        return Check(what, wanted, NOT_MEASURED, False)
    package = artifacts["package"].json("package.json")
    asked = len(package.get("questions", []))
    validated = bool(package["validated"])
    what_was = "questions" if info(artifacts["dataset"]).template_sha256 else "rows"
    found = f"{asked} {what_was}, all the same" if validated else f"not all of {asked} {what_was} the same"
    return Check(what, wanted, found, validated)
