"""Greedy answers to many prompts: the prefix that all share is computed once, the rest in batches of like length.

Networks whose attention is not ours answer prompts of one length at a time, by transformers' own `generate`: what
padding would do to their state nobody needs to know.

Shapes: B rows, L new tokens, K tokens so far, V vocabulary.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import torch
from transformers import DynamicCache, GenerationConfig, PreTrainedModel

from shipworthy.core.progress import track
from shipworthy.models.causal_lm.columns import PADDING, Columns
from shipworthy.models.causal_lm.fitness import fit_for_packs
from shipworthy.models.causal_lm.packed import shared_prefix

MAX_ROWS = 64
MAX_TOKENS = 4096
MASKED_ID = 0
"""Stands where nothing is looked at."""

Answered = Iterator[tuple[int, list[int]]]
"""The place of a prompt, and the new token ids of its answer."""


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
        eos_id: below 0 for none.
        what: what the progress line says is being made.

    Returns:
        The new token ids of each prompt, in the order of the prompts.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    way = _behind_a_prefix if fit_for_packs(network).fit else _of_one_length
    for row, answer in track(way(network, prompts, max_new_tokens, eos_id), what, len(prompts)):
        answers[row] = answer
    return answers


def _behind_a_prefix(
    network: PreTrainedModel, prompts: Sequence[Sequence[int]], max_new_tokens: int, eos_id: int
) -> Answered:
    # For one or two prompts a pass of its own would cost more than it saves.
    prefix = shared_prefix(prompts) if len(prompts) > 2 else 0
    # Layers with a window keep all keys, too: by how far a key stands behind, not by its column, it is left out.
    shared = DynamicCache()
    if prefix:
        ids_1P = torch.tensor([list(prompts[0][:prefix])], device=network.device)
        _next(network, ids_1P, torch.arange(prefix, device=network.device)[None], shared)
    rests = [list(prompt[prefix:]) for prompt in prompts]
    order = sorted(range(len(rests)), key=lambda row: len(rests[row]))
    for rows in _batches(order, rests):
        cache = copy.deepcopy(shared)
        if prefix:
            cache.batch_repeat_interleave(len(rows))
        yield from zip(
            rows, _batch(network, [rests[row] for row in rows], cache, prefix, max_new_tokens, eos_id), strict=True
        )


def _batch(
    network: PreTrainedModel,
    rests: Sequence[list[int]],
    cache: DynamicCache,
    prefix: int,
    max_new_tokens: int,
    eos_id: int,
) -> list[list[int]]:
    longest = max(map(len, rests))
    # Padded on the left, between the prefix and the row's own tokens, so that all rows go on in the same column.
    pads = [longest - len(rest) for rest in rests]
    ids_BL = torch.tensor([[MASKED_ID] * pad + rest for pad, rest in zip(pads, rests, strict=True)])
    position_BK = torch.tensor(
        [[*range(prefix), *[PADDING] * pad, *range(prefix, prefix + longest - pad)] for pad in pads]
    )
    ids_BL, position_BK = ids_BL.to(network.device), position_BK.to(network.device)
    answers: list[list[int]] = [[] for _ in rests]
    live = list(range(len(rests)))
    for _ in range(max_new_tokens):
        next_B = _next(network, ids_BL, position_BK, cache)
        going = []
        for i, token in enumerate(next_B.tolist()):
            if token != eos_id:
                answers[live[i]].append(token)
                going.append(i)
        if not going:
            break
        if len(going) < len(live):
            keep = torch.tensor(going, device=network.device)
            cache.batch_select_indices(keep)
            next_B, position_BK = next_B[keep], position_BK[keep]
            live = [live[i] for i in going]
        ids_BL = next_B[:, None]
        position_BK = torch.cat([position_BK, position_BK[:, -1:] + 1], dim=1)
    return answers


def _next(
    network: PreTrainedModel, ids_BL: torch.Tensor, position_BK: torch.Tensor, cache: DynamicCache
) -> torch.Tensor:
    """The most likely next token of each row: next_B. The new tokens' keys and values go into the cache."""
    new = ids_BL.shape[1]
    logits_B1V = network(
        input_ids=ids_BL,
        position_ids=position_BK[:, -new:].clamp(min=0),
        # Which token sees which follows from the columns; a mask of four dimensions keeps transformers from making one.
        attention_mask=ids_BL.new_ones(1, 1, 1, 1),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
        columns=Columns(position_BK, new),
    ).logits
    next_B: torch.Tensor = logits_B1V[:, -1].argmax(dim=-1)
    return next_B


def _of_one_length(
    network: PreTrainedModel, prompts: Sequence[Sequence[int]], max_new_tokens: int, eos_id: int
) -> Answered:
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        eos_token_id=eos_id if eos_id >= 0 else None,
        pad_token_id=MASKED_ID,
    )
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    with _settings(network, settings):
        for _, alike in groupby(order, key=lambda row: len(prompts[row])):
            for rows in _batches(alike, prompts):
                ids_BL = torch.tensor([list(prompts[row]) for row in rows], device=network.device)
                made_BK = network.generate(ids_BL, attention_mask=torch.ones_like(ids_BL))
                for row, made in zip(rows, made_BK[:, ids_BL.shape[1] :].tolist(), strict=True):
                    yield row, made[: made.index(eos_id)] if eos_id in made else made


@contextmanager
def _settings(network: PreTrainedModel, settings: GenerationConfig) -> Iterator[None]:
    """Puts a generation's settings in place of the network's own, with which transformers would fill their gaps."""
    own, network.generation_config = network.generation_config, settings
    try:
        yield
    finally:
        network.generation_config = own


def _batches(order: Iterable[int], prompts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Rows in their order, as many at once as memory is meant to hold."""
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) == MAX_ROWS or (len(batch) + 1) * len(prompts[row]) > MAX_TOKENS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
