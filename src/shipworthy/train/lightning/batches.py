"""Which rows each step sees: fixed before the first step by lengths, seed and sizes, so that any step can be resumed.

Shapes: B rows, P tokens that all rows of the batch begin with, L tokens of the longest row after them, N supervised
tokens in the batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from shipworthy.models.causal_lm.generate import shared_prefix

WINDOW = 50
"""Batches whose rows are sorted by length together: enough for little padding, few enough to stay random."""


@dataclass
class Batch:
    """Rows padded on the right; a row attends to the prefix and to itself alone.

    Attributes:
        prefix_1P: token ids of the shared prefix, which is computed once for all rows (P may be 0).
        ids_BL: the rows' own token ids.
        mask_BL: 1 where there is a token, 0 where there is padding.
        row_N, column_N: the positions from which a supervised token is predicted.
        target_N: that token.
    """

    prefix_1P: torch.Tensor
    ids_BL: torch.Tensor
    mask_BL: torch.Tensor
    row_N: torch.Tensor
    column_N: torch.Tensor
    target_N: torch.Tensor

    @property
    def tokens(self) -> int:
        """Tokens of all rows, the prefix counted for each, padding not."""
        return int(self.prefix_1P.numel() * len(self.ids_BL) + self.mask_BL.sum())

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(**{name: tensor.to(device, non_blocking=True) for name, tensor in vars(self).items()})


@dataclass(frozen=True)
class Row:
    """One row's token ids; `answer` ends with the token that ends the turn."""

    prompt: Sequence[int]
    answer: Sequence[int]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


def plan(lengths: Sequence[int], batch_size: int, steps: int, seed: int) -> list[list[int]]:
    """The rows of every step: each epoch a new order, batches of like length.

    Every row is seen once before any is seen twice, up to the window at an epoch's end.
    """
    generator = np.random.default_rng(seed)
    needed = batch_size * steps
    epochs = -(-needed // len(lengths))
    stream = np.concatenate([generator.permutation(len(lengths)) for _ in range(epochs)])[:needed]
    size = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, needed, WINDOW * batch_size):
        window = stream[start : start + WINDOW * batch_size]
        window = window[np.argsort(size[window], kind="stable")].reshape(-1, batch_size)
        batches += window[generator.permutation(len(window))].tolist()
    return batches


def collate(rows: Sequence[Row], pad_id: int) -> Batch:
    """Splits off the shared prefix and pads the rest; a row's last token is a target only, never an input."""
    prefix = shared_prefix([row.prompt for row in rows])
    longest = max(len(row) for row in rows) - prefix - 1
    ids = torch.full((len(rows), longest), pad_id)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    positions: list[tuple[int, int]] = []
    targets: list[int] = []
    for i, row in enumerate(rows):
        inputs = [*row.prompt[prefix:], *row.answer[:-1]]
        ids[i, : len(inputs)] = torch.tensor(inputs)
        mask[i, : len(inputs)] = 1
        positions += [(i, column) for column in range(len(inputs) - len(row.answer), len(inputs))]
        targets += row.answer
    place = torch.tensor(positions)
    shared = torch.tensor([list(rows[0].prompt[:prefix])], dtype=torch.long)
    return Batch(shared, ids, mask, place[:, 0], place[:, 1], torch.tensor(targets))


class _Rows(Dataset[Row]):
    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]


class _FromStep(Sampler[list[int]]):
    def __init__(self, batches: Sequence[list[int]], start: int) -> None:
        self.batches = batches[start:]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def loader(rows: Sequence[Row], batches: Sequence[list[int]], start: int, pad_id: int) -> DataLoader[Row]:
    """The batches from step `start` on."""
    return DataLoader(
        _Rows(rows), batch_sampler=_FromStep(batches, start), collate_fn=lambda items: collate(items, pad_id)
    )
