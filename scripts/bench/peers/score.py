"""The validation loss of every contender, by one function: the rows padded, behind the prefix that they share.

Shapes: B rows, L tokens, P tokens of the prefix, N supervised tokens.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import DynamicCache, PreTrainedModel

from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import shared_prefix

BATCH = 32


def contender(result: dict[str, Any], base: Path) -> PreTrainedModel:
    """The network that a contender left: an adapter of the base, or weights of its own."""
    if "weights" in result:
        return load_network(Path(result["weights"]))
    return load_network(base, Path(result["adapter"]))


@torch.inference_mode()
def validation_loss(network: PreTrainedModel, samples: Sequence[tuple[list[int], list[int]]]) -> float:
    """Mean cross-entropy of the answers' tokens (nats).

    Args:
        samples: prompt and answer of each row.
    """
    prefix = shared_prefix([prompt for prompt, _ in samples])
    prefix_1P = torch.tensor([samples[0][0][:prefix]])
    order = sorted(samples, key=lambda sample: len(sample[0]) + len(sample[1]))
    total, count = 0.0, 0
    for start in range(0, len(order), BATCH):
        rows = [(prompt[prefix:], answer) for prompt, answer in order[start : start + BATCH]]
        longest = max(len(prompt) + len(answer) for prompt, answer in rows)
        ids_BL = torch.zeros(len(rows), longest, dtype=torch.long)
        mask_BL = torch.zeros(len(rows), prefix + longest, dtype=torch.long)
        places, targets = [], []
        for row, (prompt, answer) in enumerate(rows):
            length = len(prompt) + len(answer)
            ids_BL[row, :length] = torch.tensor(prompt + answer)
            mask_BL[row, : prefix + length] = 1
            places += [(row, column) for column in range(len(prompt) - 1, length - 1)]
            targets += answer
        cache = DynamicCache(config=network.config)
        if prefix:
            network.model(input_ids=prefix_1P, past_key_values=cache, use_cache=True)
            cache.batch_repeat_interleave(len(rows))
        position_BL = (prefix + torch.arange(longest)).expand(len(rows), -1)
        hidden_BLD = network.model(
            input_ids=ids_BL, attention_mask=mask_BL, position_ids=position_BL, past_key_values=cache, use_cache=True
        ).last_hidden_state
        place_2N = torch.tensor(places).T
        logits_NV = network.lm_head(hidden_BLD[place_2N[0], place_2N[1]])
        total += float(cross_entropy(logits_NV.float(), torch.tensor(targets), reduction="sum"))
        count += len(targets)
    return total / count
