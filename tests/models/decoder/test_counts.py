"""What is counted from a shape is what the network has and does."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from shipworthy.models.decoder.counts import forward_flops, parameters, training_flops
from shipworthy.models.decoder.network import Transformer, draw
from shipworthy.models.decoder.schema import DecoderShape

V, T = 101, 24
SHAPES = [
    DecoderShape(32, 64, 2, 4, 4, context=64),
    DecoderShape(48, 40, 3, 6, 2, context=64, tie=False),
    DecoderShape(30, 50, 1, 5, 1, context=64, tie=False),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_parameters(shape: DecoderShape) -> None:
    assert parameters(shape, V) == sum(p.numel() for p in draw(shape, V).parameters())


@pytest.mark.parametrize("shape", SHAPES)
def test_operations_are_those_of_the_matrix_products(shape: DecoderShape) -> None:
    network, ids_BT = draw(shape, V), torch.randint(0, V, (2, T))
    # Attention by plain products computes the pairs that a causal mask hides, too: T x T of them, not T (T + 1) / 2.
    hidden = 4 * shape.layers * shape.hidden_size * 2 * (T * T - T * (T + 1) / 2)
    with sdpa_kernel(SDPBackend.MATH):
        with FlopCounterMode(display=False) as forward:
            logits = network(ids_BT)
        with FlopCounterMode(display=False) as backward:
            logits.sum().backward()
    assert forward.get_total_flops() == forward_flops(shape, V, [T, T]) + hidden
    both = forward.get_total_flops() + backward.get_total_flops()
    assert both == training_flops(shape, V, [T, T]) + 3 * hidden


def test_a_shape_is_counted_without_its_weights() -> None:
    shape = DecoderShape(768, 2048, 14, 12, 4)
    with torch.device("meta"):
        network = Transformer(shape, 49152)
    assert parameters(shape, 49152) == sum(p.numel() for p in network.parameters()) == 125_851_392
    # Six operations per weight and token, the rule of thumb (Kaplan et al. 2020), and attention beside it.
    assert training_flops(shape, 49152, [1]) == pytest.approx(6 * parameters(shape, 49152), rel=1e-3)
