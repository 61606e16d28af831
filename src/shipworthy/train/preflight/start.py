"""Where the run begins: weights that receive gradient, and a loss that stands where it should."""

import torch

from shipworthy.models.adapters.network import Network, is_added
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.train.preflight.context import Context, Outcome
from shipworthy.train.preflight.preserve import add_noise_to_zeros, preserve_network

GRADIENT_ROWS = 4
LOSS_ROWS = 16
LEAST_LOSS = 0.02
"""Nats per token under which there is nothing left to learn, or the prompt holds the answer."""
MARGIN = 2.0
"""Nats above what guessing costs. Who guesses a token pays the logarithm of the vocabulary's size, and half the
variance of the logits: 1 to 2 nats for random weights. A trained network that pays more was not made for these
tokens."""


def receive_gradient(context: Context) -> Outcome:
    """Every part of the adapter, if there is one, is trained, and a gradient reaches each trained tensor.

    Tensors that are all zero get noise before, for LoRA's A has no gradient while B is zero.
    """
    parameters = context.trained()
    frozen = frozen_adapter(context.network)
    measured: dict[str, float] = {
        "trained_tensors": len(parameters),
        "trained_parameters": NetworkQuantities(context.network).trainable_parameters,
        "frozen_adapter_tensors": len(frozen),
    }
    if frozen or not parameters:
        sentence = f"{len(frozen)} tensors of the adapter are frozen, {len(parameters)} are trained."
        return Outcome(False, sentence, measured)
    with preserve_network(context.network):
        add_noise_to_zeros(list(parameters.values()), context.seed)
        context.network.train()
        loss = context.losses(context.base, context.batch(context.spread(GRADIENT_ROWS))).mean()
        if loss.requires_grad:
            found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        else:
            found = (None,) * len(parameters)
    dead = [n for n, g in zip(parameters, found, strict=True) if g is None or not g.any() or not g.isfinite().all()]
    measured["tensors_without_gradient"] = len(dead)
    if dead:
        return Outcome(False, f"{len(dead)} of {len(parameters)} trained tensors get no gradient: {dead[0]}.", measured)
    return Outcome(True, f"a gradient reaches all {len(parameters)} trained tensors.", measured)


def frozen_adapter(network: Network) -> list[str]:
    """What belongs to an adapter, and is not trained."""
    return [name for name, p in network.named_parameters() if is_added(network, name) and not p.requires_grad]


def first_loss(context: Context) -> Outcome:
    """The loss before the first step is that of a model that can do something, but not yet this."""
    with preserve_network(context.network), torch.no_grad():
        context.network.eval()
        loss = float(context.losses(context.base, context.batch(context.spread(LOSS_ROWS))).mean())
    guessing = context.guessing
    measured = {"loss_nats": loss, "guessing_nats": guessing, "least_nats": LEAST_LOSS, "most_nats": guessing + MARGIN}
    if not loss <= guessing + MARGIN:
        why = "worse than guessing: the weights, the tokenizer or the labels are not what they should be"
        return Outcome(False, f"the loss is {loss:.2f}, and guessing costs {guessing:.2f}: {why}.", measured)
    if loss < LEAST_LOSS:
        return Outcome(
            False, f"the loss is {loss:.3f} before the first step: the answers are in the prompts already.", measured
        )
    return Outcome(True, f"the loss begins at {loss:.2f}; guessing would cost {guessing:.2f}.", measured)
