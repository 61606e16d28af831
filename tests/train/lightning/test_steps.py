"""Steps are delivered in order from any of them on; a loader that stalls or fails says so."""

import time
from collections.abc import Sequence

import pytest
import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.train.lightning.batch_plan import plan_batches
from shipworthy.train.lightning.steps import Steps

ROWS = [Row([1] * (i + 1), [2]) for i in range(12)]
BATCHES = plan_batches([len(row) for row in ROWS], 3, 3 * 8, 0)


def numbers(steps: Steps, count: int) -> list[int]:
    return [step.number for step, _ in zip(steps, range(count), strict=False)]


def test_steps_go_on_at_any_of_them_and_never_end() -> None:
    whole = [step for step, _ in zip(Steps(ROWS, BATCHES, 0, 2, pack), range(8), strict=False)]
    rest = Steps(ROWS, BATCHES, 5, 2, pack)
    for step, expected in zip(rest, whole[5:], strict=False):
        assert step.number == expected.number
        assert [torch.equal(a.ids_T, b.ids_T) for a, b in zip(step.packs, expected.packs, strict=True)] == [True, True]
    assert numbers(Steps(ROWS, BATCHES, 7, 2, pack), 3) == [8, 9, 10]
    assert [step.rows for step, _ in zip(Steps(ROWS, BATCHES, 8, 2, pack), range(2), strict=False)] == [(), ()]


def test_a_run_goes_back() -> None:
    steps = Steps(ROWS, BATCHES, 0, 2, pack)
    assert numbers(steps, 5) == [1, 2, 3, 4, 5]
    steps.seek(2)
    assert numbers(steps, 3) == [3, 4, 5]


class Slow(Sequence[Row]):
    """Rows from a disk that hangs."""

    def __len__(self) -> int:
        return len(ROWS)

    def __getitem__(self, index: int) -> Row:  # type: ignore[override]
        time.sleep(5)
        return ROWS[index]


class Broken(Slow):
    """Rows from a disk that fails."""

    def __getitem__(self, index: int) -> Row:  # type: ignore[override]
        raise OSError("input/output error")


def test_a_loader_that_stalls_is_named() -> None:
    with pytest.raises(ShipworthyError, match="delivered nothing for 0.1 s at step 1"):
        next(iter(Steps(Slow(), BATCHES, 0, 2, pack, patience=0.1)))


def test_an_error_in_the_loader_reaches_the_training() -> None:
    with pytest.raises(OSError, match="input/output"):
        next(iter(Steps(Broken(), BATCHES, 0, 2, pack)))
