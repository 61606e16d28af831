"""What is odd about a model's answers to a table: too good a result, or one class for all rows."""

from collections import Counter
from collections.abc import Mapping, Sequence

from shipworthy.evaluation.intervals import Interval
from shipworthy.models.protocol import Prediction

TOO_GOOD = 0.99
"""The lower end of accuracy's interval from which a result is too good."""
TOO_GOOD_AUC = 0.995
ERRORS_LEFT = 0.1
"""It must also leave at most this share of the errors of whoever always says the most frequent class."""


def remarks(
    name: str, metrics: Mapping[str, Interval], given: Sequence[Prediction], answers: Sequence[str]
) -> list[str]:
    """Sentences, without a full stop, for a person to look at before anything is shipped.

    Args:
        name: of the model.
        metrics: its metrics with their intervals, `accuracy` and perhaps `auc` among them.
        given: its predictions.
        answers: the right ones.
    """
    found = []
    said, frequent = Counter(one.text for one in given), Counter(answers)
    if len(said) == 1 and len(frequent) > 1:
        found.append(f"{name} answers '{next(iter(said))}' to all {len(given):,} rows, whatever they say")
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
