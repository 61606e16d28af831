"""Progress of work that takes longer than two seconds: a bar on a terminal, a line every few seconds elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0

# It says at its import which kernels of the hub it lacks; PEFT imports it whenever it is installed.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def say(text: str) -> None:
    """One line for the person who watches."""
    print(text, flush=True)


say_once = lru_cache(maxsize=1024)(say)
"""The same, of what has been said already nothing: files are read more than once."""


def track(items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
    """Yields the items and shows how many of `total` (None: nobody knows) are done, how fast, and how long it takes."""
    started = last = time.monotonic()
    live = sys.stdout.isatty()
    every = 0.2 if live else SECONDS_BETWEEN_LINES
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= every and (total is None or done < total):
            rate = done / (now - started)
            left = "" if total is None else f", {(total - done) / rate:.0f} s left"
            line = f"{what}: {done}{'' if total is None else f'/{total}'}, {rate:.1f}/s{left}"
            print(f"\r\x1b[K{line}", end="", flush=True) if live else say(line)
            last = now
    seconds = time.monotonic() - started
    if seconds > 2.0:
        print("\r\x1b[K" if live else "", end="")
        say(f"{what}: {done} in {seconds:.0f} s")
