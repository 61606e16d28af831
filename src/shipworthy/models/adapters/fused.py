"""Training steps of a LoRA network with few passes over the activations, and few of them kept.

PEFT computes W x + s B (A x), which writes and reads the layer's whole output three times more than W x alone. Here
the update is added to the product in place, and one function knows the whole gradient, so that the weights' own
gradient is never computed and A x is kept instead of made again. A gated feed-forward block keeps its two products
alone, a norm its input alone; what else they need is made again. The update's weights may be kept in 32 bits where the
layer's are in 16: they are cast for the products.

Shapes: M tokens, I inputs, O outputs, R rank, D width, F width of the feed-forward block.
"""

from collections.abc import Sequence
from types import MethodType
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch.nn import SiLU
from transformers.activations import SiLUActivation

Parts = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Of a layer with an update: its weight, A and B."""


def _forward(
    x_MI: torch.Tensor, weight_OI: torch.Tensor, a_RI: torch.Tensor, b_OR: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer's output, and A x."""
    low_MR = x_MI @ a_RI.T.to(x_MI.dtype)
    return (x_MI @ weight_OI.T).addmm_(low_MR, b_OR.T.to(x_MI.dtype), alpha=scale), low_MR


def _backward(
    gradient_MO: torch.Tensor, x_MI: torch.Tensor, low_MR: torch.Tensor, b_OR: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The gradients of A x, A and B."""
    through_MR = (gradient_MO @ b_OR.to(x_MI.dtype)).mul_(scale)
    # The transposed product of the transposed: twice as fast as gradient.T @ low, for R is small.
    grad_b = (low_MR.T @ gradient_MO).mul_(scale).T.contiguous()
    return through_MR, (through_MR.T @ x_MI).to(b_OR.dtype), grad_b.to(b_OR.dtype)


def _shaped(output_MO: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The output in the shape of the input; a view in autograd's eyes could not be changed in place by who gets it."""
    shaped: torch.Tensor = torch.ops.aten._unsafe_view(output_MO, [*x.shape[:-1], output_MO.shape[-1]])
    return shaped


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight_OI: torch.Tensor, a_RI: torch.Tensor, b_OR: torch.Tensor, scale: float
    ) -> torch.Tensor:
        x_MI = x.reshape(-1, x.shape[-1])
        output_MO, low_MR = _forward(x_MI, weight_OI, a_RI, b_OR, scale)
        ctx.save_for_backward(x_MI, weight_OI, a_RI, b_OR, low_MR)
        ctx.scale, ctx.shape = scale, x.shape
        return _shaped(output_MO, x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        x_MI, weight_OI, a_RI, b_OR, low_MR = ctx.saved_tensors
        gradient_MO = gradient.reshape(-1, gradient.shape[-1])
        through_MR, grad_a, grad_b = _backward(gradient_MO, x_MI, low_MR, b_OR, ctx.scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (gradient_MO @ weight_OI).addmm_(through_MR, a_RI.to(x_MI.dtype)).view(ctx.shape)
        return grad_x, None, grad_a, grad_b, None


class _Gated(torch.autograd.Function):
    """down(silu(gate(x)) * up(x)), each of the three with its update."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: float, *weights: torch.Tensor) -> torch.Tensor:
        gate, up, down = _threes(weights)
        x_MD = x.reshape(-1, x.shape[-1])
        gate_MF, gate_low = _forward(x_MD, *gate, scale)
        up_MF, up_low = _forward(x_MD, *up, scale)
        output_MD, down_low = _forward(torch.sigmoid(gate_MF).mul_(gate_MF).mul_(up_MF), *down, scale)
        ctx.save_for_backward(x_MD, gate_MF, up_MF, gate_low, up_low, down_low, *weights)
        ctx.scale = scale
        return _shaped(output_MD, x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        x_MD, gate_MF, up_MF, gate_low, up_low, down_low, *weights = ctx.saved_tensors
        scale, (gate, up, down) = ctx.scale, _threes(weights)
        gradient_MD = gradient.reshape(-1, gradient.shape[-1])
        sigmoid_MF = torch.sigmoid(gate_MF)
        silu_MF = gate_MF * sigmoid_MF
        through, *grad_down = _backward(gradient_MD, silu_MF * up_MF, down_low, down[2], scale)
        inner_MF = (gradient_MD @ down[0]).addmm_(through, down[1].to(x_MD.dtype))
        # silu' = sigmoid + silu (1 - sigmoid)
        slope_MF = torch.addcmul(sigmoid_MF, silu_MF, 1 - sigmoid_MF).mul_(up_MF).mul_(inner_MF)
        up_gradient_MF = inner_MF.mul_(silu_MF)
        gate_through, *grad_gate = _backward(slope_MF, x_MD, gate_low, gate[2], scale)
        up_through, *grad_up = _backward(up_gradient_MF, x_MD, up_low, up[2], scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (slope_MF @ gate[0]).addmm_(up_gradient_MF, up[0])
            grad_x = grad_x.addmm_(gate_through, gate[1].to(x_MD.dtype)).addmm_(up_through, up[1].to(x_MD.dtype))
            grad_x = grad_x.view(gradient.shape)
        return grad_x, None, None, *grad_gate, None, *grad_up, None, *grad_down


class _Norm(torch.autograd.Function):
    """x / sqrt(mean(x²) + eps) * weight; the weight is frozen (Zhang and Sennrich 2019)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        inverse = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, inverse)
        return (x * inverse).mul_(weight)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        x, weight, inverse = ctx.saved_tensors
        weighted = gradient * weight
        along = torch.linalg.vecdot(weighted, x)[..., None].mul_(inverse**3).div_(-x.shape[-1])
        return weighted.mul_(inverse).addcmul_(x, along), None, None


def _threes(weights: Sequence[torch.Tensor]) -> tuple[Parts, Parts, Parts]:
    """What `_parts` gave of three layers."""
    one, two, three = (tuple(weights[start : start + 3]) for start in (0, 3, 6))
    return one, two, three


def _parts(layer: Any) -> Parts:
    return layer.base_layer.weight, layer.lora_A["default"].weight, layer.lora_B["default"].weight


def _linear_step(self: Any, x: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
    output: torch.Tensor
    if not self.training:
        output = type(self).forward(self, x, *arguments, **options)
    else:
        output = _Linear.apply(x, *_parts(self), self.scaling["default"])
    return output


def _gated_step(self: Any, x: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor
    if not self.training:
        output = type(self).forward(self, x)
    else:
        layers = (self.gate_proj, self.up_proj, self.down_proj)
        output = _Gated.apply(x, layers[0].scaling["default"], *(part for layer in layers for part in _parts(layer)))
    return output


def _norm_step(self: Any, x: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = _Norm.apply(x, self.weight, self.variance_epsilon)
    return output


def is_plain(layer: Any) -> bool:
    """Whether PEFT's layer is the function that `_Linear` computes."""
    return (
        isinstance(layer, LoraLinear)
        and isinstance(layer.lora_dropout["default"], torch.nn.Identity)
        and layer.base_layer.bias is None
        and not layer.use_dora["default"]
    )


def is_gated(module: Any) -> bool:
    """Whether a module is the feed-forward block that `_Gated` computes."""
    layers: list[Any] = [getattr(module, f"{name}_proj", None) for name in ("gate", "up", "down")]
    return (
        isinstance(getattr(module, "act_fn", None), SiLU | SiLUActivation)
        and all(map(is_plain, layers))
        and len({layer.scaling["default"] for layer in layers}) == 1
    )


def is_named_norm(module: Any) -> bool:
    """Whether a module is by its name the norm that `_Norm` computes, and frozen."""
    named = type(module).__name__.endswith("RMSNorm") and hasattr(module, "variance_epsilon")
    return named and not module.weight.requires_grad


def _plain_norm(module: Any) -> bool:
    """Whether a module is what its class's name says; a family may add one to the weight, or take the mean."""
    if not is_named_norm(module):
        return False
    x = torch.linspace(-2.0, 3.0, module.weight.numel(), device=module.weight.device)[None]
    with torch.no_grad():
        return bool(torch.allclose(module(x), _norm_step(module, x), rtol=1e-5, atol=1e-6))


def fuse(network: torch.nn.Module) -> None:
    """Makes the training step of every plain LoRA layer, gated block and norm the fused one.

    Layers with dropout or a bias keep PEFT's own, for there the two are not the same function.
    """
    for module in network.modules():
        if is_plain(module):
            module.forward = MethodType(_linear_step, module)
        elif is_gated(module):
            module.forward = MethodType(_gated_step, module)
        elif _plain_norm(module):
            module.forward = MethodType(_norm_step, module)
