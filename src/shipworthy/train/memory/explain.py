"""Out of memory, said before it happens where that can be known, and explained where it has happened."""

from collections.abc import Callable, Iterator, Sequence

import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.memory.headroom import Headroom, headroom
from shipworthy.train.memory.step import StepMemory

OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "std::bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: torch says so in several ways, depending on who was asked for it."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)


def explain(memory: StepMemory, rows: Sequence[Row], at: Headroom | None = None) -> str:
    """One paragraph: what the step needed by parts, what there was, and the smallest change that would fit.

    To be called when the failed step's own tensors are gone: outside the `except` block, whose traceback holds them.

    Args:
        rows: of the micro-batch that did not fit.
        at: the headroom as it was (None: as it is now).
    """
    there = at or headroom(memory.network.device)
    workers, longest = memory.workers, max(map(len, rows))
    return (
        f"Out of memory in a micro-batch of {len(rows)} rows of up to {longest} tokens"
        f"{f', {workers} of them side by side' if workers > 1 else ''}: {memory.parts(rows)}; "
        f"{memory.missing_mb(rows):,.0f} MB of it on top of what was there, and "
        f"{there.what} had {there.free_mb:,.0f} of {there.limit_mb:,.0f} MB left. "
        f"{_change(memory, rows, there.free_mb)}"
    )


def refuse_if_too_large(memory: StepMemory, rows: Sequence[Row]) -> None:
    """Asks before the step is made: Linux kills a process that takes too much, and nobody can explain then.

    Raises:
        ShipworthyError: the step needs more than there is.
    """
    if not expected_to_live(memory, rows):
        raise ShipworthyError(explain(memory, rows, headroom(memory.network.device, deadly=True)))


def expected_to_live(memory: StepMemory, rows: Sequence[Row]) -> bool:
    """Whether by the estimate the step stays under the limit at which Linux kills.

    A GPU, and a limit of the process's own, say that they are reached; there nothing is foretold.
    """
    device = memory.network.device
    return device.type != "cpu" or memory.missing_mb(rows) <= headroom(device, deadly=True).free_mb


def _change(memory: StepMemory, rows: Sequence[Row], free_mb: float) -> str:
    """The first of ever larger changes that fits: side by side, micro-batch, length, rank."""

    def fits(fewer: Sequence[Row], side_by_side: int) -> bool:
        return memory.missing_mb(fewer, side_by_side) <= free_mb

    ordered = sorted(rows, key=len, reverse=True)
    for size in _halves(len(ordered)):
        if fits(ordered[:size], memory.workers):
            return f"The smallest change that fits: trainer.micro_batch_size={size} (same gradients, same batch_size)."
    if memory.workers > 1 and fits(ordered[:1], 1):
        return "The smallest change that fits: trainer.micro_batch_size=1 and trainer.threads=1 (one after another)."
    if length := _longest_that_fits(len(ordered[0]), lambda n: fits([_cut(ordered[0], n)], 1)):
        return (
            f"A single row of {len(ordered[0])} tokens does not fit: with trainer.micro_batch_size=1 and "
            f"task.max_length={length} rows do, the longer ones are left out."
        )
    fixed = memory.parts([_cut(ordered[0], 2)], 1)
    if memory.quantities.trainable_bytes > 0.25 * (fixed.total - fixed.weights):
        return (
            "No length fits: train fewer weights, which gradients and optimizer states follow (a lower adapter.rank, a "
            "higher adapter.first_layer, or adapter=lora instead of none), or take optimizer=adafactor."
        )
    return "Nothing of this model fits: free memory, take a smaller model, or a machine with more memory."


def _halves(size: int) -> Iterator[int]:
    while size > 1:
        size //= 2
        yield size


def _cut(row: Row, length: int) -> Row:
    answer = min(len(row.answer), max(1, length // 2))
    return Row(list(row.prompt)[: length - answer], list(row.answer)[:answer])


def _longest_that_fits(length: int, fits: Callable[[int], bool]) -> int:
    """A length in steps of a quarter, down to 8 tokens; 0 if none."""
    while (length := int(length * 0.75)) >= 8:
        if fits(length):
            return length
    return 0
