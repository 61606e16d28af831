"""AdamW with moments in 8 bits, by bitsandbytes."""

from typing import Any

import torch

from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import AdamW8bit


def build(groups: list[Group], config: AdamW8bit, *, paged: bool = False) -> torch.optim.Optimizer:
    """The optimizer; its state is as flat as that of torch's.

    Args:
        paged: moments go to main memory while the GPU's is short.
    """
    from bitsandbytes.optim import AdamW8bit as ByBitsAndBytes

    class Flat(ByBitsAndBytes):
        """Without the inner mapping in which its state is hidden from FSDP of old."""

        def state_dict(self) -> dict[str, Any]:
            found: dict[str, Any] = torch.optim.Optimizer.state_dict(self)
            return found

        def load_state_dict(self, state_dict: dict[str, Any], move_to_device: bool = True) -> None:
            super().load_state_dict(state_dict, move_to_device)
            for state in self.state.values():
                state["step"] = int(state["step"])  # a checkpoint keeps tensors alone

    betas = (config.beta1, config.beta2)
    return Flat(groups, lr=config.lr, betas=betas, eps=config.eps, is_paged=paged)
