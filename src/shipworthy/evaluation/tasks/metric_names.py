"""Which metrics a config may name: checked before anything runs, by what their files say, without importing them.

A config that passes is the same whatever else is in its metrics' files, so that only who computes with them (see
evaluation/metric.py) is made again when they change; and composing a config stays light.
"""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import parts

METRICS = "shipworthy.evaluation.metrics"
"""The folder of our metrics; extensions have theirs in a folder metrics/."""


def check_suits(key: str, name: str, task: str) -> None:
    """Checks that a metric suits a kind of task.

    Args:
        key: the setting that names it, for the message.

    Raises:
        UsageError: it doesn't, or there is no such metric.
    """
    known = parts(METRICS)
    if name in known and task in _said(name, "TASKS"):
        return
    suitable = ", ".join(one for one in known if task in _said(one, "TASKS"))
    what = f"is a metric of {' and '.join(_said(name, 'TASKS'))}" if name in known else "is no metric"
    raise UsageError(f"{key}={name} {what}: of {task} there are {suitable}.")


def needs(name: str) -> tuple[str, ...]:
    """The settings of a task that a metric can't do without."""
    return _said(name, "NEEDS")


def no_threshold(name: str) -> str:
    """Why no threshold of a class can be chosen by a metric; empty where one can."""
    return str(_constants(name).get("NO_THRESHOLD", ""))


def no_decision(name: str) -> str:
    """Why a metric can't decide; empty where it can."""
    return str(_constants(name).get("NO_DECISION", ""))


def _said(name: str, constant: str) -> tuple[str, ...]:
    """A constant of a metric's file, names in a tuple; empty where it has none.

    Raises:
        UsageError: the file is no Python, or the constant is no tuple of texts that stand there.
    """
    found = _constants(name).get(constant, ())
    if not isinstance(found, tuple) or not all(isinstance(one, str) for one in found):
        raise UsageError(f"metric '{name}' must say {constant} as a tuple of texts, such as (\"classification\",).")
    return found


@cache
def _constants(name: str) -> dict[str, Any]:
    spec = find_spec(parts(METRICS)[name])
    assert spec and spec.origin, f"{name} was found a moment ago"
    try:
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise UsageError(
            f"{spec.origin}, line {error.lineno}: SyntaxError: {error.msg}; correct it, or move the extension away."
        ) from error
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                found[node.targets[0].id] = None  # computed: no constant
    return found
