"""LoRA's training step without its elementwise passes: the update is added to the weights, not to the activations.

PEFT computes W x + s B (A x), which writes and reads the layer's whole output three times more than W x alone. Here
the layer multiplies by W + s B A, made anew at each step for R / N of the product's own work, and the gradients of A
and B are taken through the low rank, so that the weights' own gradient is never computed.

Shapes: N tokens, I inputs, O outputs, R rank.
"""

from types import MethodType
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import Linear as LoraLinear
from torch.nn.functional import linear


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight_OI: torch.Tensor, a_RI: torch.Tensor, b_OR: torch.Tensor, scale: float
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight_OI, a_RI, b_OR)
        ctx.scale = scale
        return linear(x, torch.addmm(weight_OI, b_OR, a_RI, alpha=scale))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        x, weight_OI, a_RI, b_OR = ctx.saved_tensors
        x_NI, gradient_NO = x.reshape(-1, x.shape[-1]), gradient.reshape(-1, gradient.shape[-1])
        through_NR = gradient_NO @ b_OR
        grad_a_RI = (through_NR.T @ x_NI).mul_(ctx.scale)
        grad_b_OR = (gradient_NO.T @ (x_NI @ a_RI.T)).mul_(ctx.scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            # Made again rather than kept: a copy of every weight would stand in memory until here.
            merged_OI = torch.addmm(weight_OI, b_OR, a_RI, alpha=ctx.scale)
            grad_x = (gradient_NO @ merged_OI).view_as(x)
        return grad_x, None, grad_a_RI, grad_b_OR, None


def _forward(self: Any, x: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
    if not self.training:
        output: torch.Tensor = type(self).forward(self, x, *arguments, **options)
        return output
    a, b = self.lora_A["default"].weight, self.lora_B["default"].weight
    fused: torch.Tensor = _Fused.apply(x, self.base_layer.weight, a, b, self.scaling["default"])
    return fused


def fuse(network: PeftModel) -> None:
    """Makes the training step of every plain LoRA layer the fused one.

    Layers with dropout or a bias keep PEFT's own, for there the two are not the same function.
    """
    for module in network.modules():
        if (
            isinstance(module, LoraLinear)
            and isinstance(module.lora_dropout["default"], torch.nn.Identity)
            and module.base_layer.bias is None
            and not module.use_dora["default"]
        ):
            module.forward = MethodType(_forward, module)
