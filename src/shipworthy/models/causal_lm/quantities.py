"""A causal language model with its adapter, counted: parameters, operations and memory of a training step."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from peft.tuners.lora.layer import ParamWrapper
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from shipworthy.core.groups import AdapterConfig
from shipworthy.models.adapters import nf4, virtual
from shipworthy.models.adapters.build import attach
from shipworthy.models.adapters.network import Network, base_of, is_added
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.fitness import unfit_by_structure
from shipworthy.models.causal_lm.flops import FlopCounter
from shipworthy.models.causal_lm.memory import PEAK, gathered_numbers, kept_numbers, projection_bytes, working_numbers
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.structure import layers
from shipworthy.models.causal_lm.widths import experts_met, reach
from shipworthy.models.quantities import ADAMW_MOMENTS, BatchShape, MemoryParts


class NetworkQuantities:
    """Counts a network as it is: one that is trained, or one without weights (on torch's meta device).

    Attributes:
        trainable_bytes: of the trained weights.
        kept_layers: layers that keep something for the backward pass: from the lowest trained one upwards.
    """

    def __init__(self, network: Network) -> None:
        self.base: PreTrainedModel = base_of(network)
        every = dict(network.named_parameters())
        trained = [p for p in every.values() if p.requires_grad]
        self.parameters = sum(map(nf4.numbers, every.values()))
        self.trainable_parameters = sum(map(nf4.numbers, trained))
        self.base_parameters = sum(nf4.numbers(p) for name, p in every.items() if not is_added(network, name))
        self.weight_bytes = sum(map(nf4.size, every.values()))
        self.trainable_bytes = sum(map(nf4.size, trained))
        self.checkpoint_bytes = (1 + ADAMW_MOMENTS) * self.trainable_bytes
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

    def memory(
        self, batch: BatchShape, side_by_side: int = 1, *, on_gpu: bool = False, optimizer_bytes: float = 0.0
    ) -> MemoryParts:
        """The parts of a step, from shapes alone (see `Quantities`)."""
        batch = self._whole(batch)
        config, itemsize = self.base.config.get_text_config(decoder=True), self.base.dtype.itemsize
        keeping = layers(self.base)[len(layers(self.base)) - self.kept_layers :]
        # Rows that can't share a sequence stand side by side, the prefix in each, filled up to the longest.
        rows, packs = len(batch.lengths), unfit_by_structure(self.base) is None
        tokens = batch.tokens if packs else rows * batch.longest
        kept = tokens * kept_numbers(keeping, experts_met(self.base))
        gathers = [packs and (on_gpu or self._capped or seen < batch.longest) for seen in reach(self.base)]
        gathering = sum(gathers[len(gathers) - self.kept_layers :])
        kept += gathered_numbers(config.hidden_size, gathering, rows, batch.longest)
        working = tokens * working_numbers(keeping)
        return MemoryParts(
            weights=self.weight_bytes,
            gradients=(1 + side_by_side) * self.trainable_bytes,
            optimizer=optimizer_bytes or ADAMW_MOMENTS * self.trainable_bytes,
            activations=side_by_side * (PEAK * kept + working) * itemsize,
            logits=side_by_side * projection_bytes(config.vocab_size, batch.supervised),
        )


def of(model: CausalLM, adapter: AdapterConfig) -> NetworkQuantities:
    """Of the network that would be trained, without its weights.

    Raises:
        ArtifactError: the base was not fetched.
        UsageError: the adapter names what the network does not have.
    """
    return NetworkQuantities(on_meta(base_folder(model), adapter))


def on_meta(folder: Path, adapter: AdapterConfig) -> Network:
    """The network of a folder with its adapter, in 32 bits as it is trained: shapes only, no memory."""
    return from_config(AutoConfig.from_pretrained(str(folder)), adapter)


def from_config(config: PretrainedConfig, adapter: AdapterConfig) -> Network:
    """The network of a Hugging Face config with its adapter: shapes only, no memory."""
    with torch.device("meta"):
        return attach(AutoModelForCausalLM.from_config(config, dtype=torch.float32), adapter)


def _draws(module: torch.nn.Module) -> bool:
    share = module.p if isinstance(module, torch.nn.Dropout) else getattr(module, "attention_dropout", 0)
    return isinstance(share, float) and share > 0
