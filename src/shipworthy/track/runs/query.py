"""Which runs a user asks for: `status=finished`, `accuracy>87%`, `optimizer.lr=1e-3`, `since=2d`, `note~word`.

A key is a fact (FACTS), a key of the config, or what the list prints above a column: `took`, `cost USD`, a metric's
name or title. A metric's name holds of the runs that are measured by it; `metric` is each run's own.
"""

import difflib
import operator
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.track.runs import ground
from shipworthy.track.runs.formatting import plain
from shipworthy.track.runs.registry import Run
from shipworthy.track.runs.starts import STATUSES

FACTS: dict[str, Callable[[Run], Any]] = {
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "status": lambda run: run.status,
    "began": lambda run: run.began,
    "seconds": lambda run: run.seconds,
    "steps": lambda run: run.steps,
    "metric": lambda run: run.value,
    "rows": lambda run: ground.rows(run) or None,
    "cost": lambda run: run.cost,
    "campaign": lambda run: run.campaign,
    "trial": lambda run: run.number,
    "recipe": lambda run: run.recipe,
    "tag": lambda run: ", ".join(run.tags),
    "host": lambda run: run.starts[-1].host if run.starts else "",
    "starts": lambda run: len(run.starts),
    "note": lambda run: " ".join(run.notes.values()),
    "said": lambda run: run.said,
}
"""What a run can be asked for besides the keys of its config."""

METRIC, SECONDS = "metric", "seconds"
TITLES = {"took": SECONDS, "cost": "cost"}
"""The first word of a column's title → the fact."""
SINCE = "since"
UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
LASTED = {"s": 1, "min": 60, "h": 3600, "d": 86400}
CONDITION = re.compile(r"^([\w./ -]+?)\s*(>=|<=|!=|=|>|<|~)(.*)$", re.DOTALL)
ORDERS = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Condition:
    """One filter: a fact or config key, an operator, and what it is held against."""

    key: str
    sign: str
    text: str

    def holds(self, run: Run) -> bool:
        """Whether it holds of a run; of what a run does not have nothing holds but `!=` and `key=` (empty)."""
        if self.key == SINCE:
            return run.began >= moment(self.text)
        found = value(run, self.key)
        if self.sign == "~":
            return self.text.lower() in plain(found).lower()
        if self.sign in ("=", "!="):
            return any(_same(found, text) for text in self.text.split(",")) == (self.sign == "=")
        wanted, number = _wanted(self.text), _number(found)
        return wanted is not None and number is not None and bool(ORDERS[self.sign](number, wanted))


def condition(text: str) -> Condition | None:
    """The filter that a word of the command line is; None if it is none.

    Raises:
        UsageError: it compares with what is no number, or names no status or time.
    """
    if not (found := CONDITION.match(text)):
        return None
    one = Condition(*found.groups())
    if one.key == SINCE:
        if one.sign != "=":
            raise UsageError(f"'{text}': it is since=2d, since=12h or since=2026-11-22.")
        moment(one.text)
    elif one.sign in ORDERS and _wanted(one.text) is None:
        raise UsageError(f"'{text}' compares with '{one.text}', which is no number: give 0.87, 87% or 10min.")
    wrong = [word for word in one.text.split(",") if word not in STATUSES] if one.key == "status" else []
    if wrong and one.sign != "~":
        raise UsageError(f"no run has the status '{wrong[0]}': it is one of {', '.join(STATUSES)}.")
    return one


def moment(text: str) -> float:
    """`2d`, `12h`, `30m`, `1w` ago, or the beginning of a day `2026-11-22` (seconds since the epoch).

    Raises:
        UsageError: it is neither.
    """
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text):
        return time.time() - float(found[1]) * UNITS[found[2]]
    try:
        return time.mktime(time.strptime(text, "%Y-%m-%d"))
    except ValueError:
        raise UsageError(f"since={text} is no time: give 30m, 12h, 2d, 1w or a date like 2026-11-22.") from None


def value(run: Run, key: str) -> Any:
    """A fact of a run, a value of its config, or its metric, where that is the one named; None where it has none."""
    if key in FACTS:
        return FACTS[key](run)
    if key in run.config:
        return run.config[key]
    if fact := TITLES.get(key.partition(" ")[0]):
        return FACTS[fact](run)
    return run.value if is_metric(key, run.metric) else None


def by_metric(key: str, runs: Iterable[Run]) -> bool:
    """Whether a key means the runs' metric, by that word or by name."""
    return key == METRIC or (key not in FACTS and any(is_metric(key, run.metric) for run in runs))


@cache
def is_metric(key: str, name: str) -> bool:
    """Whether a key is a metric's name or title, in any case."""
    if not name or _bare(key) == _bare(name):
        return bool(name)
    from shipworthy.evaluation.metric import title  # the list of runs must not wait for numpy

    return _bare(key) == _bare(title(name))


def _bare(text: str) -> str:
    return text.replace("_", " ").strip().lower()


def check(keys: Iterable[str], runs: Sequence[Run]) -> None:
    """Refuses keys that no run has.

    Raises:
        UsageError: with the nearest one.
    """
    wanted = [key for key in keys if key not in FACTS and key not in (*TITLES, SINCE)]
    if not wanted:
        return
    metrics = {run.metric for run in runs if run.metric}
    known = {key for run in runs for key in run.config} | {*FACTS, *TITLES, *metrics, SINCE}
    for key in wanted:
        if key in known or key.partition(" ")[0] in TITLES or any(is_metric(key, name) for name in metrics):
            continue
        ending = sorted(name for name in known if name.endswith(f".{key}"))
        close = ending or difflib.get_close_matches(key, known, n=1)
        facts = ", ".join([*FACTS, *sorted(metrics)])
        hint = f"did you mean {close[0]}?" if close else f"ask for {facts}, or a key of the config."
        raise UsageError(f"no run has '{key}': {hint}")


def ordered(runs: Sequence[Run], key: str) -> list[Run]:
    """The runs by a fact or config key, `-` before it for the largest first; who does not have it comes last."""
    name = key.removeprefix("-")
    having = [run for run in runs if value(run, name) not in (None, "")]
    having_not = [run for run in runs if value(run, name) in (None, "")]
    return sorted(having, key=lambda run: _rank(value(run, name)), reverse=key.startswith("-")) + having_not


def _rank(found: Any) -> tuple[int, float, str]:
    number = _number(found)
    return (0, number, "") if number is not None else (1, 0.0, plain(found))


def _same(found: Any, text: str) -> bool:
    number, wanted = _number(found), _wanted(text)
    if number is not None and wanted is not None:
        return number == wanted
    return plain(found).lower() == text.strip().lower() or (found is None and text == "")


def _wanted(text: str) -> float | None:
    """A number as it is typed: 0.87, 87%, and of what lasted 45s, 10min, 2h, 1d."""
    if found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*", text):
        return float(found[1]) * LASTED[found[2]]
    share = text.strip().endswith("%")
    number = _number(text.strip().rstrip("%"))
    return number / 100 if number is not None and share else number


def _number(found: Any) -> float | None:
    try:
        return None if isinstance(found, bool) else float(found)
    except (TypeError, ValueError):
        return None
