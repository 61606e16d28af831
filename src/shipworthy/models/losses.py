"""What a network's targets cost it, whatever it predicts.

Shapes: N targets, C classes.
"""

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from shipworthy.models.causal_lm.packed import Pack, token_losses
from shipworthy.models.causal_lm.padded import Padded
from shipworthy.models.causal_lm.structure import backbone, has_head, is_encoder


def losses(base: PreTrainedModel, batch: Pack | Padded) -> torch.Tensor:
    """Of each target of a batch: loss_N (float32).

    A next token and a class cost their cross-entropy (nats), a number its squared error.

    Args:
        base: the network itself, an adapter (if any) in its place.
        batch: a pack only where the network is fit for packs (see `causal_lm/fitness.py`).
    """
    if not has_head(base):
        return token_losses(base, batch)
    return cost(scores(base, batch), batch.target_N)


def cost(scores_NC: torch.Tensor, target_N: torch.Tensor) -> torch.Tensor:
    """What each row's scores cost, by its class or its number: loss_N."""
    if target_N.is_floating_point():
        return (scores_NC[:, 0] - target_N).square()
    return cross_entropy(scores_NC, target_N, reduction="none")


def scores(base: PreTrainedModel, batch: Pack | Padded) -> torch.Tensor:
    """What a network with a head says of each target's row: scores_NC (float32)."""
    if is_encoder(base):
        assert isinstance(batch, Padded), "an encoder's rows stand side by side"
        found: torch.Tensor = base(**batch.inputs()).logits
        return found.float()
    hidden_BTD = backbone(base)(**batch.inputs(), use_cache=False)[0]
    projected: torch.Tensor = base.score(hidden_BTD.flatten(0, 1).index_select(0, batch.supervised_N))
    return projected.float()
