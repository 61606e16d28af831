"""A parallel map whose results come in the items' order: over threads here, or whatever else has its signature."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")


class Mapper(Protocol):
    """A `map` that computes items in any order and place, and gives their results in the items' order."""

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
        """The results, one after the other.

        Args:
            function: of a module's level, or a `partial` of one: other processes get it by its name.
            items: what it is called with; they and the results can be pickled.
        """


# glibc keeps freed memory for the next allocation up to twice the size of the largest block that it has mapped and
# unmapped, of at most this size (mallopt(3), M_MMAP_THRESHOLD); without one it returns each batch's arrays to the
# kernel, and gets them back page by page: a sixth of the time of hashing long texts.
LARGEST_DYNAMIC_BLOCK = (1 << 25) - (1 << 14)


def usable_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def over_threads(workers: int | None = None) -> Mapper:
    """A `map` over threads.

    Args:
        workers: how many; null: as many as there are processors.
    """
    return partial(ordered_map, workers=workers or usable_cpus())


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """`map` over threads that never holds more than `workers` + 1 items; the results come in the items' order."""
    np.empty(LARGEST_DYNAMIC_BLOCK, np.uint8)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
