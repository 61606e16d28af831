"""What every number of a config has to be, whatever its schema says of it: finite, of 64 bits, and not below 0.

A field that may be negative is declared so: `offset: float = signed(-1.0)`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, ListConfig, OmegaConf

from shipworthy.core.errors import UsageError

SIGNED = "signed"
LARGEST = 2**63 - 1


def signed(default: Any) -> Any:
    """A field for a number that may be negative."""
    return field(default=default, metadata={SIGNED: True})


def check_finite(node: DictConfig, where: str) -> None:
    """Refuses what is not finite, or beyond 64 bits.

    Args:
        node: a structured config.
        where: its key (empty: the root).

    Raises:
        UsageError: with the key and the value.
    """
    for key, value, _ in _numbers(node, where):
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{key}={value}: give a finite number.")
        if abs(value) > LARGEST and isinstance(value, int):
            raise UsageError(f"{key}={value} is beyond 64 bits: give a smaller number.")


def check_signs(node: DictConfig, where: str) -> None:
    """Refuses numbers below 0 that are not declared `signed`; of a field that holds anything: none.

    Args:
        node, where: as in `check_finite`.

    Raises:
        UsageError: with the key and the value.
    """
    for key, value, may_be_negative in _numbers(node, where):
        if value < 0 and not may_be_negative:
            raise UsageError(f"{key}={value} is negative: give a number from 0.")


def _numbers(node: DictConfig, where: str) -> Iterator[tuple[str, int | float, bool]]:
    """Dotted key and value of each number, and whether it may be negative."""
    cls = OmegaConf.get_type(node)
    assert cls is not None and is_dataclass(cls)
    hints = get_type_hints(cls)
    for one in fields(cls):
        if OmegaConf.is_missing(node, one.name) or node[one.name] is None:
            continue
        value, key = node[one.name], f"{where}.{one.name}".lstrip(".")
        if isinstance(value, DictConfig) and is_dataclass(OmegaConf.get_type(value)):
            yield from _numbers(value, key)
        else:
            free = bool(one.metadata.get(SIGNED)) or _holds_anything(hints[one.name])
            plain = OmegaConf.to_container(value) if isinstance(value, DictConfig | ListConfig) else value
            yield from ((at, number, free) for at, number in _inside(plain, key))


def _holds_anything(hint: Any) -> bool:
    return hint is Any or (get_origin(hint) in (dict, list) and _holds_anything(get_args(hint)[-1]))


def _inside(value: Any, key: str) -> Iterator[tuple[str, int | float]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _inside(item, f"{key}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _inside(item, f"{key}[{number}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value
