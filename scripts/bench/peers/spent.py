"""Where a step's time goes: the operations of one pack, forward and backward, on one thread, by what they are for."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

PRODUCTS = ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm", "aten::baddbmm", "aten::matmul", "aten::linear")
KINDS: dict[str, tuple[str, ...]] = {
    "matrix products": PRODUCTS,
    "attention": ("attention", "aten::_fused_sdp"),
    "loss": ("softmax", "nll_loss", "cross_entropy"),
    "moving and allocating": (
        *("copy", "index", "gather", "scatter", "cat", "empty", "clone", "contiguous", "embedding", "zero", "fill"),
        *("view", "reshape", "transpose", "expand", "slice", "select", "as_strided"),
    ),
}
"""Kind → parts of operations' names; what is left is elementwise: norms, activations, rotations, sums."""
REPEATS = 5


def shares(step: Callable[[], Any]) -> dict[str, float]:
    """Kind → share of the time that operations themselves took, and the rate of the matrix products.

    Args:
        step: is called with one thread.

    Returns:
        The shares (0 to 1), `python and autograd` for the time between operations, and `product_gflops`.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        step()
        with profile(activities=[ProfilerActivity.CPU], with_flops=True) as seen:
            for _ in range(REPEATS):
                step()
    finally:
        torch.set_num_threads(threads)
    events = seen.events()
    assert events
    spent: Counter[str] = Counter()
    for event in events:
        spent[_kind(event.name)] += event.self_cpu_time_total
    flops = sum(event.flops or 0 for event in events if event.name in PRODUCTS)
    total = sum(spent.values())
    found = {kind: spent[kind] / total for kind, _ in spent.most_common()}
    return {**found, "product_gflops": flops / spent["matrix products"] / 1e3}


def _kind(name: str) -> str:
    if not name.startswith("aten::"):
        return "python and autograd"
    if name in PRODUCTS:
        return "matrix products"
    return next((kind for kind, parts in KINDS.items() if any(part in name for part in parts)), "elementwise")
