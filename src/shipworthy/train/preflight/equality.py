"""The numbers of the training path are those of the plain one: packs against rows alone, four parts against one.

Shapes: L tokens of a row, V vocabulary, N supervised tokens.
"""

from collections.abc import Sequence

import torch
from torch.nn.functional import cross_entropy

from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.causal_lm.padded import pad
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.causal_lm.structure import has_head
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.preflight.context import Context, Outcome
from shipworthy.train.preflight.preserve import add_noise_to_zeros, preserve_network

ROWS = 6
PARTS = 4
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2, torch.float16: 1e-2}
"""By the weights' type: nats per token of a row, and share of the gradients' norm. Rounding stays a tenth of it."""


def packed_is_unpacked(context: Context) -> Outcome:
    """The loss of each row in a pack is that of the row alone, by transformers' own forward pass.

    The pack takes the path of training (fused layers), unless dropout would draw; what is all zero gets
    noise, so that the adapter has an effect.
    """
    rows = context.spread(ROWS)
    with preserve_network(context.network), torch.no_grad():
        add_noise_to_zeros(list(context.trained().values()), context.seed)
        context.network.train(not NetworkQuantities(context.network).draws)
        losses_N = context.losses(context.base, context.batch(rows)).cpu()
        context.network.eval()
        alone = [_alone(context, row) for row in rows]
    lengths = [row.supervised for row in rows]
    together = [float(part.mean()) for part in losses_N.split(lengths)]
    differences = [abs(a - b) for a, b in zip(together, alone, strict=True)]
    worst = max(range(len(rows)), key=lambda i: differences[i])
    limit = TOLERANCE[context.base.dtype]
    measured = {"rows": len(rows), "largest_difference_nats": differences[worst], "limit_nats": limit}
    if not differences[worst] <= limit:
        return Outcome(
            False,
            f"a row of {len(rows[worst])} tokens costs {together[worst]:.4f} with others, {alone[worst]:.4f} alone.",
            measured,
        )
    return Outcome(True, f"losses of {len(rows)} rows differ by at most {differences[worst]:.1e} nats.", measured)


def _alone(context: Context, row: Row) -> float:
    if has_head(context.base):
        return float(context.losses(context.base, pad([row]).to(context.base.device)))
    ids_1L = torch.tensor([[*row.prompt, *row.answer]], device=context.base.device)
    logits_LV = context.base(input_ids=ids_1L[:, :-1], use_cache=False).logits[0]
    places_N = len(row.prompt) + row.places().to(ids_1L.device)
    return float(cross_entropy(logits_LV[places_N - 1].float(), ids_1L[0, places_N]))


def accumulation(context: Context) -> Outcome:
    """A step cut into four micro-batches has the gradients of the step in one."""
    rows = context.spread(max(ROWS, PARTS))
    parameters = list(context.trained().values())
    with preserve_network(context.network):
        add_noise_to_zeros(parameters, context.seed)
        context.network.train(not NetworkQuantities(context.network).draws)
        whole_loss, whole = _gradients(context, [rows])
        cut_loss, cut = _gradients(context, [part for i in range(PARTS) if (part := rows[i::PARTS])])
    size = float(torch.stack([g.double().square().sum() for g in whole]).sum().sqrt())
    apart = float(torch.stack([(a - b).double().square().sum() for a, b in zip(whole, cut, strict=True)]).sum().sqrt())
    difference, limit = apart / max(size, 1e-12), TOLERANCE[context.precision.rounding]
    measured = {
        "loss_whole_nats": whole_loss,
        "loss_cut_nats": cut_loss,
        "gradient_difference_share": difference,
        "limit_share": limit,
    }
    if not (difference <= limit and abs(whole_loss - cut_loss) <= limit):
        return Outcome(
            False,
            f"{len(rows)} rows in {PARTS} micro-batches give loss {cut_loss:.4f} instead of {whole_loss:.4f}, and "
            f"gradients that differ by {100 * difference:.1f}%.",
            measured,
        )
    return Outcome(True, f"gradients cut in {PARTS} differ by {difference:.0e} of their norm.", measured)


def _gradients(context: Context, parts: Sequence[Sequence[Row]]) -> tuple[float, list[torch.Tensor]]:
    packs = [context.batch(part) for part in parts]
    tokens = sum(len(p.target_N) for p in packs)
    trained = list(context.trained().values())
    return gradients(context.base, packs, trained, tokens, context.workers, context.precision, context.losses)
