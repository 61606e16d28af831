"""The gradients of one step: its micro-batches computed side by side on a CPU, one after another on a GPU.

A micro-batch's numbers do not depend on who computes it, and they are summed in the micro-batches' order: the same
gradients, to the last bit, from one process or several, as long as each is given as many threads.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import isfinite

import torch
from transformers import PreTrainedModel

from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.losses import losses as usual
from shipworthy.models.precision import PRECISIONS, Precision

FLOAT32 = PRECISIONS["float32"]
Losses = Callable[[PreTrainedModel, Batch], torch.Tensor]
"""Of a network and a batch: what each of its targets costs."""
Part = tuple[torch.Tensor, tuple[torch.Tensor, ...]]
"""Of one pack: its share of the loss, and the gradients of that."""


def gradients(
    base: PreTrainedModel,
    packs: Sequence[Batch],
    parameters: Sequence[torch.nn.Parameter],
    tokens: int,
    workers: int = 1,
    precision: Precision = FLOAT32,
    losses: Losses = usual,
    scale: float | None = None,
) -> tuple[float, list[torch.Tensor]]:
    """The loss of a step and its gradients.

    Args:
        packs: the step's micro-batches, packed or padded.
        parameters: what the gradients are taken of.
        tokens: supervised tokens of the whole step, or other targets, whose mean the loss is.
        workers: threads that compute packs side by side; the machine's cores are divided among them. One core each is
            faster than all cores for one pack after another: most operations are too small to be divided.
        precision: in which the forward pass is computed.
        losses: the objective's.
        scale: by what the loss is multiplied meanwhile (None: as the precision begins, or the half of it, and so on,
            whose gradients are finite).

    Returns:
        The sum of the packs' losses over `tokens`, and the gradient of each parameter, in float32.
    """
    if not packs:
        return 0.0, [torch.zeros_like(parameter, dtype=torch.float32) for parameter in parameters]
    if scale is None:
        return _finite(base, packs, parameters, tokens, workers, precision, losses)
    workers = min(workers, len(packs))
    threads = torch.get_num_threads()
    each = max(1, threads // workers)

    def one(batch: Batch) -> Part:
        if workers > 1:  # torch counts a worker's threads apart from ours
            torch.set_num_threads(each)
        with precision.computing(base.device):
            loss = losses(base, batch).sum() / tokens
        found = torch.autograd.grad(loss * scale, parameters, allow_unused=True)
        return loss.detach(), tuple(
            torch.zeros_like(p, dtype=torch.float32) if g is None else g.float() / scale
            for p, g in zip(parameters, found, strict=True)
        )

    try:
        loss, total = _added(_pool(workers).map(one, packs) if workers > 1 else map(one, packs))
    finally:
        torch.set_num_threads(threads)
    return float(loss), list(total)


def _finite(
    base: PreTrainedModel,
    packs: Sequence[Batch],
    parameters: Sequence[torch.nn.Parameter],
    tokens: int,
    workers: int,
    precision: Precision,
    losses: Losses,
) -> tuple[float, list[torch.Tensor]]:
    scale = precision.scale
    while True:
        loss, found = gradients(base, packs, parameters, tokens, workers, precision, losses, scale)
        if scale <= 1 or not isfinite(loss) or all(bool(gradient.isfinite().all()) for gradient in found):
            return loss, found
        scale /= 2


def _added(parts: Iterable[Part]) -> Part:
    """The sum, of pairs, of pairs of pairs, and so on: as processes that each hold half of them add theirs."""
    sums: list[tuple[int, Part]] = []
    for part in parts:
        sums.append((1, part))
        while len(sums) > 1 and sums[-2][0] == sums[-1][0]:
            sums.append(_pair(sums.pop(-2), sums.pop()))
    while len(sums) > 1:
        sums.append(_pair(sums.pop(-2), sums.pop()))
    return sums[0][1]


def _pair(left: tuple[int, Part], right: tuple[int, Part]) -> tuple[int, Part]:
    torch._foreach_add_(left[1][1], right[1][1])
    return left[0] + right[0], (left[1][0] + right[1][0], left[1][1])


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="pack")
