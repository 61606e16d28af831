"""The largest micro-batch that fits; the batch of a step stays what it is."""

from collections.abc import Callable

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say
from shipworthy.train.memory.explain import is_out_of_memory


def find_micro_batch(step: Callable[[int], float], largest: int, expected_to_fit: Callable[[int], bool]) -> int:
    """The most rows, of those that divide `largest`, with which the longest rows can be computed at once.

    Sizes grow from 1, so that a machine that kills rather than refuses is not pushed far beyond its limit.

    Args:
        step: makes a whole step of the longest rows, this many at a time, and returns its seconds.
        largest: `trainer.batch_size`.
        expected_to_fit: an estimate that is asked before each try.

    Raises:
        ShipworthyError: not even one row fits.
    """
    best = 0
    sizes = [size for size in range(1, largest + 1) if largest % size == 0]
    skipped: list[int] = []
    for size in sizes:
        if size < 2 * best and size != largest:
            skipped.append(size)
        elif _fits(step, size, expected_to_fit):
            best, skipped = size, []
        else:
            best = next((s for s in reversed(skipped) if _fits(step, s, expected_to_fit)), best)
            break
    if not best:
        raise ShipworthyError(
            "Not even one of the longest rows fits into memory: lower task.max_length or adapter.rank, or raise "
            "adapter.first_layer."
        )
    return best


def _fits(step: Callable[[int], float], size: int, expected_to_fit: Callable[[int], bool]) -> bool:
    if not expected_to_fit(size):
        say(f"micro-batch of {size}: would not fit")
        return False
    try:
        seconds = step(size)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        say(f"micro-batch of {size}: out of memory")
        return False
    say(f"micro-batch of {size}: fits, {seconds:.2f} s a step")
    return True
