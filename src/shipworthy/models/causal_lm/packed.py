"""Rows in a pack: one sequence without padding, behind one copy of the tokens that all of them begin with.

Each row attends to the prefix and to itself, and its positions go on from the prefix, so that its loss and its
gradients are those of the row computed alone. The linear layers see each token of the prefix once.

Shapes: T tokens of the pack, P of them in the prefix, M own tokens of all rows (T = P + M), B rows, L own tokens of the
longest row, N supervised tokens, D width, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from shipworthy.models.causal_lm.structure import backbone, logits
from shipworthy.models.quantities import BatchShape

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.padded import Padded

CHUNK = 1024
"""Supervised tokens whose logits are in memory at once."""


@dataclass(frozen=True)
class Row:
    """What one row teaches.

    Attributes:
        prompt: token ids that are read.
        answer: token ids, each predicted from all before it, the last of them the one that ends the turn; or, for a
            network with a head, one target: the number of a class, or a number.
        passed: spans of `answer` (begin, end) that are read, too, and not predicted: what is asked between the answers
            of a conversation.
        id: of the row in its dataset.
    """

    prompt: Sequence[int]
    answer: Sequence[int] | Sequence[float]
    passed: tuple[tuple[int, int], ...] = ()
    id: str = ""

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The spans of `answer` that are predicted, in order."""
        edges = [0, *(edge for span in self.passed for edge in span), len(self.answer)]
        return list(zip(edges[::2], edges[1::2], strict=True))

    @property
    def targets(self) -> list[int] | list[float]:
        """What is predicted."""
        return [target for begin, end in self.spans for target in self.answer[begin:end]]

    @property
    def supervised(self) -> int:
        """How many targets it has."""
        return len(self.answer) - sum(end - begin for begin, end in self.passed)

    def places(self) -> torch.Tensor:
        """Where in `answer` they stand: shape (targets,)."""
        return torch.cat([torch.arange(begin, end) for begin, end in self.spans])

    def then(self, prompt: Sequence[int], answer: Sequence[int], name: str) -> "Row":
        """The same row with the next turn of its conversation.

        Args:
            prompt: of the next turn; it begins with all of this row.
            name: its id.
        """
        begin, end = len(self.answer), len(prompt) - len(self.prompt)
        longer = [*self.answer, *prompt[len(self) :], *answer]
        return Row(self.prompt, longer, (*self.passed, (begin, end)), name)


