"""Empty answers, missing end tokens, shifted labels."""

from dataclasses import replace

import pytest

from shipworthy.models.causal_lm.packed import Pack, Row, pack
from shipworthy.train.preflight import context as contexts
from shipworthy.train.preflight.context import Context
from shipworthy.train.preflight.labels import eos_in_labels, labels_are_answers, trainable_tokens
from tests.train.preflight.planted import with_rows


def test_an_answer_that_truncation_emptied_is_found(context: Context) -> None:
    assert trainable_tokens(context).passed
    outcome = trainable_tokens(with_rows(context, [*context.rows[:2], Row([1, 30], [])]))
    assert not outcome.passed and "1 of 3 rows" in outcome.sentence and "row 2" in outcome.sentence


def test_no_rows_at_all_are_found(context: Context) -> None:
    assert not trainable_tokens(with_rows(context, [])).passed


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ([60, 61], "do not end with the end token 2"),
        ([60, 2, 61, 2], "before their end"),
        ([60, 0, 2], "the padding token 0"),
    ],
)
def test_an_end_token_out_of_place_is_found(context: Context, answer: list[int], what: str) -> None:
    assert eos_in_labels(context).passed
    outcome = eos_in_labels(with_rows(context, [*context.rows, Row([1, 30], answer)]))
    assert not outcome.passed and what in outcome.sentence and "row 5" in outcome.sentence


def test_padding_that_is_the_end_token_is_no_fault_if_it_is_learned(context: Context) -> None:
    assert context.writing
    writing = replace(context.writing, pad_id=context.writing.eos_id)
    assert eos_in_labels(replace(context, writing=writing)).passed


def test_answers_shifted_by_one_are_found(context: Context) -> None:
    assert labels_are_answers(context).passed
    shifted = [Row([*row.prompt, row.answer[0]], row.answer[1:]) for row in context.rows]
    outcome = labels_are_answers(with_rows(context, shifted))
    assert not outcome.passed and "'no' instead of 'uno'" in outcome.sentence


@pytest.mark.parametrize("by", [-1, 1])
def test_labels_shifted_in_the_pack_are_found(context: Context, monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    def shifted(network: object, rows: list[Row]) -> Pack:
        made = pack(rows)
        return replace(made, supervised_N=(made.supervised_N + by).clamp(0, len(made.ids_T) - 1))

    monkeypatch.setattr(contexts, "make_batch", shifted)
    outcome = labels_are_answers(context)
    assert not outcome.passed and outcome.measured["rows_displaced"] == len(context.rows)
