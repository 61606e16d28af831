"""A training that its config would let end early must be able to."""

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.train.monitor.schema import Forgetting, Monitor, Overfitting, Patience
from shipworthy.train.pilot_run import PilotRun
from shipworthy.train.schema import LightningTrainer


@pytest.mark.parametrize(
    ("monitor", "refused"),
    [
        (Monitor(patience=Patience(action="finish", validations=3)), "patience.action=finish .*needs 4 validations"),
        (Monitor(patience=Patience(action="warn", validations=4)), "patience.action=warn .*needs 5 validations"),
        (Monitor(overfitting=Overfitting(action="finish")), "overfitting.action=finish .*needs 4 validations"),
        (Monitor(patience=Patience(action="finish", validations=2)), ""),
        (Monitor(patience=Patience(action="warn", validations=3)), ""),
        (Monitor(), ""),
    ],
)
def test_an_early_end_that_could_not_come_is_refused(monitor: Monitor, refused: str) -> None:
    if not refused:
        LightningTrainer(steps=400, validate_every=100, monitor=monitor)
        return
    with pytest.raises(UsageError, match=f"trainer.monitor.{refused}.*makes 4: lower trainer.validate_every"):
        LightningTrainer(steps=400, validate_every=100, monitor=monitor)


def test_a_sample_makes_all_its_steps() -> None:
    monitor = Monitor(
        patience=Patience(action="finish", validations=2),
        overfitting=Overfitting(action="finish", validations=5),
        forgetting=Forgetting(action="finish", rise=2.0),
    )
    trainer = LightningTrainer(steps=400, validate_every=50, monitor=monitor)
    tokens = pl.Series([[1, 2]] * 200)
    rows = pl.DataFrame({"id": range(200), "prompt_ids": tokens, "answer_ids": tokens})
    small = PilotRun("5%", rows, [4] * 200, trainer, seed=1).trainer
    assert small.steps == 20
    assert small.monitor.patience == Patience()
    assert small.monitor.overfitting == Overfitting(action="warn", validations=5)
    assert small.monitor.forgetting == Forgetting(action="warn", rise=2.0)
    assert trainer.monitor is monitor and monitor.patience.action == "finish"
