"""Rows side by side, filled up to the longest: the batch that every network takes, by its own forward pass.

It is what families are trained on whose rows can't share a sequence (see `fitness.py`). Padding stands on the right,
where no token sees it, and a row's positions are those that the network counts itself.

Shapes: B rows, L tokens of the longest, N supervised tokens, D width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch

from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.quantities import BatchShape


@dataclass(frozen=True)
class Padded:
    """Rows side by side.

    Attributes:
        ids_BL: token ids; padding repeats a row's last one.
        real_BL: 1 where a token stands, 0 where padding does.
        lengths: tokens of each row.
        supervised_N: where in the flattened batch the tokens stand from which a supervised one is predicted.
        target_N: that token.
        row_N: the row that it belongs to.
    """

    ids_BL: torch.Tensor
    real_BL: torch.Tensor
    lengths: tuple[int, ...]
    supervised_N: torch.Tensor
    target_N: torch.Tensor
    row_N: torch.Tensor

    @property
    def tokens(self) -> int:
        """Input tokens of all rows."""
        return sum(self.lengths)

    @property
    def shape(self) -> BatchShape:
        """What its operations follow from: those of the rows, without the padding."""
        return BatchShape(0, self.lengths, len(self.target_N))

    @property
    def places(self) -> int:
        """Places that are computed, padding included."""
        return int(self.ids_BL.numel())

    @property
    def padding(self) -> int:
        """Places that no token fills: every layer computes them."""
        return self.places - self.tokens

    @property
    def device(self) -> torch.device:
        """Where it stands."""
        return self.ids_BL.device

    def inputs(self) -> dict[str, Any]:
        """What the backbone is called with."""
        return {"input_ids": self.ids_BL, "attention_mask": self.real_BL}

    def to(self, device: torch.device) -> "Padded":
        """The same batch on another device; from pinned memory without waiting."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Padded":
        """The same batch in pinned memory, from which a GPU copies by itself."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Padded":
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Padded(**{k: change(v) if isinstance(v, torch.Tensor) else v for k, v in values.items()})


def pad(rows: Sequence[Row]) -> Padded:
    """Puts rows side by side; a row's last token is a target only, never an input.

    Args:
        rows: at least one; each with at least one token of prompt and of answer.
    """
    own = [[*row.prompt, *row.answer[:-1]] for row in rows]
    lengths = tuple(map(len, own))
    longest = max(lengths)
    return Padded(
        ids_BL=torch.tensor([tokens + tokens[-1:] * (longest - len(tokens)) for tokens in own]),
        real_BL=(torch.arange(longest) < torch.tensor(lengths)[:, None]).long(),
        lengths=lengths,
        supervised_N=torch.cat(
            [
                number * longest + length - len(row.answer) + row.places()
                for number, (row, length) in enumerate(zip(rows, lengths, strict=True))
            ]
        ),
        target_N=torch.tensor([target for row in rows for target in row.targets]),
        row_N=torch.tensor([number for number, row in enumerate(rows) for _ in range(row.supervised)]),
    )
