"""Tokens of rows, through the model's own chat template."""

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.progress import say
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.cut_rows import cut_rows
from shipworthy.models.causal_lm.questions import questions
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
    found = _of_conversations(task, rows, chat) if task.messages else _of_questions(task, rows, chat)
    fitting = [(prompt, answer) for prompt, answer in found if prompt + answer <= task.max_length]
    if not fitting:
        raise UsageError(f"task.max_length={task.max_length} is shorter than every row of the sample: raise it.")
    if len(fitting) < len(found):
        say(
            f"warning: {len(found) - len(fitting)} of {len(found)} sampled rows are longer than task.max_length="
            f"{task.max_length} tokens, and will be left out"
        )
    return RowLengths(fitting, len(found) / rows.height if task.too_long == "chunk" else 1.0)


def _of_questions(task: TextToText, rows: pl.DataFrame, chat: Chat) -> list[tuple[int, int]]:
    """Tokens of questions, once their text is cut or divided where the task says so, and of answers."""
    if task.too_long == "chunk":
        rows, _ = cut_rows(task, chat, rows.with_columns(id=pl.format("{}", pl.int_range(pl.len()))))
    found = [
        (len(chat.prompt_ids(task.system, question)), len(chat.answer_ids(answer)))
        for question, answer in zip(texts(rows, task.prompt), rows["answer"], strict=True)
    ]
    return [(min(asked, task.cuts["most"]) if task.cuts else asked, answer) for asked, answer in found]


def _of_conversations(task: TextToText, rows: pl.DataFrame, chat: Chat) -> list[tuple[int, int]]:
    """Tokens before and in the last turn of the assistant, of those that the template takes.

    Raises:
        ShipworthyError: it takes none.
    """
    found, refused = [], None
    for whole in questions(task, rows):
        try:
            prompt, all_of_it = (
                len(chat.ids([part.messages], answering, whole.tools)[0])
                for part, answering in ((whole.until(whole.turns()[-1]), True), (whole, False))
            )
        except ShipworthyError as error:
            refused = error
            continue
        found.append((prompt, all_of_it - prompt))
    if refused and not found:
        raise refused
    return found
