"""From a judge's replies to figures: the paired test, intervals, and how far people agree, for one mode each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import claims, paired, resampling, scores
from shipworthy.evaluation.claims import BETTER, Claim
from shipworthy.evaluation.judges import people, replies
from shipworthy.evaluation.judges.pairwise import Preferences
from shipworthy.evaluation.judges.people import Label
from shipworthy.evaluation.judges.prompt import Prompt
from shipworthy.evaluation.judges.questions import BASELINE, SIDES, TUNED
from shipworthy.evaluation.judges.rubric import Grades
from shipworthy.evaluation.measures import PREFERENCE, SCORE
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.verdict import Verdict


@dataclass(frozen=True)
class Found:
    """What one mode says.

    Attributes:
        claim: of the tuned model against the baseline.
        record: its part of judgement.json.
        compared: with people (see people.agreement); None: no labels.
    """

    claim: Claim
    record: Mapping[str, Any]
    compared: Mapping[str, Any] | None

    def verdict(self, reference: str) -> Verdict:
        """Whether the judge finds the tuned model better than the baseline of this name."""
        claim, passed = self.claim, self.claim.words == BETTER
        text = f"against {reference} the judge says {claim.sentence}: {claim.figures} {claim.rows} ({claim.test})"
        return Verdict(passed, [f"{'Met' if passed else 'Not met'}: {text}; asked is better."])


def by_pairs(found: Preferences, own: Prompt, labels: Sequence[Label], how: Resampling) -> Found:
    """Of comparisons; wins and losses are tested as rows of 1 and 0 beside rows of 0 and 1."""
    claim = _claim(PREFERENCE, found.wins, 1 - found.wins, _some(how, found.rows))
    following = None
    if len(found.asked):
        following = scores.interval(PREFERENCE, found.following, _some(how, found.asked)).to_json()
    record = {
        "prompt": own.to_json(),
        "claim": claim.to_json(),
        "n": len(found.rows),
        "won": int((found.wins > 0.5).sum()),
        "tied": int((found.wins == 0.5).sum()),
        "lost": int((found.wins < 0.5).sum()),
        "same": found.same,
        "following_position": following,
        "first": found.first,
        "second": found.second,
    }
    judged = {int(row): _winner(win) for row, win in zip(found.rows, found.wins, strict=True)}
    both = [(judged[one.place], one.winner) for one in labels if one.winner and one.place in judged]
    return Found(claim, record, _compared("preferences", both, how))


def by_rubric(found: Grades, own: Prompt, labels: Sequence[Label], how: Resampling) -> Found:
    """Of grades; a row's score is the mean of its criteria."""
    some = _some(how, found.rows)
    by_side = {side: found.scores(side) for side in SIDES}
    claim = _claim(SCORE, by_side[TUNED], by_side[BASELINE], some)
    means = {side: [_mean(one) for one in resampling.of_means(found.by_side[side], some)] for side in SIDES}
    record = {
        "prompt": own.to_json(),
        "claim": claim.to_json(),
        "n": len(found.rows),
        "scores": {side: scores.interval(SCORE, one, some).to_json() for side, one in by_side.items()},
        "criteria": {name: {side: means[side][i] for side in SIDES} for i, name in enumerate(own.criteria)},
    }
    rounded = {
        (int(row), side): int(np.floor(score + 0.5))
        for side in SIDES
        for row, score in zip(found.rows, by_side[side], strict=True)
    }
    scored = [one for one in labels if one.score is not None and (one.place, one.side) in rounded]
    return Found(claim, record, _compared("scores", [(rounded[one.place, one.side], one.score) for one in scored], how))


def _claim(name: str, mine: NDArray[np.float64], theirs: NDArray[np.float64], how: Resampling) -> Claim:
    if not how.n:
        raise ShipworthyError(
            "Of no row could all replies of the judge be read: look at judge_answers.jsonl in runs/, and choose "
            "another model, more judge.max_tokens, or a prompt that it follows."
        )
    (claim,) = claims.decide(name, [paired.pair(metric(name), mine, theirs, how)], how.alpha)
    return claim


def _some(how: Resampling, rows: NDArray[np.intp]) -> Resampling:
    """How some of the rows are drawn again."""
    return Resampling(len(rows), None if how.clusters is None else how.clusters[rows], how.seed, how.alpha)


def _mean(found: resampling.Distribution) -> dict[str, float]:
    low, high = found.interval(scores.LEVEL)
    return {"value": found.value, "low": low, "high": high, "level": scores.LEVEL}


def _winner(win: float) -> str:
    return replies.TIE if win == 0.5 else TUNED if win > 0.5 else BASELINE


def _compared(what: str, both: Sequence[tuple[Any, Any]], how: Resampling) -> dict[str, Any] | None:
    """The judge's and the people's word on the same rows."""
    judge, them = [one for one, _ in both], [one for _, one in both]
    found = people.agreement(judge, them, scores=what == "scores", seed=how.seed)
    return {"of": what, **found} if found else None
