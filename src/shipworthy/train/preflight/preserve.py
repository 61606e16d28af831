"""Puts a network and the random states back after a check, so that the run begins as if there had been none."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.nn import Module, Parameter


@contextmanager
def preserve_all(network: Module) -> Iterator[None]:
    """Puts trained weights, buffers, gradients, modes and every random state back, bit for bit."""
    with preserve_network(network), _random_states():
        yield


@contextmanager
def preserve_network(network: Module) -> Iterator[None]:
    """Puts trained weights, buffers, gradients and modes back."""
    tensors = [p for p in network.parameters() if p.requires_grad] + list(network.buffers())
    copies = [tensor.detach().clone() for tensor in tensors]
    gradients = {p: p.grad for p in network.parameters()}
    modes = {module: module.training for module in network.modules()}
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, copy in zip(tensors, copies, strict=True):
                tensor.copy_(copy)
        for parameter, gradient in gradients.items():
            parameter.grad = gradient
        for module, training in modes.items():
            module.training = training


@contextmanager
def _random_states() -> Iterator[None]:
    python, cpu = random.getstate(), torch.get_rng_state()
    numbers = np.random.get_state()  # noqa: NPY002 - libraries draw from it
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)


@torch.no_grad()
def add_noise_to_zeros(parameters: list[Parameter], seed: int, size: float = 0.02) -> None:
    """Adds noise to what is all zero, as LoRA's B is at first: an adapter without effect would hide its faults."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        if not parameter.any():
            parameter.add_(torch.randn(parameter.shape, generator=generator).to(parameter) * size)
