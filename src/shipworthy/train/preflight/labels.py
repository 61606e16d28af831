"""What the network is told to write: every answer, whole, as it is in the data, and the token that ends it."""

import math
from collections.abc import Callable, Sequence

from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.preflight.context import Context, Outcome

PACKED_ROWS = 256
"""Rows whose packs are compared with the rows themselves."""
DECODED_ROWS = 4000
"""Rows whose answer is read back as text, every n-th of larger data."""


def trainable_tokens(context: Context) -> Outcome:
    """Every row has a prompt to answer and an answer to learn, after whatever truncation there was."""
    empty = [i for i, row in enumerate(context.rows) if not row.answer or not row.prompt]
    tokens = sum(row.supervised for row in context.rows)
    measured = {"rows": len(context.rows), "rows_without": len(empty), "supervised_tokens": tokens}
    if not context.rows or empty:
        where = f" (the first is row {empty[0]})" if empty else ""
        return Outcome(False, f"{len(empty)} of {len(context.rows)} rows have nothing to learn{where}.", measured)
    return Outcome(True, f"{tokens:,} tokens are learned from {len(context.rows):,} rows.", measured)


def eos_in_labels(context: Context) -> Outcome:
    """Each answer ends with the end token, holds it once, and holds no padding."""
    writing = context.writing
    assert writing
    without = _where(context.rows, lambda answer: answer[-1] != writing.eos_id)
    early = _where(context.rows, lambda answer: writing.eos_id in answer[:-1])
    padded = []
    if writing.pad_id not in (None, writing.eos_id):
        padded = _where(context.rows, lambda answer: writing.pad_id in answer)
    measured = {"rows": len(context.rows), "without": len(without), "early": len(early), "padding": len(padded)}
    for rows, what in (
        (without, f"do not end with the end token {writing.eos_id}, so the model would never learn to stop"),
        (early, f"hold the end token {writing.eos_id} before their end"),
        (padded, f"hold the padding token {writing.pad_id} among what is learned"),
    ):
        if rows:
            return Outcome(False, f"{len(rows)} of {len(context.rows)} answers {what}: row {rows[0]} first.", measured)
    return Outcome(True, f"every answer ends with token {writing.eos_id}, once.", measured)


def labels_are_answers(context: Context) -> Outcome:
    """What is supervised decodes to the answers' text, each token predicted from the one before it."""
    writing = context.writing
    assert writing
    every = max(1, math.ceil(len(context.rows) / DECODED_ROWS))
    looked = range(0, len(context.rows), every)
    wrong = []
    for i in looked:
        row = context.rows[i]
        for (begin, end), answer in zip(row.spans, writing.answers[i], strict=True):
            text = writing.decode([int(token) for token in row.answer[begin:end] if token != writing.eos_id])
            if text.strip() != answer.strip():
                wrong.append((i, text, answer))
    measured = {"rows_read": len(looked), "other_text": len(wrong)}
    if wrong:
        number, text, answer = wrong[0]
        return Outcome(
            False,
            f"{len(wrong)} of {len(looked)} answers decode to something else: row {number} to {text!r} instead of "
            f"{answer!r}.",
            measured,
        )
    rows = context.spread(PACKED_ROWS)
    displaced = _displaced(rows, context.batch(rows))
    measured["rows_displaced"] = displaced
    if displaced:
        return Outcome(False, f"{displaced} rows have labels that do not follow their token (shifted).", measured)
    return Outcome(True, f"{len(looked):,} answers read back from their labels are the data's.", measured)


def _displaced(rows: Sequence[Row], batch: Batch) -> int:
    """Rows whose labels in a batch are not their answer, each predicted from the token and position before it."""
    ids_T, position_1T = (batch.inputs().get(name) for name in ("input_ids", "position_ids"))
    assert ids_T is not None
    found = 0
    for number, row in enumerate(rows):
        mine = batch.row_N == number
        at = batch.supervised_N[mine]
        before = (len(row.prompt) - 1 + row.places()).tolist()
        whole = [*row.prompt, *row.answer]
        found += not (
            batch.target_N[mine].tolist() == [whole[place + 1] for place in before]
            and ids_T.flatten()[at].tolist() == [whole[place] for place in before]
            # Where none are given, the network counts a row's positions itself.
            and (position_1T is None or position_1T[0][at].tolist() == before)
        )
    return found


def _where(rows: Sequence[Row], holds: Callable[[Sequence[float]], bool]) -> list[int]:
    """The rows of which an answer holds something."""
    return [i for i, row in enumerate(rows) if any(holds(row.answer[begin:end]) for begin, end in row.spans)]
