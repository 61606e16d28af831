"""Out of memory, said before it happens where that can be known, and explained where it has happened."""

from collections.abc import Callable, Iterator, Sequence

import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.adapters.network import Network
from shipworthy.models.causal_lm.packed import Row, shape
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.quantities import MB, MemoryParts
from shipworthy.train.memory.headroom import Headroom, headroom

OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "std::bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: torch says so in several ways, depending on who was asked for it."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)


def explain(
    network: Network,
    rows: Sequence[Row],
    optimizer: torch.optim.Optimizer | None = None,
    workers: int = 1,
    at: Headroom | None = None,
) -> str:
    """One paragraph: what the step needed by parts, what there was, and the smallest change that would fit.

    To be called when the failed step's own tensors are gone: outside the `except` block, whose traceback holds them.

    Args:
        rows: of the micro-batch that did not fit.
        workers: micro-batches that were computed side by side.
        at: the headroom as it was (None: as it is now).
    """
    there = at or headroom(network.device)
    need = parts(network, rows, optimizer, workers)
    has_states = bool(optimizer and optimizer.state)
    longest = max(map(len, rows))
    return (
        f"Out of memory in a micro-batch of {len(rows)} rows of up to {longest} tokens"
        f"{f', {workers} of them side by side' if workers > 1 else ''}: {need}; "
        f"{_missing_mb(need, has_states):,.0f} MB of it on top of what was there, and "
        f"{there.what} had {there.free_mb:,.0f} of {there.limit_mb:,.0f} MB left. "
        f"{_change(network, rows, optimizer, workers, there.free_mb)}"
    )


def refuse_if_too_large(
    network: Network, rows: Sequence[Row], optimizer: torch.optim.Optimizer | None = None, workers: int = 1
) -> None:
    """Asks before the step is made: Linux kills a process that takes too much, and nobody can explain then.

    Raises:
        ShipworthyError: the step needs more than there is.
    """
    if not expected_to_live(network, rows, optimizer, workers):
        raise ShipworthyError(explain(network, rows, optimizer, workers, headroom(network.device, deadly=True)))


def expected_to_live(
    network: Network, rows: Sequence[Row], optimizer: torch.optim.Optimizer | None = None, workers: int = 1
) -> bool:
    """Whether by the estimate the step stays under the limit at which Linux kills.

    A GPU, and a limit of the process's own, say that they are reached; there nothing is foretold.
    """
    if network.device.type != "cpu":
        return True
    need = _missing_mb(parts(network, rows, optimizer, workers), bool(optimizer and optimizer.state))
    return need <= headroom(network.device, deadly=True).free_mb


def parts(
    network: Network, rows: Sequence[Row], optimizer: torch.optim.Optimizer | None = None, workers: int = 1
) -> MemoryParts:
    """The parts of a step over packs of these rows.

    Args:
        rows: of one micro-batch, the largest.
        optimizer: its states are counted if it has any yet.
        workers: micro-batches that are computed side by side.
    """
    states = [v for s in optimizer.state.values() for v in s.values() if torch.is_tensor(v)] if optimizer else []
    return NetworkQuantities(network).memory(
        shape(rows),
        workers,
        on_gpu=network.device.type != "cpu",
        optimizer_bytes=sum(state.numel() * state.element_size() for state in states),
    )


def _missing_mb(need: MemoryParts, has_states: bool) -> float:
    """What the step takes on top of what is in memory before it."""
    return (need.step + (0 if has_states else need.optimizer)) / MB


def _change(
    network: Network,
    rows: Sequence[Row],
    optimizer: torch.optim.Optimizer | None,
    workers: int,
    free_mb: float,
) -> str:
    """The first of ever larger changes that fits: side by side, micro-batch, length, rank."""
    has_states = bool(optimizer and optimizer.state)

    def fits(fewer: Sequence[Row], side_by_side: int) -> bool:
        return _missing_mb(parts(network, fewer, optimizer, side_by_side), has_states) <= free_mb

    ordered = sorted(rows, key=len, reverse=True)
    for size in _halves(len(ordered)):
        if fits(ordered[:size], workers):
            return f"The smallest change that fits: trainer.micro_batch_size={size} (same gradients, same batch_size)."
    if workers > 1 and fits(ordered[:1], 1):
        return "The smallest change that fits: trainer.micro_batch_size=1 and trainer.threads=1 (one after another)."
    if length := _longest_that_fits(len(ordered[0]), lambda n: fits([_cut(ordered[0], n)], 1)):
        return (
            f"A single row of {len(ordered[0])} tokens does not fit: with trainer.micro_batch_size=1 and "
            f"task.max_length={length} rows do, the longer ones are left out."
        )
    fixed = parts(network, [_cut(ordered[0], 2)], optimizer, 1)
    if NetworkQuantities(network).trainable_bytes > 0.25 * (fixed.total - fixed.weights):
        return (
            "No length fits: lower adapter.rank, which gradients and optimizer states follow, or raise "
            "adapter.first_layer."
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
