"""The training step: loss on the answers' tokens only, the vocabulary projection computed for these alone.

Shapes: B rows, P tokens of the shared prefix, L own tokens, N supervised tokens, D width, V vocabulary.
"""

from typing import Any

import lightning
import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from transformers import DynamicCache

from shipworthy.core.errors import ShipworthyError
from shipworthy.train.lightning.batches import Batch
from shipworthy.train.optimizers import build as build_optimizer
from shipworthy.train.schema import AdamW


class AnswerTuning(lightning.LightningModule):
    """Supervised fine-tuning of a causal language model on answers.

    Args:
        network: with an adapter on it.
        optimizer: the rule of the updates.
        steps: of the whole run; the schedule ends there.
        clip: the largest global gradient norm.
        resumed: state of optimizer and schedule to go on from (None: from the start).
    """

    def __init__(
        self, network: PeftModel, optimizer: AdamW, steps: int, clip: float, resumed: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.rule, self.steps, self.clip, self.resumed = optimizer, steps, clip, resumed
        self.start = int(resumed["step"]) if resumed else 0
        self.gradient_norm = float("nan")

    @property
    def base(self) -> Any:
        """The causal language model under the adapter, with its updates in place."""
        return self.network.get_base_model()

    @property
    def step(self) -> int:
        """Optimizer steps done, those before a resume included."""
        return self.start + int(self.global_step)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Mean cross-entropy over the batch's supervised tokens (nats)."""
        hidden_BLD = self.base.model(use_cache=False, **self._inputs(batch)).last_hidden_state
        logits_NV = self.base.lm_head(hidden_BLD[batch.row_N, batch.column_N])
        return cross_entropy(logits_NV.float(), batch.target_N)

    def _inputs(self, batch: Batch) -> dict[str, Any]:
        """What the network reads; keys and values of the shared prefix are computed once and seen by every row.

        The gradients of all rows meet in them, so that the sum is that of rows computed alone.
        """
        rows, prefix = len(batch.ids_BL), batch.prefix_1P.shape[1]
        if not prefix:
            return {"input_ids": batch.ids_BL, "attention_mask": batch.mask_BL}
        cache = DynamicCache(config=self.base.config)
        self.base.model(input_ids=batch.prefix_1P, past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(rows)
        column_L = torch.arange(batch.ids_BL.shape[1], device=batch.ids_BL.device)
        return {
            "input_ids": batch.ids_BL,
            "attention_mask": torch.cat([batch.mask_BL.new_ones(rows, prefix), batch.mask_BL], dim=1),
            "position_ids": (prefix + column_L)[None, :].expand(rows, -1),
            "past_key_values": cache,
        }

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """The loss of one batch.

        Raises:
            ShipworthyError: it is not finite.
        """
        loss = self.loss(batch)
        if not torch.isfinite(loss):
            raise ShipworthyError(
                f"The loss is {loss.item()} at step {self.step + 1}: lower optimizer.lr ({self.rule.lr:g}), or look at "
                "that batch's rows; the last checkpoint is whole."
            )
        return loss

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clips the global norm and remembers what it was."""
        trained = [p for p in self.parameters() if p.requires_grad]
        self.gradient_norm = float(torch.nn.utils.clip_grad_norm_(trained, self.clip))

    def configure_optimizers(self) -> Any:
        """Optimizer and schedule, as they were at the step that is resumed."""
        optimizer, schedule = build_optimizer(self.network.parameters(), self.rule, self.steps)
        if self.resumed:
            optimizer.load_state_dict(self.resumed["optimizer"])
            schedule.load_state_dict(self.resumed["schedule"])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Moves a batch, whose type Lightning does not know."""
        return batch.to(device)
