"""What a judge is asked: for each row its questions, in an order in which whoever stops early has whole rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.files import sha256_of_json
from shipworthy.evaluation.judges.prompt import Prompt
from shipworthy.evaluation.judges.schema import PAIRWISE
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.conversation import Conversation, said
from shipworthy.models.causal_lm.questions import questions as asked_of_the_model
from shipworthy.models.documents import chunks, documents
from shipworthy.models.rows import groups

TUNED, BASELINE = "tuned", "baseline"
SIDES = (TUNED, BASELINE)
BETWEEN_CHUNKS = "\n…\n"


@dataclass(frozen=True)
class Rows:
    """What is judged, in the order in which it is asked.

    Attributes:
        ids: of the rows.
        questions: what the models were asked, in words.
        references: the right answers (None: not shown).
        answers: TUNED and BASELINE → what each said.
        groups: which rows belong together, shape (n,); None: each stands alone.
    """

    ids: Sequence[str]
    questions: Sequence[str]
    references: Sequence[str] | None
    answers: Mapping[str, Sequence[str]]
    groups: NDArray[Any] | None

    def __len__(self) -> int:
        return len(self.ids)

    def same(self, row: int) -> bool:
        """Whether both say the same, so that there is nothing to compare."""
        return self.answers[TUNED][row].strip() == self.answers[BASELINE][row].strip()


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        row: its place in `Rows`.
        mode: pairwise or rubric.
        side: pairwise: whose answer is A; rubric: whose answer is graded.
        draw: its number among equal questions (from 0).
        messages: of the request.
    """

    row: int
    mode: str
    side: str
    draw: int
    messages: Sequence[Mapping[str, str]] = field(repr=False)

    @property
    def digest(self) -> str:
        """Of what is asked: equal questions have equal ones."""
        return sha256_of_json([self.mode, self.draw, list(self.messages)])


def drawn(
    task: TextToText,
    test: pl.DataFrame,
    answers: Mapping[str, Sequence[str]],
    references: Sequence[str] | None,
    *,
    most: int,
    seed: int,
) -> Rows:
    """So many documents of the test split, at random; of more rows the first are the same.

    Args:
        test: the rows of the split.
        answers: side → what it said of each document.
        references: the right answers to the documents (None: not shown).
        most: documents (0: all).
    """
    whole = documents(test)
    every = [_text(one) for one in asked_of_the_model(task, test)]
    texts = [BETWEEN_CHUNKS.join(every[row] for row in own) for own in chunks(test)]
    order = np.random.default_rng(seed).permutation(whole.height)[: most or whole.height]
    ids, together = whole["id"].cast(pl.String).to_list(), groups(whole)
    return Rows(
        ids=[ids[i] for i in order],
        questions=[texts[i] for i in order],
        references=None if references is None else [references[i] for i in order],
        answers={side: [said_of[i] for i in order] for side, said_of in answers.items()},
        groups=None if together is None else together[order],
    )


def questions(rows: Rows, prompts: Mapping[str, Prompt], draws: int) -> Iterator[Question]:
    """All of them, row by row.

    Args:
        prompts: mode → its prompt.
        draws: how often each is asked.
    """
    for row in range(len(rows)):
        for mode, prompt in prompts.items():
            if mode == PAIRWISE and rows.same(row):
                continue
            for side in SIDES:
                messages = _messages(rows, row, prompt, mode, side)
                yield from (Question(row, mode, side, draw, messages) for draw in range(draws))


def _messages(rows: Rows, row: int, prompt: Prompt, mode: str, side: str) -> list[dict[str, str]]:
    mine, other = (rows.answers[one][row] for one in (side, BASELINE if side == TUNED else TUNED))
    reference = None if rows.references is None else rows.references[row]
    answers = {"a": mine, "b": other} if mode == PAIRWISE else {"answer": mine}
    return prompt.messages(rows.questions[row], reference, answers)


def _text(conversation: Conversation) -> str:
    """What a model was asked, as text: each message behind its role, and the tools that it may call."""
    lines = [f"{message['role']}: {said([message])}" for message in conversation.messages]
    return "\n\n".join([*lines, *([f"tools: {conversation.tools}"] if conversation.tools else [])])
