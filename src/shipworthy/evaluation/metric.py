"""What a metric is: a module of metrics/, ours or an extension's, found by its name."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import parts
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.measures import MEASURES
from shipworthy.evaluation.tasks.metric_names import METRICS

if TYPE_CHECKING:  # the list of runs must not wait for them
    from numpy.typing import NDArray

    from shipworthy.evaluation.resampling import Array
    from shipworthy.models.protocol import Prediction

MODULES = Lazy("shipworthy.evaluation.metrics.{task.measured}")
KINDS = ("right", "mean", "whole")
UNITS = ("share", "score", "number")


class Metric(Protocol):
    """A module that compares predictions with answers.

    Attributes:
        TITLE: what reports call it.
        GREATER_IS_BETTER: its direction.
        KIND: `right`: each row is right or wrong, and the metric is the share of right ones; `mean`: each row has a
            number, and the metric is their mean; `whole`: one number of all rows, which `statistic` computes.
        UNIT: `share`: from 0 to 1, in reports percent, a difference percentage points; `score`: of 1 at most, as it
            stands; `number`: in a unit of its own, so that the plan's margins are shares of the reference's value.
        TASKS: the kinds of task that it suits.
        LIBRARY: where its definition comes from: a library's function, or a paper.
        MIND: what a user should mind, in a sentence.

    It may say NEEDS: settings of the task, such as `positive`, without which it can't be computed; NO_THRESHOLD: why no
    threshold of the positive class can be chosen by it, such as that it does not look at the answered class;
    NO_DECISION: why it can't be the metric that decides, such as that it has a target and no direction; and of `whole`
    CLASSES_BY_SIZE: that a class counts by its rows, so that a rare one hardly moves it. A `whole` that is the share of
    right ones among some of the rows may have right(rows): 1 of a right one, 0 of a wrong one, NaN of one that does not
    count, shape (n,); it has a share's interval and test then.
    """

    TITLE: str
    GREATER_IS_BETTER: bool
    KIND: Literal["right", "mean", "whole"]
    UNIT: Literal["share", "score", "number"]
    TASKS: tuple[str, ...]
    LIBRARY: str
    MIND: str

    def score(self, task: Any, predictions: "Sequence[Prediction]", answers: Sequence[str]) -> "NDArray[Any] | None":
        """Of `right` bool, of `mean` float, each of shape (n,); of `whole` what `statistic` takes, shape (n, ...).

        None where the predictions lack what it takes.
        """
        ...

    def statistic(self, rows: "Array", counts: "Array") -> "Array":
        """Of `whole` alone: its value where row i is counted counts[b, i] times, for each b; NaN where it has none.

        Args:
            rows: shape (n, ...).
            counts: shape (b, n), not negative.
        """
        ...


@cache
def metric(name: str) -> Metric:
    """The metric of this name, or one of measures.py.

    Raises:
        UsageError: there is none, or what it says of itself is not whole.
    """
    if name in MEASURES:
        return MEASURES[name]
    found = parts(METRICS)
    if name not in found:
        raise UsageError(f"There is no metric '{name}': choose one of {', '.join(found)}.")
    module: Metric = MODULES.load(name)
    check(name, module)
    return module


def check(name: str, module: Any) -> None:
    """Checks that a metric says all of itself.

    Raises:
        UsageError: it doesn't.
    """
    for key, allowed in {"GREATER_IS_BETTER": (True, False), "KIND": KINDS, "UNIT": UNITS}.items():
        if getattr(module, key, None) not in allowed:
            raise UsageError(
                f"metric '{name}' ({module.__file__}) must say {key} = {' or '.join(map(repr, allowed))}; "
                "docs/extensions.md shows a whole one."
            )
    if module.KIND == "right" and not module.GREATER_IS_BETTER:
        raise UsageError(
            f"metric '{name}' ({module.__file__}) says KIND = 'right', the share of right rows, and that less of it "
            "is better: take KIND = 'mean' for a share of wrong ones."
        )
    for key in ("TITLE", "TASKS", "LIBRARY", "MIND", "score", *(["statistic"] if module.KIND == "whole" else [])):
        if not hasattr(module, key):
            raise UsageError(f"metric '{name}' ({module.__file__}) has no {key}; docs/extensions.md shows a whole one.")


def right_rows(one: Metric, rows: "NDArray[Any]") -> "NDArray[Any] | None":
    """Of each row whether it is right, NaN where it does not count, shape (n,); None where the metric is no share."""
    if one.KIND == "whole":
        told: Callable[[NDArray[Any]], NDArray[Any]] | None = getattr(one, "right", None)
        return told(rows) if told else None
    ones = one.KIND == "right" or (one.UNIT == "share" and bool(((rows == 0) | (rows == 1)).all()))
    return rows.astype(float) if ones else None


def direction(name: str) -> str:
    """What Optuna and Ray call a metric's direction: `maximize` or `minimize`."""
    return "maximize" if metric(name).GREATER_IS_BETTER else "minimize"


def title(name: str) -> str:
    """What reports call a metric, or another number of a training: `exact_match` → `exact match`."""
    return metric(name).TITLE if _known(name) else name.replace("_", " ")


def unit(name: str) -> str:
    """Its unit; what is no metric here is taken for a share."""
    return metric(name).UNIT if _known(name) else "share"


def is_share(name: str) -> bool:
    """Whether reports give it in percent."""
    return unit(name) == "share"


def _known(name: str) -> bool:
    return name in MEASURES or name in parts(METRICS)
