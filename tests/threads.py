"""Several threads that do the same at once."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def at_once(work: Callable[[], Result], number: int = 4) -> list[Result]:
    """What each of so many threads returned; one that raised is missing."""
    results: list[Result] = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
