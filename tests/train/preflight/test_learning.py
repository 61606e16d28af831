"""Frozen adapters, networks and rates that cannot learn, answers that never end."""

from dataclasses import replace

import pytest
import torch

from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.preflight.context import Context
from shipworthy.train.preflight.learning import generation_stops, overfits
from shipworthy.train.preflight.start import first_loss, receive_gradient
from tests.train.preflight.planted import frozen, with_rows


def test_a_frozen_adapter_is_found(context: Context) -> None:
    assert receive_gradient(context).passed
    outcome = receive_gradient(frozen(context))
    assert not outcome.passed and outcome.measured["trained_tensors"] == 0


def test_a_part_of_the_adapter_that_is_frozen_is_found(context: Context) -> None:
    name, parameter = next(iter(context.trained().items()))
    parameter.requires_grad_(False)
    assert "lora" in name
    outcome = receive_gradient(context)
    assert not outcome.passed and outcome.measured["frozen_adapter_tensors"] == 1


def test_a_layer_that_no_gradient_reaches_is_found(context: Context) -> None:
    top = context.base.model.layers[1]
    handle = top.register_forward_pre_hook(lambda module, inputs: (inputs[0].detach(), *inputs[1:]))
    outcome = receive_gradient(context)
    handle.remove()
    assert not outcome.passed and "layers.0." in outcome.sentence


def test_a_first_loss_far_above_guessing_is_found(context: Context) -> None:
    assert first_loss(context).passed
    with torch.no_grad():
        context.base.model.norm.weight.mul_(20.0)
    outcome = first_loss(context)
    assert not outcome.passed and "worse than guessing" in outcome.sentence


def test_a_first_loss_that_is_not_a_number_is_found(context: Context) -> None:
    with torch.no_grad():
        context.base.model.norm.weight.fill_(float("nan"))
    assert not first_loss(context).passed


def test_answers_that_are_known_before_the_first_step_are_found(context: Context) -> None:
    with torch.no_grad():  # all that is left of a token is itself, so that the next token is this one again
        context.base.model.norm.weight.mul_(20.0)
    repeated = with_rows(context, [Row([1, 30, 40], [40, 40, 40])])
    for layer in context.base.model.layers:
        layer.self_attn.forward = lambda hidden_states, **_: (torch.zeros_like(hidden_states), None)
        layer.mlp.forward = torch.zeros_like
    outcome = first_loss(repeated)
    assert not outcome.passed and "are in the prompts already" in outcome.sentence


def test_rows_are_learned_by_heart_and_their_answers_end(context: Context) -> None:
    assert overfits(context).passed
    outcome = generation_stops(context)
    assert outcome.passed and outcome.measured["as_learned"] >= 3


@pytest.mark.parametrize("lr", [100.0, 1e-9])
def test_a_rate_at_which_nothing_is_learned_is_found(context: Context, lr: float) -> None:
    outcome = overfits(replace(context, optimizer=replace(context.optimizer, lr=lr)))
    assert not outcome.passed


def test_a_network_that_cannot_tell_the_rows_apart_is_found(context: Context) -> None:
    prompts = [[1, 30 + i] for i in range(4)]
    rows = [Row(prompt, [60 + i, 2]) for i, prompt in enumerate(prompts)]
    for layer in context.base.model.layers:  # nothing but noise from the rows reaches the answers
        layer.register_forward_hook(lambda module, inputs, output: torch.randn_like(output) * 5 + 0.0 * output)
    assert not overfits(with_rows(context, rows)).passed


def test_answers_that_never_end_are_found(context: Context) -> None:
    endless = [Row(row.prompt, [*row.answer[:-1], 77, 77, 77, 77]) for row in context.rows]
    overfits(with_rows(context, endless))
    outcome = generation_stops(with_rows(context, endless))
    assert not outcome.passed and outcome.measured["endless"] > 0
