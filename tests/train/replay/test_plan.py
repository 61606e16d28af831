"""Replayed rows come beside the task's, which every step sees as it would without them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.train.lightning.batch_plan import ledger, plan_batches
from shipworthy.train.replay.plan import needed, with_replay

TASK = plan_batches([3 + i % 7 for i in range(50)], 8, 8 * 40, 1)
BUFFER = range(50, 62)


@given(st.floats(0.01, 0.9), st.integers(1, 60), st.integers(1, 40), st.integers(0, 5))
def test_the_share_is_exact_and_the_task_untouched(share: float, steps: int, buffer: int, seed: int) -> None:
    task = TASK[:steps]
    rows = range(100, 100 + buffer)
    planned = with_replay(task, rows, share, seed)
    assert [batch[:8] for batch in planned] == task
    general = [row for batch in planned for row in batch[8:]]
    total = 8 * len(task) + len(general)
    assert abs(len(general) - share * total) <= 1 and len(general) == needed(task, share)
    # Each is seen once before any is seen twice.
    for start in range(0, len(general), buffer):
        part = general[start : start + buffer]
        assert len(set(part)) == len(part) and set(part) <= set(rows)
    sizes = {len(batch) for batch in planned}
    assert max(sizes) - min(sizes) <= 1


def test_a_fifth_of_the_batch_is_two_rows_beside_eight() -> None:
    planned = with_replay(TASK, BUFFER, 0.2, 1)
    assert {len(batch) for batch in planned} == {10}
    assert set(Counter(row for batch in planned for row in batch[8:]).values()) <= {6, 7}


def test_more_steps_begin_as_fewer_do_and_another_seed_draws_others() -> None:
    assert with_replay(TASK, BUFFER, 0.3, 1)[:15] == with_replay(TASK[:15], BUFFER, 0.3, 1)
    assert with_replay(TASK, BUFFER, 0.3, 1) != with_replay(TASK, BUFFER, 0.3, 2)


def test_without_a_share_all_is_as_it_was() -> None:
    assert with_replay(TASK, [], 0.0, 1) == TASK and needed(TASK, 0.0) == 0
    with pytest.raises(ValueError, match="no rows"):
        with_replay(TASK, [], 0.1, 1)


def test_the_ledger_knows_what_was_replayed() -> None:
    names = [f"row-{i}" for i in range(50)] + [f"general:{i}" for i in range(12)]
    (first,), (other,) = (with_replay(TASK[:1], BUFFER, 0.2, seed) for seed in (1, 2))
    assert first[:8] == other[:8]
    assert ledger("", 1, [names[i] for i in first]) != ledger("", 1, [names[i] for i in other])
