"""What a network makes of general questions: is its own answer right, and how likely are answers that are given.

N questions   T tokens of the supervised answers of a pack   B rows of a pack
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from shipworthy.core.progress import track
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.packed import Row, token_losses
from shipworthy.train.general.checks import is_right
from shipworthy.train.general.suite import Item
from shipworthy.train.monitor.replay import evaluating

ROWS = 48
"""In one pack: as many as take little memory."""


@dataclass(frozen=True)
class Questions:
    """General questions, as a network is asked them.

    Attributes:
        items: N of them.
        prompts: token ids of each, ending where the answer begins.
        answers: token ids of the right answers, with the token that ends a turn.
        own: token ids of what the base model answered, with it, or without it where it was cut (empty: not asked yet).
    """

    items: Sequence[Item]
    prompts: Sequence[list[int]]
    answers: Sequence[list[int]]
    own: Sequence[list[int]]

    def of(self, some: Sequence[Item]) -> "Questions":
        """The same of some of them, in their order."""
        places = self.places(some)
        prompts, answers, own = ([part[i] for i in places] for part in (self.prompts, self.answers, self.own))
        return Questions(some, prompts, answers, own)

    def places(self, some: Sequence[Item]) -> list[int]:
        """Where they are among all."""
        place = {item.id: i for i, item in enumerate(self.items)}
        return [place[item.id] for item in some]


@dataclass(frozen=True)
class Scores:
    """What a network makes of N questions.

    Attributes:
        right: whether its own answer is right, shape (N,), 0 or 1.
        loss: of the right answer, mean of its tokens (nats), shape (N,).
        own_loss: the same of what the base model answered before the training.
    """

    right: NDArray[np.float64]
    loss: NDArray[np.float64]
    own_loss: NDArray[np.float64]

    def at(self, places: Sequence[int]) -> "Scores":
        """Of some of the questions."""
        return Scores(*(part[list(places)] for part in (self.right, self.loss, self.own_loss)))


def score(network: Network, questions: Questions, chat: Chat, new_tokens: int) -> Scores:
    """Both, of a network as it is.

    Args:
        new_tokens: of a generated answer, at most.
    """
    given = generate(network, questions.prompts, chat, new_tokens)
    return Scores(
        rightness(questions.items, given, chat),
        losses(network, questions.prompts, questions.answers),
        losses(network, questions.prompts, questions.own),
    )


def generate(network: Network, prompts: Sequence[list[int]], chat: Chat, new_tokens: int) -> list[list[int]]:
    """Greedy answers, without the token that ends a turn."""
    base = base_of(network)
    with evaluating(base):
        given: list[list[int]] = greedy(
            base, prompts, max_new_tokens=new_tokens, eos_id=chat.eos_id, what="general questions, answers"
        )
    return given


def rightness(items: Sequence[Item], answers: Sequence[list[int]], chat: Chat) -> NDArray[np.float64]:
    """1 where a generated answer is right, else 0; shape (N,)."""
    return np.array([is_right(item, chat.decode(ids)) for item, ids in zip(items, answers, strict=True)], float)


def losses(network: Network, prompts: Sequence[list[int]], answers: Sequence[list[int]]) -> NDArray[np.float64]:
    """The mean cross-entropy of each answer's tokens (nats), shape (N,); answers have at least one token."""
    base = base_of(network)
    rows = [Row(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
    # Rows of like length side by side: attention computes no more than it must.
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    parts = [order[start : start + ROWS] for start in range(0, len(order), ROWS)]
    found = np.zeros(len(rows))
    with evaluating(base):
        for part in track(parts, "general questions, likelihood", len(parts)):
            found[part] = _means(base, [rows[place] for place in part])
    return found


def _means(base: PreTrainedModel, rows: Sequence[Row]) -> NDArray[np.float64]:
    packed = make_batch(base, rows).to(base.device)
    nll_T = token_losses(base, packed).double()
    sum_B = torch.zeros(len(rows), dtype=torch.float64, device=nll_T.device).index_add(0, packed.row_N, nll_T)
    means: NDArray[np.float64] = (sum_B / torch.bincount(packed.row_N, minlength=len(rows))).cpu().numpy()
    return means