@dataclass(frozen=True)
class Pack:
    """Rows behind their prefix.

    Attributes:
        ids_T, position_T: token ids, and each token's position in its own row.
        prefix: tokens of the shared prefix (P, may be 0).
        lengths: own tokens of each row.
        slot_BL: for each row, where among the own tokens its own stand; filled up with its last one.
        place_M: where in the flattened `slot_BL` each own token stands.
        supervised_N: where in the pack the tokens stand from which a supervised one is predicted.
        target_N: that token.
        row_N: the row that it belongs to.
    """

    ids_T: torch.Tensor
    position_T: torch.Tensor
    prefix: int
    lengths: tuple[int, ...]
    slot_BL: torch.Tensor
    place_M: torch.Tensor
    supervised_N: torch.Tensor
    target_N: torch.Tensor
    row_N: torch.Tensor

    @property
    def tokens(self) -> int:
        """Input tokens of all rows, the prefix counted for each, as a trainer without packs would compute them."""
        return self.prefix * len(self.lengths) + sum(self.lengths)

    @property
    def shape(self) -> BatchShape:
        """What its operations and memory follow from."""
        return BatchShape(self.prefix, self.lengths, len(self.target_N))

    @property
    def padding(self) -> int:
        """Places of `slot_BL` that no token fills: only attention computes them."""
        return int(self.slot_BL.numel()) - sum(self.lengths)

    @property
    def places(self) -> int:
        """Places that the linear layers compute: a pack has no padding for them."""
        return self.prefix + sum(self.lengths)

    @property
    def device(self) -> torch.device:
        """Where it stands."""
        return self.ids_T.device

    def inputs(self) -> dict[str, Any]:
        """What the backbone is called with."""
        return {
            "input_ids": self.ids_T[None],
            "position_ids": self.position_T[None],
            # Which token sees which follows from the pack; a mask of four dimensions keeps transformers from making
            # one.
            "attention_mask": self.ids_T.new_ones(1, 1, 1, 1),
            "pack": self,
        }

    def to(self, device: torch.device) -> "Pack":
        """The same pack on another device; from pinned memory without waiting."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Pack":
        """The same pack in pinned memory, from which a GPU copies by itself."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Pack":
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Pack(**{k: change(v) if isinstance(v, torch.Tensor) else v for k, v in values.items()})


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with; each keeps at least one token of its own."""
    if not prompts:
        return 0
    first, last = min(map(list, prompts)), max(map(list, prompts))
    most = min(map(len, prompts)) - 1
    return next((i for i in range(most) if first[i] != last[i]), most)


def pack(rows: Sequence[Row], share: bool = True) -> Pack:
    """Puts rows behind the prefix that their prompts share; a row's last token is a target only, never an input.

    Args:
        rows: at least one; each with at least one token of prompt and of answer.
        share: False leaves the prefix in every row.
    """
    prefix = shared_prefix([row.prompt for row in rows]) if share else 0
    own = [[*row.prompt[prefix:], *row.answer[:-1]] for row in rows]
    lengths = tuple(map(len, own))
    ends = list(accumulate(lengths))
    longest = max(lengths)
    column_L = torch.arange(longest)
    length_B1, end_B1 = torch.tensor(lengths)[:, None], torch.tensor(ends)[:, None]
    real_BL = column_L < length_B1
    return Pack(
        ids_T=torch.tensor([*rows[0].prompt[:prefix], *(token for tokens in own for token in tokens)]),
        position_T=torch.cat([torch.arange(prefix), *(prefix + torch.arange(length) for length in lengths)]),
        prefix=prefix,
        lengths=lengths,
        slot_BL=torch.minimum(end_B1 - length_B1 + column_L, end_B1 - 1),
        place_M=real_BL.flatten().nonzero()[:, 0],
        supervised_N=torch.cat(
            [end - len(row.answer) + row.places() + prefix for row, end in zip(rows, ends, strict=True)]
        ),
        target_N=torch.tensor([target for row in rows for target in row.targets]),
        row_N=torch.tensor([number for number, row in enumerate(rows) for _ in range(row.supervised)]),
    )


def shape(rows: Sequence[Row]) -> BatchShape:
    """The shape of a pack of these rows, which is not made."""
    prefix = shared_prefix([row.prompt for row in rows])
    return BatchShape(prefix, tuple(len(row) - prefix - 1 for row in rows), sum(row.supervised for row in rows))


def token_losses(base: PreTrainedModel, batch: "Pack | Padded") -> torch.Tensor:
    """The cross-entropy of each supervised token: nll_N (nats, float32).

    The vocabulary projection is computed for supervised tokens alone, `CHUNK` of them at a time, and made again in the
    backward pass where there are more.

    Args:
        base: a causal language model (a PEFT model's `get_base_model()`).
        batch: a pack only where the network is fit for packs (see `fitness.py`).
    """
    hidden_BTD = backbone(base)(**batch.inputs(), use_cache=False)[0]
    hidden_ND = hidden_BTD.flatten(0, 1).index_select(0, batch.supervised_N)

    def losses(hidden_nD: torch.Tensor, target_n: torch.Tensor) -> torch.Tensor:
        return cross_entropy(logits(base, hidden_nD).float(), target_n, reduction="none")

    if len(hidden_ND) <= CHUNK:
        return losses(hidden_ND, batch.target_N)
    return torch.cat(
        [
            checkpoint(losses, *part, use_reentrant=False, preserve_rng_state=False)
            for part in zip(hidden_ND.split(CHUNK), batch.target_N.split(CHUNK), strict=True)
        ]
    )
