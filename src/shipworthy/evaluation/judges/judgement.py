"""A judge's whole say: asked, read, tested, compared with people; what judgement.json and answers.parquet hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.project import project_root
from shipworthy.evaluation import figures
from shipworthy.evaluation.judges import prompt, replies
from shipworthy.evaluation.judges.asking import Heard, Judge, Keyed, ask
from shipworthy.evaluation.judges.cache import Answers, key_of
from shipworthy.evaluation.judges.found import Found, by_pairs, by_rubric
from shipworthy.evaluation.judges.pairwise import preferences
from shipworthy.evaluation.judges.people import Labels
from shipworthy.evaluation.judges.prompt import Prompt
from shipworthy.evaluation.judges.questions import Rows, questions
from shipworthy.evaluation.judges.rubric import grades
from shipworthy.evaluation.judges.schema import MODES, PAIRWISE, Asked
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.verdict import Verdict

MANY_UNREADABLE = 0.1
MANY_FOLLOWING = 0.3


@dataclass(frozen=True)
class Judgement:
    """What came of it.

    Attributes:
        record: the content of judgement.json.
        table: every question that was answered, with its reply.
        verdict: whether the judge finds the tuned model better than the baseline.
    """

    record: Mapping[str, Any]
    table: pl.DataFrame
    verdict: Verdict


def prompts(config: Asked) -> dict[str, Prompt]:
    """Mode → its prompt: ours, or a file of the project.

    Raises:
        UsageError: the project's own is none, or of a mode that is not asked for.
    """
    own = prompt.read(project_root() / config.prompt, config.prompt) if config.prompt else None
    if own and own.mode not in config.modes:
        raise UsageError(
            f"judge.prompt={config.prompt} has the mode {own.mode}, which judge.modes={config.modes} lacks: change one."
        )
    return {mode: own if own and own.mode == mode else prompt.read(prompt.OURS[mode]) for mode in config.modes}


def judgement(
    config: Asked,
    by_mode: Mapping[str, Prompt],
    rows: Rows,
    labels: Labels | None,
    judge: Judge,
    identity: Mapping[str, Any],
    cache: Answers,
    *,
    reference: str,
    how: Resampling,
) -> Judgement:
    """Asks the judge of the rows, and says what follows.

    Args:
        identity: who is asked, as answers are kept by it.
        reference: the name of the baseline.
        how: groups of the rows, alpha of the paired test, seed.

    Raises:
        UsageError: the budget cannot pay for it.
        ShipworthyError: the endpoint failed, or nothing that it said can be read.
    """
    asked = [
        (key_of(identity, config.parameters, by_mode[one.mode].to_json(), one.messages, one.draw), one)
        for one in questions(rows, by_mode, config.draws)
    ]
    heard = ask(judge, asked, cache)
    found = {mode: _found(mode, own, config, rows, labels, asked, heard, how) for mode, own in by_mode.items()}
    table = _table(rows, asked, heard, by_mode)
    unreadable = int(table["said"].is_null().sum())
    verdict = found[config.modes[0]].verdict(reference)
    record = {
        "asked": True,
        "reference": reference,
        "decides": config.modes[0],
        "rows": len(rows),
        "draws": config.draws,
        "shown_the_right_answer": rows.references is not None,
        **_of_answers(heard),
        "unreadable": unreadable,
        "currency": judge.limits.currency,
        **{mode: found[mode].record if mode in found else None for mode in MODES},
        "people": _people(labels, found),
        "verdict": verdict.to_json(),
        "remarks": list(_remarks(heard, unreadable, table.height, found.get(PAIRWISE))),
    }
    return Judgement(record, table, verdict)


def _found(
    mode: str,
    own: Prompt,
    config: Asked,
    rows: Rows,
    labels: Labels | None,
    asked: Keyed,
    heard: Heard,
    how: Resampling,
) -> Found:
    """What follows from the replies of one mode."""
    said = {
        (one.row, one.side, one.draw): heard.answers[key].text
        for key, one in asked
        if one.mode == mode and key in heard.answers
    }
    known = labels.labels if labels else ()
    if mode == PAIRWISE:
        return by_pairs(preferences(rows, said, config.draws), own, known, how)
    return by_rubric(grades(rows, said, own.criteria, config.draws), own, known, how)


def _of_answers(heard: Heard) -> dict[str, Any]:
    given = heard.answers.values()
    return {
        "answered_as": sorted({one.model for one in given}),
        "questions": heard.questions,
        "cached": heard.cached,
        "answered": len(given),
        "tokens_in": sum(one.tokens_in for one in given),
        "tokens_out": sum(one.tokens_out for one in given),
        "spent": heard.spent,
        "stopped": heard.stopped,
    }


def _people(labels: Labels | None, found: Mapping[str, Found]) -> dict[str, Any] | None:
    if labels is None:
        return None
    compared = [one.compared for one in found.values() if one.compared]
    return {"compared": compared, "elsewhere": labels.elsewhere, "outdated": labels.outdated}


def _remarks(heard: Heard, unreadable: int, questions: int, pairs: Found | None) -> Iterator[str]:
    if heard.stopped:
        yield (
            f"the budget ended it: {len(heard.answers):,} of {heard.questions:,} questions were answered, and only "
            "rows whose questions all were do count"
        )
    if unreadable > MANY_UNREADABLE * questions:
        yield f"{unreadable:,} of {questions:,} replies can't be read, and don't count"
    following = pairs.record["following_position"] if pairs else None
    if following and following["value"] > MANY_FOLLOWING:
        yield f"in {figures.percent(following)} of the pairs the judge follows the position, not the answer"


def _table(rows: Rows, asked: Keyed, heard: Heard, by_mode: Mapping[str, Prompt]) -> pl.DataFrame:
    """Id, mode, side, draw and reply of each answered question, and what was read of it (null: nothing)."""
    answered = [(one, heard.answers[key].text) for key, one in asked if key in heard.answers]
    columns: dict[str, Sequence[Any]] = {
        "id": [rows.ids[one.row] for one, _ in answered],
        "mode": [one.mode for one, _ in answered],
        "side": [one.side for one, _ in answered],
        "draw": [one.draw for one, _ in answered],
        "reply": [text for _, text in answered],
        "said": [_read(text, by_mode[one.mode]) for one, text in answered],
    }
    return pl.DataFrame(columns, schema={name: pl.Int64 if name == "draw" else pl.String for name in columns})


def _read(text: str, own: Prompt) -> str | None:
    if own.mode == PAIRWISE:
        return replies.winner(text)
    read = replies.grades(text, own.criteria)
    return (
        None if read is None else ", ".join(f"{name} {grade}" for name, grade in zip(own.criteria, read, strict=True))
    )
