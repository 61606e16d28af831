"""Rows whose questions are too long, cut or divided as the task says: one rule for a dataset, a plan and a package."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.fit import Chunker, Row, fitting
from shipworthy.models.causal_lm.questions import questions
from shipworthy.models.documents import CHUNK_OF, chunk_id
from shipworthy.models.prompt import Prompt

CUT = "_cut"
"""Whether a row's text was cut."""


def cut_rows(task: TextToText, chat: Chat, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """The rows with the text that the task names cut, or a row for each of its chunks, where a question is too long.

    What is cut gets a column `_cut` (bool); where texts are divided, there is `chunk_of`, and chunks have their own id.

    Args:
        rows: with id, and the columns of the prompt.

    Returns:
        The rows, and for each the number of the row (from 0) that it is made of.

    Raises:
        UsageError: the column is no text.
    """
    place = list(range(rows.height))
    if not (cuts := task.cuts):
        return rows, place
    fit, prompt = fitting(cuts), Prompt(task.prompt)
    asked = [question.messages for question in questions(task, rows)]
    long = [i for i, ids in enumerate(chat.ids(asked, answering=True)) if len(ids) > fit.most]
    if rows.schema[fit.column] != pl.String:
        raise UsageError(f"task.cut: the column '{fit.column}' is no text, and can't be cut: name another.")

    def tokens(row: Row) -> int:
        return len(chat.prompt_ids(task.system, prompt.fill(row)))

    shown = rows.select(prompt.columns)
    parts = {i: [part[fit.column] for part in fit.parts(shown.row(i, named=True), tokens)] for i in long}
    if isinstance(fit, Chunker):
        return _in_chunks(rows, fit.column, parts)
    texts = [parts[i][0] for i in long]
    short = rows[fit.column].scatter(long, texts) if long else rows[fit.column]
    return rows.with_columns(short, (short != rows[fit.column]).fill_null(value=False).alias(CUT)), place


def _in_chunks(rows: pl.DataFrame, column: str, parts: dict[int, list[str]]) -> tuple[pl.DataFrame, list[int]]:
    place: list[int] = []
    texts: list[str | None] = []
    ids: list[str] = []
    for i, (document, text) in enumerate(rows.select(pl.col("id").cast(pl.String), column).iter_rows()):
        chunks = parts.get(i, [text])
        place += [i] * len(chunks)
        texts += chunks
        ids += [chunk_id(document, n) for n in range(1, len(chunks) + 1)] if len(chunks) > 1 else [document]
    made = rows[place]
    columns = pl.Series("id", ids, dtype=pl.String), pl.Series(column, texts, dtype=pl.String)
    return made.with_columns(pl.col("id").cast(pl.String).alias(CHUNK_OF), *columns), place


def check_overlap(task: TextToText, chat: Chat) -> None:
    """Refuses an overlap that leaves no room for anything new beside what every question holds.

    Raises:
        UsageError: says how many tokens fit.
    """
    if task.too_long != "chunk":
        return
    prompt = Prompt(task.prompt)
    beside = len(chat.prompt_ids(task.system, prompt.fill(dict.fromkeys(prompt.columns))))
    room = task.max_length - task.max_new_tokens - beside
    if task.overlap >= room:
        raise UsageError(
            f"task.overlap={task.overlap} is not less than the {max(0, room)} tokens that fit into a chunk beside the "
            f"answer and what is around the text: lower it, or raise task.max_length={task.max_length}."
        )
