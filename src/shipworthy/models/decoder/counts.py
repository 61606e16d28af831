"""A decoder's parameters and operations, from its shape alone: what a plan and a scaling ladder count with."""

from collections.abc import Iterable

from shipworthy.models.decoder.schema import DecoderShape


def parameters(shape: DecoderShape, vocabulary: int) -> int:
    """Weights of the whole network, the embedding and the norms included."""
    embeddings = vocabulary * shape.hidden_size * (1 if shape.tie else 2)
    norms = (2 * shape.layers + 1) * shape.hidden_size
    return embeddings + shape.layers * layer_weights(shape) + norms


def layer_weights(shape: DecoderShape) -> int:
    """Weights of one layer's matrices."""
    attention = 2 * shape.hidden_size * shape.head_size * (shape.heads + shape.kv_heads)
    return attention + 3 * shape.hidden_size * shape.intermediate_size


def forward_flops(shape: DecoderShape, vocabulary: int, rows: Iterable[int]) -> float:
    """Floating-point operations of a forward pass that gives each token's logits.

    A product is a multiplication and an addition: twice the weights for each token (Kaplan et al. 2020, table 1); and
    of each token with itself and each before it, its score and its share of the value. Norms and other work on single
    numbers are left out.

    Args:
        rows: tokens of each row, which sees itself only.
    """
    lengths = list(rows)
    tokens, pairs = sum(lengths), sum(n * (n + 1) / 2 for n in lengths)
    products = 2 * (shape.layers * layer_weights(shape) + vocabulary * shape.hidden_size)
    return tokens * products + pairs * 4 * shape.layers * shape.heads * shape.head_size


def training_flops(shape: DecoderShape, vocabulary: int, rows: Iterable[int]) -> float:
    """Of a forward and a backward pass in which all weights are trained: three times the forward pass.

    Backward, each product is made for the gradient of its one side and of its other.
    """
    return 3 * forward_flops(shape, vocabulary, rows)
