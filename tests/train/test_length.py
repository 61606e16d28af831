"""A training's length in steps, epochs or tokens: so many rows, each as often as the epochs say."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.core.errors import UsageError
from shipworthy.train.length import in_steps, rows_seen, settled
from shipworthy.train.lightning.batch_plan import plan_batches
from shipworthy.train.schema import LightningTrainer

TRAINER = LightningTrainer(batch_size=4, steps=10, validate_every=5)


def test_steps_stay_what_they_are() -> None:
    assert settled(TRAINER, [7] * 9) == TRAINER and rows_seen(TRAINER, 9) == 40


@given(st.integers(1, 60), st.integers(1, 9), st.sampled_from([0.5, 1.0, 2.0, 2.5, 3.0]), st.integers(0, 5))
def test_in_whole_epochs_each_row_is_seen_as_often(rows: int, batch: int, epochs: float, seed: int) -> None:
    trainer = replace(TRAINER, epochs=epochs, batch_size=batch)
    seen = rows_seen(trainer, rows)
    if not seen:
        with pytest.raises(UsageError, match="is no step"):
            in_steps(trainer, rows, 5.0)
        return
    made = in_steps(trainer, rows, 5.0)
    batches = plan_batches([1 + i % 7 for i in range(rows)], batch, seen, seed)
    assert len(batches) == made.steps and made.validate_every <= made.steps
    assert all(0 < len(one) <= batch for one in batches)
    counts = Counter(row for one in batches for row in one)
    assert sum(counts.values()) == round(epochs * rows)
    assert max(counts.values()) <= -(-seen // rows)
    if epochs == int(epochs):
        assert set(counts.values()) == {int(epochs)} and len(counts) == rows, "the remainder, too"


def test_tokens_are_steps_of_the_mean_length() -> None:
    assert settled(replace(TRAINER, tokens=1000), [10, 20, 30]).steps == 13, "80 tokens a step"


def test_validations_by_a_share_of_an_epoch() -> None:
    made = settled(replace(TRAINER, epochs=2.0, validate_epochs=0.25), [5] * 80)
    assert (made.steps, made.validate_every) == (40, 5)
    with pytest.raises(UsageError, match="validate_every=20 is above"):
        settled(replace(TRAINER, validate_epochs=1.0), [5] * 80)


def test_two_lengths_are_refused() -> None:
    with pytest.raises(UsageError, match="leave one out"):
        replace(TRAINER, epochs=1.0, tokens=5)
