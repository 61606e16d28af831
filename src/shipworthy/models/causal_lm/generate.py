"""Greedy answers to many prompts: the prefix that all share is computed once, the rest in batches of like length.

Shapes: B rows, L tokens, P tokens of the shared prefix, D width, V vocabulary.
"""

import copy
from collections.abc import Iterator, Sequence

import torch
from transformers import DynamicCache, PreTrainedModel

from shipworthy.core.progress import track

MAX_ROWS = 64
MAX_TOKENS = 4096
MASKED_ID = 0
"""Stands where nothing is looked at."""


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with; each keeps at least one token of its own."""
    if not prompts:
        return 0
    first, last = min(map(list, prompts)), max(map(list, prompts))
    most = min(map(len, prompts)) - 1
    return next((i for i in range(most) if first[i] != last[i]), most)


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) == MAX_ROWS or (len(batch) + 1) * lengths[row] > MAX_TOKENS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


@torch.inference_mode()
def greedy(
    network: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    eos_id: int,
    what: str = "answers",
) -> list[list[int]]:
    """The most likely next token, again and again, until `eos_id` (left out) or `max_new_tokens`.

    Args:
        network: a causal language model in evaluation mode.
        prompts: token ids of each prompt.
        what: what the progress line says is being made.

    Returns:
        The new token ids of each prompt, in the order of the prompts.
    """
    prefix = shared_prefix(prompts)
    # For one or two prompts a pass of its own would cost more than it saves.
    prefix = prefix if len(prompts) > 2 else 0
    shared = DynamicCache(config=network.config)
    if prefix:
        prefix_1P = torch.tensor([list(prompts[0][:prefix])], device=network.device)
        shared = network.model(input_ids=prefix_1P, past_key_values=shared, use_cache=True).past_key_values
    rests = [list(prompt[prefix:]) for prompt in prompts]
    lengths = [len(rest) for rest in rests]
    order = sorted(range(len(rests)), key=lambda row: lengths[row])
    answers: list[list[int]] = [[] for _ in prompts]

    def answered() -> Iterator[int]:
        for rows in _batches(order, lengths):
            own = [rests[row] for row in rows]
            for row, answer in zip(rows, _batch(network, own, shared, prefix, max_new_tokens, eos_id), strict=True):
                answers[row] = answer
                yield row

    for _ in track(answered(), what, len(prompts)):
        pass
    return answers


def _batch(
    network: PreTrainedModel,
    rests: list[list[int]],
    shared: DynamicCache,
    prefix: int,
    max_new_tokens: int,
    eos_id: int,
) -> list[list[int]]:
    device = network.device
    longest = max(map(len, rests))
    # Padded on the left, between the prefix and the row's own tokens, so that all rows go on in the same column.
    pads_B = torch.tensor([longest - len(rest) for rest in rests], device=device)
    ids_BL = torch.tensor([[MASKED_ID] * (longest - len(rest)) + rest for rest in rests], device=device)
    column_L = torch.arange(longest, device=device)
    own_BL = column_L[None, :] >= pads_B[:, None]
    mask_BL = torch.cat([torch.ones(len(rests), prefix, dtype=torch.bool, device=device), own_BL], dim=1).long()
    position_BL = (prefix + column_L[None, :] - pads_B[:, None]).clamp(min=0)
    cache = copy.deepcopy(shared)
    if prefix:
        cache.batch_repeat_interleave(len(rests))

    answers: list[list[int]] = [[] for _ in rests]
    live = list(range(len(rests)))
    for _ in range(max_new_tokens):
        output = network.model(
            input_ids=ids_BL, attention_mask=mask_BL, position_ids=position_BL, past_key_values=cache, use_cache=True
        )
        next_B = network.lm_head(output.last_hidden_state[:, -1]).argmax(dim=-1)
        going = []
        for i, token in enumerate(next_B.tolist()):
            if token != eos_id:
                answers[live[i]].append(token)
                going.append(i)
        if not going:
            break
        if len(going) < len(live):
            keep = torch.tensor(going, device=device)
            cache.batch_select_indices(keep)
            next_B, mask_BL, position_BL = next_B[keep], mask_BL[keep], position_BL[keep]
            live = [live[i] for i in going]
        ids_BL = next_B[:, None]
        mask_BL = torch.cat([mask_BL, mask_BL.new_ones(len(live), 1)], dim=1)
        position_BL = position_BL[:, -1:] + 1
    return answers
