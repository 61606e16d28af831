"""What is odd about a model's answers to a table: too good a result, or one class for all rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from shipworthy.evaluation.intervals import Interval
from shipworthy.models.protocol import Prediction

TOO_GOOD = 0.99
"""The lower end of accuracy's interval from which a result is too good."""
TOO_GOOD_AUC = 0.995
FOUND = 0.5
"""A class of which less is found than this, shown by the upper end of recall's interval, is named."""
LEAST_ROWS = 20
MOST_NAMED = 3
ERRORS_LEFT = 0.1
"""It must also leave at most this share of the errors of whoever always says the most frequent class."""


def remarks(
    name: str,
    metrics: Mapping[str, Interval],
    given: Sequence[Prediction],
    answers: Sequence[str],
    classified: Mapping[str, Any],
) -> list[str]:
    """Sentences, without a full stop, for a person to look at before anything is shipped.

    Args:
        name: of the model.
        metrics: its metrics with their intervals, `accuracy` and perhaps `auc` among them.
        given: its predictions.
        answers: the right ones.
        classified: the same class by class (see classes.by_class).
    """
    found = []
    said, frequent = Counter(one.text for one in given), Counter(answers)
    if len(said) == 1 and len(frequent) > 1:
        found.append(f"{name} answers '{next(iter(said))}' to all {len(given):,} rows, whatever they say")
    else:
        found += _missed(name, classified["classes"])
    always = frequent.most_common(1)[0][1] / len(answers)
    for metric, least in (("accuracy", TOO_GOOD), ("auc", TOO_GOOD_AUC)):
        one = metrics.get(metric)
        few_errors = metric == "auc" or (one is not None and 1 - one.value <= ERRORS_LEFT * (1 - always))
        if one is not None and one.low >= least and few_errors:
            found.append(
                f"{metric} {one.value:.1%} ({one.low:.1%} to {one.high:.1%}) of {name} is too good for most data: see "
                "by the columns' importance whether one is known only after the answer"
            )
            break
    return found


def _missed(name: str, classes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The classes of which too little is found, the worst first."""
    missed = [one for one in classes if one["recall"]["high"] < FOUND and one["rows"] >= LEAST_ROWS]
    worst = sorted(missed, key=lambda one: float(one["recall"]["value"]))
    said = [f"{name} finds {_share(one['recall'])} of the {one['rows']:,} rows of '{one['name']}'" for one in worst]
    return [
        *said[:MOST_NAMED],
        *([f"{len(said) - MOST_NAMED} more classes are like that"] if len(said) > MOST_NAMED else []),
    ]


def _share(one: Mapping[str, float]) -> str:
    return f"{one['value']:.1%} ({one['low']:.1%} to {one['high']:.1%})"
