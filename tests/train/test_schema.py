"""A training that its config would let end early must be able to."""

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.small import Small
from shipworthy.train.watch.schema import Forgetting, Overfitting, Patience, Watching
from tests.models import samples


@pytest.mark.parametrize(
    ("watch", "refused"),
    [
        (Watching(patience=Patience(action="finish", validations=3)), "patience.action=finish .*needs 4 validations"),
        (Watching(patience=Patience(action="warn", validations=4)), "patience.action=warn .*needs 5 validations"),
        (Watching(overfitting=Overfitting(action="finish")), "overfitting.action=finish .*needs 4 validations"),
        (Watching(patience=Patience(action="finish", validations=2)), ""),
        (Watching(patience=Patience(action="warn", validations=3)), ""),
        (Watching(), ""),
    ],
)
def test_an_early_end_that_could_not_come_is_refused(watch: Watching, refused: str) -> None:
    if not refused:
        LightningTrainer(steps=400, validate_every=100, watch=watch)
        return
    with pytest.raises(UsageError, match=f"trainer.watch.{refused}.*makes 4: lower trainer.validate_every"):
        LightningTrainer(steps=400, validate_every=100, watch=watch)


def test_a_sample_makes_all_its_steps() -> None:
    watch = Watching(
        patience=Patience(action="finish", validations=2),
        overfitting=Overfitting(action="finish", validations=5),
        forgetting=Forgetting(action="finish", rise=2.0),
    )
    trainer = LightningTrainer(steps=400, validate_every=50, watch=watch)
    small = Small("5%", samples.table(200), trainer, seed=1).trainer
    assert small.steps == 20
    assert small.watch.patience == Patience()
    assert small.watch.overfitting == Overfitting(action="warn", validations=5)
    assert small.watch.forgetting == Forgetting(action="warn", rise=2.0)
    assert trainer.watch is watch and watch.patience.action == "finish"
