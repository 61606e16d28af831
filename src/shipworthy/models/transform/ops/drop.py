"""A column goes."""

from collections.abc import Callable
from typing import Any

from ..replay import Columns


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column`."""

    def apply(columns: Columns) -> None:
        del columns[step["column"]]

    return apply
