"""Slurm asked again where it did not answer: a busy controller may be silent for minutes, and the jobs run on."""

import time
from collections.abc import Callable
from typing import TypeVar

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say
from shipworthy.launch.slurm import NoSlurmError

RETRY_FOR_S = 600.0
PAUSE_S = 10.0

Answer = TypeVar("Answer")


def with_retries(
    ask: Callable[[], Answer],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """What `ask` gives at last; that it is waited for is said once.

    Args:
        ask: asks Slurm something that may be asked any number of times.

    Raises:
        NoSlurmError: nobody could ever answer.
        ShipworthyError: nobody has answered for RETRY_FOR_S.
    """
    since: float | None = None
    while True:
        try:
            return ask()
        except NoSlurmError:
            raise
        except ShipworthyError as error:
            if since is None:
                since = clock()
                say(f"{error} It is asked again for {RETRY_FOR_S / 60:.0f} minutes; jobs go on meanwhile.")
            elif clock() - since >= RETRY_FOR_S:
                raise
        sleep(PAUSE_S)
