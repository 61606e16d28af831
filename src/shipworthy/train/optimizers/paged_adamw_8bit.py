"""AdamW with moments in 8 bits that go to main memory while a GPU's is short, by bitsandbytes."""

import torch

from shipworthy.core.errors import UsageError
from shipworthy.train.optimizers import adamw_8bit
from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import PagedAdamW8bit


def build(groups: list[Group], config: PagedAdamW8bit) -> torch.optim.Optimizer:
    """The optimizer.

    Raises:
        UsageError: the weights are not on a GPU.
    """
    if not all(weight.is_cuda for group in groups for weight in group["params"]):
        raise UsageError(
            f"optimizer={config.kind} moves memory between a GPU and this machine, and the weights are on no GPU: take "
            "optimizer=adamw_8bit."
        )
    return adamw_8bit.build(groups, config, paged=True)
