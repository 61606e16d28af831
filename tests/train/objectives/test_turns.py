"""Turns of a conversation are computed once, and teach what they taught as rows of their own.

Shapes: N targets.
"""

import polars as pl
import pytest
import torch

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.models.causal_lm.padded import pad
from shipworthy.models.losses import losses
from shipworthy.train.objectives.sft import rows_of
from tests.models.causal_lm.families import tiny

SYSTEM, EOS = [5, 6, 7], 2


def table(turns: dict[str, list[tuple[list[int], list[int]]]]) -> pl.DataFrame:
    """Rows as `prepare` writes them: one for each turn, its prompt all that comes before its answer."""
    found = []
    for name, said in turns.items():
        before = list(SYSTEM)
        for number, (asked, answer) in enumerate(said, 1):
            found.append({"id": f"{name}#{number}", "prompt_ids": [*before, *asked], "answer_ids": answer})
            before += [*asked, *answer]
    return pl.DataFrame(found)


TALKS = {
    "a": [([10, 11], [12, 13, EOS]), ([14], [15, EOS]), ([16, 17, 18], [19, 20, 21, EOS])],
    "b": [([30], [31, EOS])],
    "c#1": [([40, 41], [42, EOS]), ([43], [44, 45, EOS])],
}


def test_a_conversation_is_one_row_whose_questions_are_only_read() -> None:
    rows = rows_of(table(TALKS))
    assert [row.id for row in rows] == ["a#3", "b#1", "c#1#2"]
    first = rows[0]
    assert [*first.prompt, *first.answer] == [5, 6, 7, 10, 11, 12, 13, 2, 14, 15, 2, 16, 17, 18, 19, 20, 21, 2]
    assert first.targets == [12, 13, 2, 15, 2, 19, 20, 21, 2] and first.supervised == 9
    assert [list(first.answer[begin:end]) for begin, end in first.spans] == [[12, 13, 2], [15, 2], [19, 20, 21, 2]]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ({"id": "a#3", "prompt_ids": [5, 10, 11, 12, 14], "answer_ids": [15, 2]}, "another text before it"),
        ({"id": "b#2", "prompt_ids": [5, 10, 11, 2, 14], "answer_ids": [15, 2]}, "another conversation"),
        ({"id": "a", "prompt_ids": [5, 10, 11, 2, 14], "answer_ids": [15, 2]}, "no turn"),
        ({"id": "a#1", "prompt_ids": [5, 10, 11, 2, 14], "answer_ids": [15, 2]}, "an earlier turn"),
    ],
)
def test_rows_that_do_not_go_on_stay_apart(second: dict[str, object], why: str) -> None:
    first = {"id": "a#2", "prompt_ids": [5, 10], "answer_ids": [11, 2]}
    assert len(rows_of(pl.DataFrame([first, second]))) == 2, why
    assert len(rows_of(pl.DataFrame([first, {**second, "id": "a#3", "prompt_ids": [5, 10, 11, 2, 14]}]))) == 1


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3_text", "falcon"])
def test_losses_and_gradients_are_those_of_the_turns_alone(family: str) -> None:
    network = build(tiny(family), Lora(rank=2, alpha=4), seed=1)
    with torch.no_grad():
        for name, parameter in trained_of(network).items():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    base, trained = base_of(network), list(trained_of(network).values())
    once = rows_of(table(TALKS))
    alone = [Row(p, a) for p, a in table(TALKS).select("prompt_ids", "answer_ids").iter_rows()]
    assert sum(map(len, once)) < sum(map(len, alone))
    found_N = losses(base, make_batch(base, once))
    expected_N = torch.cat([losses(base, pad([row])) for row in alone])
    torch.testing.assert_close(found_N, expected_N, atol=1e-4, rtol=1e-4)
    for one, other in zip(
        torch.autograd.grad(found_N.sum(), trained), torch.autograd.grad(expected_N.sum(), trained), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_packed_and_padded_batches_have_the_same_targets() -> None:
    rows = rows_of(table(TALKS))
    packed, padded = pack(rows), pad(rows)
    assert packed.target_N.tolist() == padded.target_N.tolist() == [one for row in rows for one in row.targets]
    assert packed.row_N.tolist() == padded.row_N.tolist() and packed.shape.supervised == 16
