"""What is odd about a model's answers: too good a result, one answer for all rows, classes never said, too few rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shipworthy.evaluation.figures import percent
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.metric import metric, title
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TOO_GOOD = 0.99
"""The lower end of the interval from which a share of right rows is too good."""
TOO_GOOD_AUC = 0.995
FOUND = 0.5
"""A class of which less is found than this, shown by the upper end of recall's interval, is named."""
LEAST_ROWS = 20
LEAST_NEVER = 5
"""Rows of a class that is never said, from which on that is told."""
MOST_NAMED = 3
ERRORS_LEFT = 0.1
"""It must also leave at most this share of the errors of whoever always says the most frequent class."""
FEW_ROWS, FEW_OF_A_CLASS = 100, 20
"""Below these, bootstrap intervals hold the truth less often than they say (scripts/bench/intervals)."""
NO_LABEL = "[]"


def remarks(
    task: Task,
    name: str,
    metrics: Mapping[str, Interval],
    given: Sequence[Prediction],
    answers: Sequence[str],
    classified: Mapping[str, Any] | None,
    how: Resampling,
) -> list[str]:
    """Sentences, without a full stop, for a person to look at before anything is shipped.

    Args:
        name: of the model.
        metrics: its metrics with their intervals.
        given: its predictions.
        answers: the right ones.
        classified: the same class by class, or label by label (see classes.by_class; None: neither).
        how: which rows belong together.
    """
    found: list[str] = []
    if classified:
        constant = len({one.text for one in given}) == 1 and len(set(answers)) > 1
        silent = [] if classified["confusion"] else list(_silent(name, given, answers))
        if silent:
            found += silent
        elif constant:
            found.append(f"{name} answers '{given[0].text}' to all {len(given):,} rows, whatever they say")
        if not constant:
            found += [*_never(name, classified["classes"]), *_missed(name, classified["classes"])]
        found += _too_good(task, name, metrics, answers)
    return [*found, *_few(task.metric, classified, how)]


def _silent(name: str, given: Sequence[Prediction], answers: Sequence[str]) -> Iterator[str]:
    """Of rows that have labels: whether most get none."""
    said = [p.text for p, answer in zip(given, answers, strict=True) if answer != NO_LABEL]
    none = said.count(NO_LABEL)
    if said and none == len(said):
        yield f"{name} gives no label to any of the {len(said):,} rows that have some"
    elif said and (share := wilson(none, len(said))).low > FOUND:
        yield f"{name} gives no label to {percent(share.to_json())} of the {len(said):,} rows that have some"


def _never(name: str, classes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The classes that it never says, the largest first."""
    never = sorted(
        (one for one in classes if not one["said"] and one["rows"] >= LEAST_NEVER), key=lambda one: -one["rows"]
    )
    if never:
        told = ", ".join(f"'{one['name']}' ({one['rows']:,} rows)" for one in never[:MOST_NAMED])
        yield f"{name} never says {told}{f', nor {len(never) - MOST_NAMED} others' if len(never) > MOST_NAMED else ''}"


def _missed(name: str, classes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The classes that it says, and of which too little is found, the worst first."""
    missed = [one for one in classes if one["said"] and one["recall"]["high"] < FOUND and one["rows"] >= LEAST_ROWS]
    worst = sorted(missed, key=lambda one: float(one["recall"]["value"]))
    said = [f"{name} finds {percent(one['recall'])} of the {one['rows']:,} rows of '{one['name']}'" for one in worst]
    return [
        *said[:MOST_NAMED],
        *([f"{len(said) - MOST_NAMED} more are like that"] if len(said) > MOST_NAMED else []),
    ]


def _too_good(task: Task, name: str, metrics: Mapping[str, Interval], answers: Sequence[str]) -> Iterator[str]:
    always = Counter(answers).most_common(1)[0][1] / len(answers)
    for one, least in ((task.usual, TOO_GOOD), ("auc", TOO_GOOD_AUC)):
        found = metrics.get(one)
        few_errors = one == "auc" or (found is not None and 1 - found.value <= ERRORS_LEFT * (1 - always))
        if found is not None and found.low >= least and few_errors:
            yield (
                f"{title(one)} {percent(found.to_json())} of {name} is too good for most data: see by the columns' "
                "importance whether one is known only after the answer"
            )
            return


def _few(name: str, classified: Mapping[str, Any] | None, how: Resampling) -> Iterator[str]:
    """Of a deciding metric whose interval is a bootstrap's: whether there are too few rows for it."""
    if metric(name).KIND == "right" or hasattr(metric(name), "right"):
        return
    why = "intervals hold the truth less often than they say (docs/metrics.md, Few rows)"
    if how.units < FEW_ROWS:
        what = "rows" if how.clusters is None else "groups of rows"
        yield f"the test split has {how.units} {what}; below {FEW_ROWS}, {why}"
    elif classified and classified["classes"] and _leans_on_rare(name):
        rarest = min(classified["classes"], key=lambda one: int(one["rows"]))
        if rarest["rows"] < FEW_OF_A_CLASS:
            yield (
                f"{title(name)} leans on {rarest['rows']} rows of '{rarest['name']}'; below {FEW_OF_A_CLASS} rows of a "
                f"class, {why}"
            )


def _leans_on_rare(name: str) -> bool:
    one = metric(name)
    return one.KIND == "whole" and not getattr(one, "CLASSES_BY_SIZE", False)
