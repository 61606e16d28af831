"""Why a search says nothing at all: no trial finished, or none learned anything that another did not."""

from pathlib import Path

import polars as pl

from shipworthy.evaluation import figures
from shipworthy.evaluation.metric import is_share, title
from shipworthy.models import parquet
from shipworthy.track.campaign.chance import ANSWERS, judged_apart
from shipworthy.track.campaign.read import FAILED, Campaign, Trial
from shipworthy.track.hpo.schema import METRIC

MOST_NAMED = 6


def failed(campaign: Campaign) -> str:
    """How many failed, and why the first did; of a search of which no trial finished."""
    found = campaign.of(FAILED)
    if not found:
        return "No trial finished, so there is nothing to choose among."
    said = found[0].said.rstrip(".") or "it did not say why"
    return (
        f"No trial finished: {len(found)} of {len(campaign.trials)} failed. The first of them, trial "
        f"{found[0].number}: {said}. The whole log is in {campaign.folder}/workers."
    )


def nothing(campaign: Campaign) -> str:
    """Why the trials that finished say nothing, and what to look at (empty: they do say something)."""
    if campaign.first != METRIC:
        return ""
    done, best = campaign.different, campaign.ranked[0]
    name, value = title(campaign.metric), best.values[METRIC]
    shown = figures.figure(campaign.metric, value)
    if is_share(campaign.metric) and campaign.objectives[METRIC] and value == 0:
        return (
            f"The best {name} of {len(done)} trials is {shown}: none got anything right. Look at what the model "
            "answers: was it trained long enough, and are its answers in the form that the task expects?"
        )
    if (said := same_answer(best)) is not None:
        return (
            f"The best trial ({name} {shown}) gives every row the same answer, {said!r}, as a model would that never "
            "looks at the row. Look at the data, and at the columns that the model is given."
        )
    if len(done) > 1 and len({trial.values[METRIC] for trial in done}) == 1:
        return (
            f"All {len(done)} trials that finished have the same {name}, {shown}: what was varied made no difference "
            "that these rows can show. Search other keys, or between other ends."
        )
    return ""


def same_answer(trial: Trial) -> str | None:
    """What a model answers to every row; None: its answers differ, or are not known."""
    path = trial.run.folder / "checkpoint" / ANSWERS if trial.run else Path()
    if not path.is_file():
        return None
    rows = parquet.read(path)
    given = rows["prediction"].unique() if "prediction" in rows.columns else pl.Series([], dtype=pl.String)
    return str(given[0]) if len(given) == 1 and rows.height > 1 else None


def apart(by_trial: dict[int, pl.DataFrame]) -> str:
    """Which trials were judged by other rows than most, in a sentence; empty: all by the same.

    Args:
        by_trial: what `chance.answers` read.
    """
    first, *others = judged_apart(by_trial) or [[]]
    if not others:
        return ""
    told = "; ".join(f"{_named(lot)} by {by_trial[lot[0]].height:,} other rows" for lot in others)
    return (
        f"Trials were judged by different rows, so their values can't be compared: {_named(first)} by "
        f"{by_trial[first[0]].height:,} rows, {told}."
    )


def _named(numbers: list[int]) -> str:
    more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
    return f"trial{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers[:MOST_NAMED]))}{more}"
