"""The space of a campaign: which keys of the config vary, between what, and when.

In YAML, a dotted key or a group stands for what would be written on the command line:

    space:
      optimizer.lr: {float: [1.0e-4, 3.0e-3], log: true}
      trainer.batch_size: {int: [8, 32], step: 8}
      adapter: {categorical: [lora, none]}                             # a group: its choices
      adapter.rank: {int: [4, 64], log: true, when: {adapter: [lora]}}  # only where that is chosen
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from shipworthy.core.errors import UsageError

Value: TypeAlias = bool | int | float | str | None
Params: TypeAlias = dict[str, Value]
KINDS = ("float", "int", "categorical")
EXTRAS = {"float": ("log", "step", "when"), "int": ("log", "step", "when"), "categorical": ("when",)}
PLAIN = re.compile(r"(?!(?:true|false|null|nan|inf)$)[A-Za-z_][\w./-]*", re.IGNORECASE)


@dataclass(frozen=True)
class Dimension:
    """One key of the config, and what it may be.

    Attributes:
        kind: `float`, `int` or `categorical`.
        low, high: the ends of a number's range, both within it.
        log: whether it is drawn on a logarithmic scale.
        step: distance of a number's values (None: 1 of an int, any of a float).
        choices: of a categorical.
        when: other keys → the values of theirs with which this one has a meaning (empty: always).
    """

    key: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    choices: tuple[Value, ...] = ()
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def active(self, params: Mapping[str, Value]) -> bool:
        """Whether it has a meaning beside these values."""
        return all(key in params and params[key] in values for key, values in self.when.items())

    def holds(self, value: Value) -> bool:
        """Whether it may have this value."""
        if self.kind == "categorical":
            return any(one == value and isinstance(one, bool) == isinstance(value, bool) for one in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        step = 1 if self.kind == "int" and self.step is None else self.step
        return step is None or abs((value - self.low) / step - round((value - self.low) / step)) < 1e-9

    @property
    def extremes(self) -> tuple[Value, ...]:
        """The ends of its range, or all its choices."""
        if self.kind == "categorical":
            return self.choices
        return (int(self.low), int(self.high)) if self.kind == "int" else (self.low, self.high)


def parse(space: Mapping[str, Any]) -> list[Dimension]:
    """The dimensions, each after those that it depends on.

    Raises:
        UsageError: what does not follow the language, or depends on what there is not.
    """
    found = {str(key): _dimension(str(key), value) for key, value in space.items()}
    for one in found.values():
        _check_when(one, found)
    ordered: list[Dimension] = []
    while len(ordered) < len(found):
        known = {one.key for one in ordered}
        ready = [one for one in found.values() if one.key not in known and set(one.when) <= known]
        if not ready:
            raise UsageError(
                f"hpo.space: {' and '.join(sorted(set(found) - known))} wait for one another: drop a `when`."
            )
        ordered += ready
    return ordered


def _dimension(key: str, value: Any) -> Dimension:
    where = f"hpo.space: {key}"
    kinds = [kind for kind in KINDS if isinstance(value, Mapping) and kind in value]
    if len(kinds) != 1:
        raise UsageError(f"{where} must have one of float: [low, high], int: [low, high] and categorical: [values].")
    (kind,) = kinds
    for name in value:
        if name not in (kind, *EXTRAS[kind]):
            raise UsageError(f"{where}: {kind} knows no {name}: it takes {', '.join(EXTRAS[kind])}.")
    when = value.get("when", {})
    if not isinstance(when, Mapping):
        raise UsageError(f"{where}: when must map other keys to the values of theirs: {{key: [values]}}.")
    conditions = {
        str(k): tuple(v) if isinstance(v, Sequence) and not isinstance(v, str) else (v,) for k, v in when.items()
    }
    content = value[kind]
    if not isinstance(content, Sequence) or isinstance(content, str) or not content:
        raise UsageError(f"{where}: {kind} must be a list.")
    if kind == "categorical":
        if any(isinstance(one, Mapping | list) for one in content) or len({*map(repr, content)}) != len(content):
            raise UsageError(f"{where}: categorical must list different plain values.")
        return Dimension(key, kind, choices=tuple(content), when=conditions)
    return _number(where, Dimension(key, kind, when=conditions), content, bool(value.get("log")), value.get("step"))


def _number(where: str, blank: Dimension, content: Sequence[Any], log: bool, step: Any) -> Dimension:
    wanted = int if blank.kind == "int" else (int, float)
    numbers = [*content, *([] if step is None else [step])]
    if len(content) != 2 or any(isinstance(one, bool) or not isinstance(one, wanted) for one in numbers):
        raise UsageError(f"{where}: {blank.kind} must be [low, high], and step, if any, a number of the same kind.")
    low, high = content
    if not low < high:
        raise UsageError(f"{where}: {low} is not below {high}: give [low, high].")
    if log and (low <= 0 or step is not None):
        raise UsageError(f"{where}: log needs numbers above 0, and no step.")
    if step is not None and (step <= 0 or abs((high - low) / step - round((high - low) / step)) > 1e-9):
        raise UsageError(f"{where}: from {low} to {high} is no whole number of steps of {step}.")
    return Dimension(blank.key, blank.kind, low, high, log, step, when=blank.when)


def _check_when(one: Dimension, known: Mapping[str, Dimension]) -> None:
    for key, values in one.when.items():
        if key not in known:
            raise UsageError(f"hpo.space: {one.key} depends on {key}, which is not in the space: put it there.")
        other = known[key]
        if other.kind == "float":
            raise UsageError(f"hpo.space: {one.key} depends on {key}, a float: only an int or a choice can decide.")
        possible = other.choices or range(int(other.low), int(other.high) + 1, int(other.step or 1))
        for value in values:
            if value not in possible:
                raise UsageError(f"hpo.space: {one.key} depends on {key} being {value}, which it never is.")


def within(params: Mapping[str, Value], dimensions: Sequence[Dimension]) -> bool:
    """Whether each of these values is one that its key may have; keys that are no dimension don't count."""
    return all(one.holds(params[one.key]) for one in dimensions if one.key in params)


def inside(params: Mapping[str, Value], dimensions: Sequence[Dimension]) -> bool:
    """Whether these values are a point of the space: each key that has a meaning has a value that it may have."""
    active = [one for one in dimensions if one.active(params)]
    return {one.key for one in active} == {*params} and within(params, active)


def overrides(params: Mapping[str, Value]) -> list[str]:
    """As they would be written on the command line."""
    return [f"{key}={_text(value)}" for key, value in params.items()]


def _text(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        # Hydra takes a backslash for what it is, unless a quote follows.
        return "'" + re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value) + "'"
    return str(value)


def corners(dimensions: Sequence[Dimension]) -> Iterator[tuple[Dimension, Params]]:
    """For each extreme of each dimension a point of the space that has it, the rest as low as may be."""
    by_key = {one.key: one for one in dimensions}
    for one in dimensions:
        for extreme in one.extremes:
            fixed: Params = {one.key: extreme}
            _make_active(one, by_key, fixed)
            params: Params = {}
            for other in dimensions:
                if other.active(params):
                    params[other.key] = fixed.get(other.key, other.extremes[0])
            yield one, params


def _make_active(one: Dimension, known: Mapping[str, Dimension], fixed: Params) -> None:
    for key, values in one.when.items():
        fixed[key] = values[0]
        _make_active(known[key], known, fixed)
