"""A causal language model with its adapter, counted: parameters, operations and memory of a training step."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from peft.tuners.lora.layer import ParamWrapper
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from shipworthy.core.groups import AdapterConfig
from shipworthy.models.activations import checkpoint, made_again
from shipworthy.models.adapters import nf4, virtual
from shipworthy.models.adapters.build import attach
from shipworthy.models.adapters.network import Network, base_of, is_added
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.fitness import unfit_by_structure
from shipworthy.models.causal_lm.flops import FlopCounter
from shipworthy.models.causal_lm.memory import PEAK, Keeping, gathered_numbers, projection_bytes
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.structure import layers, outputs
from shipworthy.models.causal_lm.widths import experts_met, reach
from shipworthy.models.precision import PRECISIONS, Precision, planned
from shipworthy.models.quantities import BatchShape, MemoryParts, Rule

FLOAT32 = PRECISIONS["float32"]


class NetworkQuantities:
    """Counts a network as it is: one that is trained, or one without weights (on torch's meta device).

    Bytes are those of its own tensors, in their own types: what is kept in 16, 8 or 4 bits counts as that.

    Args:
        precision: in which it is computed.
        offload: whether what layers keep that are computed again waits in main memory.

    Attributes:
        trainable_bytes: of the trained weights.
        kept_layers: layers that keep something for the backward pass: from the lowest trained one upwards.
    """

    def __init__(self, network: Network, precision: Precision = FLOAT32, *, offload: bool = False) -> None:
        self.base: PreTrainedModel = base_of(network)
        every = dict(network.named_parameters())
        trained = [p for p in every.values() if p.requires_grad]
        self.parameters = sum(map(nf4.numbers, every.values()))
        self.trainable_parameters = sum(map(nf4.numbers, trained))
        self.base_parameters = sum(nf4.numbers(p) for name, p in every.items() if not is_added(network, name))
        self.precision, self.offload, self.trained = precision, offload, trained
        self.weight_bytes = float(sum(map(nf4.size, every.values())))
        self.trainable_bytes = sum(map(nf4.size, trained))
        self.draws = any(map(_draws, network.modules()))
        # PEFT puts an expert's update into its weight for the while of a forward pass.
        self.one_at_a_time = self.draws or any(isinstance(module, ParamWrapper) for module in network.modules())
        stack = list(layers(self.base))
        first = (i for i, layer in enumerate(stack) if any(p.requires_grad for p in layer.parameters()))
        self.virtual = virtual.of(self.base)
        self.kept_layers = len(stack) - (0 if self.virtual else min(first, default=len(stack)))

    @cached_property
    def _counter(self) -> FlopCounter:
        return FlopCounter(self.base)

    @property
    def _capped(self) -> bool:
        return bool(getattr(self.base.config.get_text_config(decoder=True), "attn_logit_softcapping", None))

    def flops(self, batches: Iterable[BatchShape]) -> float:
        """Floating-point operations of forward and backward pass over the batches."""
        return self._counter.of(map(self._whole, batches))

    def _whole(self, batch: BatchShape) -> BatchShape:
        """The batch with its virtual tokens."""
        if not self.virtual:
            return batch
        if not self.virtual.cached and unfit_by_structure(self.base) is None:
            return replace(batch, prefix=batch.prefix + self.virtual.count)
        return replace(batch, lengths=tuple(length + self.virtual.count for length in batch.lengths))

    def checkpoint_bytes(self, rule: Rule) -> float:
        """What a run goes on from: trained weights with the rule's states."""
        return self.trainable_bytes + self._states(rule)

    def memory(self, batch: BatchShape, rule: Rule, side_by_side: int = 1, *, on_gpu: bool = False) -> MemoryParts:
        """The parts of a step, from shapes alone (see `Quantities`)."""
        batch = self._whole(batch)
        activations = self._activations(batch, on_gpu=on_gpu)
        logits = projection_bytes(outputs(self.base), batch.supervised)
        # A step adds gradients in 32 bits; those of a micro-batch come in the weights' type first, and take the room
        # that its activations leave.
        sums = FLOAT32.weights.itemsize * self.trainable_parameters
        own = sums + sum(nf4.size(p) for p in self.trained if p.itemsize < FLOAT32.weights.itemsize)
        return MemoryParts(
            weights=self.weight_bytes,
            gradients=sums + side_by_side * max(0.0, own - activations - logits),
            optimizer=self._states(rule),
            activations=side_by_side * activations,
            logits=side_by_side * logits,
        )

    def _states(self, rule: Rule) -> float:
        return sum(rule.state_bytes(tuple(p.shape), p.itemsize) for p in self.trained)

    def _activations(self, batch: BatchShape, *, on_gpu: bool) -> float:
        config, stack = self.base.config.get_text_config(decoder=True), layers(self.base)
        keeping = Keeping(self.precision, experts_met(self.base))
        # Rows that can't share a sequence stand side by side, the prefix in each, filled up to the longest.
        rows, packs = len(batch.lengths), unfit_by_structure(self.base) is None
        tokens = batch.tokens if packs else rows * batch.longest
        again = list(map(made_again, stack))
        # Layers that are computed again make the embeddings ask for a gradient: then all layers keep something.
        first = 0 if any(again) else len(stack) - self.kept_layers
        gathers = [packs and (on_gpu or self._capped or seen < batch.longest) for seen in reach(self.base)]
        gathered = keeping.each * gathered_numbers(config.hidden_size, rows, batch.longest)
        inputs = 0 if self.offload else tokens * config.hidden_size * keeping.stream
        kept = most = 0.0
        for layer, gather, once_more in list(zip(stack, gathers, again, strict=True))[first:]:
            whole = tokens * keeping.bytes(layer) + gathered * gather
            most = max(most, kept + whole)
            kept += inputs if once_more else whole
        casts = sum(map(keeping.cast_bytes, stack[first:]))
        return PEAK * most + casts + tokens * keeping.working_bytes(stack[first:])


def of(model: CausalLM, adapter: AdapterConfig, trainer: Any, *, on_gpu: bool = False) -> NetworkQuantities:
    """Of the network that would be trained, without its weights (see `models/quantities.py`)."""
    return of_config(AutoConfig.from_pretrained(str(base_folder(model))), adapter, trainer, on_gpu=on_gpu)


def of_config(
    config: PretrainedConfig,
    adapter: AdapterConfig,
    trainer: Any,
    *,
    on_gpu: bool = False,
    kind: Any = AutoModelForCausalLM,
) -> NetworkQuantities:
    """The same, of a Hugging Face config.

    Args:
        kind: one of transformers' classes that choose a network by its config.
    """
    precision, how = planned(trainer.precision, on_gpu=on_gpu), trainer.activation_checkpointing
    network = from_config(config, adapter, precision, kind=kind)
    checkpoint(base_of(network), how, offload=False, draws=False)
    return NetworkQuantities(network, precision, offload=trainer.offload_activations)


def on_meta(folder: Path, adapter: AdapterConfig, precision: Precision = FLOAT32) -> Network:
    """The network of a folder with its adapter, in the types in which it is trained: shapes only, no memory."""
    return from_config(AutoConfig.from_pretrained(str(folder)), adapter, precision)


def from_config(
    config: PretrainedConfig,
    adapter: AdapterConfig,
    precision: Precision = FLOAT32,
    *,
    kind: Any = AutoModelForCausalLM,
) -> Network:
    """The network of a Hugging Face config with its adapter: shapes only, no memory."""
    with torch.device("meta"):
        return attach(kind.from_config(config, dtype=precision.weights), adapter)


def _draws(module: torch.nn.Module) -> bool:
    share = module.p if isinstance(module, torch.nn.Dropout) else getattr(module, "attention_dropout", 0)
    return isinstance(share, float) and share > 0
