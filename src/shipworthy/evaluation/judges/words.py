"""What a judgement says, in words, for the page, the summary and the model card; `said` is judgement.json."""

from collections.abc import Iterator, Mapping
from typing import Any

from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.measures import AGREEMENT, SCORE

ROLES = {
    "none": "It decides nothing (task.criteria.judge=none).",
    "also": "It must find the tuned model better, beside what the metric must show (task.criteria.judge=also).",
    "alone": "It decides in place of the metric (task.criteria.judge=alone).",
}
NOT_COMPARED = "The judge was not compared with people: judge.labels names no file of labels."
SIDES = ("tuned", "baseline")


def claims(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each mode with what was shown in it."""
    if found := said["pairwise"]:
        claim = Claim.from_json(found["claim"])
        same = f" ({found['same']:,} of them the same answer)" if found["same"] else ""
        yield (
            "pairwise",
            f"{claim.sentence} against {said['reference']}: won {found['won']:,}, tied {found['tied']:,}{same}, lost "
            f"{found['lost']:,}; wins less losses {claim.figures}",
        )
    if found := said["rubric"]:
        claim = Claim.from_json(found["claim"])
        mine, theirs = (figures.interval(SCORE, Interval(**found["scores"][side])) for side in SIDES)
        yield (
            "rubric",
            f"{claim.sentence} against {said['reference']}: {mine} and {theirs} of 5 on {found['n']:,} rows; "
            f"difference {claim.figures}",
        )


def position(said: Mapping[str, Any]) -> str:
    """How often the judge follows the position; empty where nothing was compared."""
    found = said["pairwise"]
    if not found or not found["following_position"]:
        return ""
    return (
        f"Each pair was shown in both orders; in {figures.percent(found['following_position'])} of them the judge "
        f"named the same position whichever answer was there ({found['first']:,} times the first, "
        f"{found['second']:,} times the second): these are ties."
    )


def criteria(said: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Each criterion of the rubric with the grades of both."""
    if not said["rubric"]:
        return []
    return [
        (name, [figures.interval(SCORE, Interval(**by_side[side])) for side in SIDES])
        for name, by_side in said["rubric"]["criteria"].items()
    ]


def cost(said: Mapping[str, Any]) -> str:
    """What was asked and spent."""
    spent = f", {said['spent']:.2g} {said['currency']}" if said["spent"] else ""
    return (
        f"{said['answered']:,} of {said['questions']:,} questions were answered, {said['cached']:,} of them from the "
        f"cache; {said['unreadable']:,} replies could not be read. {said['tokens_in']:,} tokens of questions and "
        f"{said['tokens_out']:,} of replies{spent}."
    )


def people(said: Mapping[str, Any]) -> Iterator[str]:
    """How far it agrees with people."""
    found = said["people"]
    if found is None:
        yield NOT_COMPARED
        return
    if not found["compared"]:
        yield "The judge was not compared with people: no label is of a row that was judged."
    for one in found["compared"]:
        kappa = figures.interval(AGREEMENT, Interval(**one["kappa"])) if one["kappa"] else "without a value"
        yield (
            f"Of {one['n']:,} {one['of']} that people gave, the judge gives the same in "
            f"{figures.percent(one['share'])}; Cohen's kappa {kappa}."
        )
        yield from (f"Look at this: {remark}." for remark in one["remarks"])
    if found["elsewhere"]:
        yield f"{found['elsewhere']:,} labels are of rows that were not drawn."
    if found["outdated"]:
        yield f"{found['outdated']:,} labels are of answers that the candidates give no more, and don't count."
