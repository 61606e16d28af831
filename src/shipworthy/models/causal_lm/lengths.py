"""Tokens of rows, through the model's own chat template."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.schema import Task, TextToText
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import questions
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.quantities import RowLengths
from shipworthy.models.rows import texts


def row_lengths(model: CausalLM, task: Task, rows: pl.DataFrame) -> RowLengths:
    """Tokens of prompt and answer of the rows that `task.max_length` lets in.

    Raises:
        UsageError: the task does not ask for text, or no row fits.
        ArtifactError: the base was not fetched.
    """
    if not isinstance(task, TextToText):
        raise UsageError(f"model '{model.kind}' answers in words, and task '{task.kind}' asks for something else.")
    chat = Chat(base_folder(model))
    found = (
        _of_conversations(task, rows, chat)
        if task.messages
        else [
            (len(chat.prompt_ids(task.system, question)), len(chat.answer_ids(answer)))
            for question, answer in zip(texts(rows, task.prompt), rows["answer"], strict=True)
        ]
    )
    fitting = [(prompt, answer) for prompt, answer in found if prompt + answer <= task.max_length]
    if not fitting:
        raise UsageError(f"task.max_length={task.max_length} is shorter than every row of the sample: raise it.")
    return RowLengths(fitting)


def _of_conversations(task: TextToText, rows: pl.DataFrame, chat: Chat) -> list[tuple[int, int]]:
    """Tokens before and in the last turn of the assistant."""
    found = []
    for whole in questions(task, rows):
        prompt, all_of_it = (
            len(chat.ids([part.messages], answering, whole.tools)[0])
            for part, answering in ((whole.until(whole.turns()[-1]), True), (whole, False))
        )
        found.append((prompt, all_of_it - prompt))
    return found
