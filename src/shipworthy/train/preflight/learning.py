"""The network can learn: a few rows by heart, and then it says them and stops.

The weights go from one check to the next as they are; the runner puts them back.
"""

import math

import torch

from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.preflight.context import Context, Outcome

FEW_ROWS = 4
OWN_STEPS = 8
"""At the run's own rate, without warm-up."""
OWN_FALL = 1e-4
"""The share of the loss that must be gone after these: more than rounding, little enough for a careful rate."""
MOST_STEPS = 40
OVERFIT_RATE = 1e-3
"""At least this rate, by AdamW, after the own steps."""
FALL = 0.5
"""A batch counts as overfitted when this share of its loss is gone."""
LEARNED = 0.15
"""Nats per token at which generation repeats what was learned, and no more steps are needed."""


def overfits(context: Context) -> Outcome:
    """A few rows are memorized: first at the run's own rate, which must not make it worse, then quickly.

    The weights stay overfitted, for the check after this one.
    """
    context.network.train()
    packs = [context.batch(_few(context))]
    parameters = list(context.trained().values())
    config = context.optimizer
    rule = build_optimizer(context.trained().items(), config)
    losses: list[float] = []
    for step in range(MOST_STEPS):
        if step == OWN_STEPS:
            rate = config.lr if config.kind == "adamw" else 0.0  # of another rule it means something else
            rule = torch.optim.AdamW(parameters, lr=max(rate, OVERFIT_RATE))
        losses.append(_descend(context, packs, parameters, rule))
        most = (1 - OWN_FALL) * losses[0]
        if not math.isfinite(losses[-1]) or losses[-1] < LEARNED or (step == OWN_STEPS and losses[-1] > most):
            break
    own = losses[min(OWN_STEPS, len(losses) - 1)]
    measured = {"steps": len(losses), "first_nats": losses[0], "own_rate_nats": own, "last_nats": losses[-1]}
    if not own <= most:
        return Outcome(
            False,
            f"{OWN_STEPS} steps at optimizer.lr={config.lr:g} took the loss of {FEW_ROWS} rows from "
            f"{losses[0]:.3f} to {own:.3f}.",
            measured,
        )
    if not losses[-1] <= (1 - FALL) * losses[0]:
        return Outcome(
            False,
            f"{len(losses)} steps took {FEW_ROWS} rows from {losses[0]:.2f} to {losses[-1]:.2f} only.",
            measured,
        )
    return Outcome(
        True, f"{len(losses)} steps took {FEW_ROWS} rows from {losses[0]:.2f} to {losses[-1]:.2f}.", measured
    )


def generation_stops(context: Context) -> Outcome:
    """After overfitting, greedy answers to the same prompts end by themselves."""
    writing = context.writing
    assert writing
    rows = _few(context)
    answers = [list(row.answer[slice(*row.spans[0])]) for row in rows]
    longest = max(map(len, answers))
    most = min(writing.max_new_tokens, 2 * longest + 8)
    context.network.eval()
    made = greedy(
        context.base, [row.prompt for row in rows], max_new_tokens=most, eos_id=writing.eos_id, what="preflight"
    )
    endless = sum(len(answer) >= most for answer in made)
    same = sum(one == answer[:-1] for one, answer in zip(made, answers, strict=True))
    measured = {"rows": len(rows), "endless": endless, "as_learned": same, "most_tokens": most, "longest": longest}
    if endless:
        sentence = f"{endless} of {len(rows)} memorized answers had not ended after {most} tokens."
        return Outcome(False, sentence, measured)
    return Outcome(True, f"{len(rows)} answers ended by themselves, {same} as learned.", measured)


def _few(context: Context) -> list[Row]:
    """A few short rows whose prompts differ; the very shortest are often odd."""
    ordered = sorted(context.rows, key=len)
    distinct = {tuple(row.prompt): row for row in reversed(ordered[len(ordered) // 10 :])}
    return list(distinct.values())[-FEW_ROWS:]


def _descend(
    context: Context, packs: list[Batch], parameters: list[torch.nn.Parameter], rule: torch.optim.Optimizer
) -> float:
    tokens = sum(len(p.target_N) for p in packs)
    loss, found = gradients(context.base, packs, parameters, tokens, context.workers, context.precision, context.losses)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient.to(parameter.dtype)
    torch.nn.utils.clip_grad_norm_(parameters, context.trainer.clip)
    rule.step()
    rule.zero_grad()
    return loss
