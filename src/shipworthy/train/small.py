"""A run on a share of the rows, and what it says of the whole."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.groups import ComputeConfig, TrainerConfig
from shipworthy.core.progress import say
from shipworthy.train.lightning.order import plan
from shipworthy.train.sample import FILE, extrapolate, parse, scaled_steps, subset
from shipworthy.train.schema import LightningTrainer


class Small:
    """The same config on a deterministic subset, for as many epochs.

    Args:
        text: `1%`, or a number of rows.
        whole: the train split.

    Raises:
        UsageError: the text is neither, or the trainer makes no steps.
    """

    def __init__(self, text: str, whole: pl.DataFrame, trainer: TrainerConfig, seed: int) -> None:
        if not isinstance(trainer, LightningTrainer):
            raise UsageError(f"sample={text} needs a trainer that makes steps, not '{trainer.kind}': leave it out.")
        sample = parse(text)
        assert sample is not None
        self.text, self.whole, self.whole_trainer, self.seed = text, whole, trainer, seed
        self.rows = subset(whole, sample, seed)
        steps = scaled_steps(trainer.steps, whole.height, self.rows.height)
        batch = min(trainer.batch_size, self.rows.height)
        self.trainer = replace(
            trainer,
            steps=steps,
            validate_every=min(trainer.validate_every, steps),
            batch_size=batch,
            watch=trainer.watch.without_end(),
        )

    def tell(self, folder: Path, of: str, compute: ComputeConfig) -> None:
        """Writes sample.json into the run's folder, and says what the whole would take.

        Args:
            of: what the run has in common with the whole one.
        """
        history = read_json(folder / "checkpoint" / "history.json")
        validations = [entry["validation_s"] for entry in history if "validation_s" in entry]
        trainer = self.whole_trainer
        lengths = (self.whole["prompt_ids"].list.len() + self.whole["answer_ids"].list.len()).to_list()
        batches = plan(lengths, trainer.batch_size, trainer.steps, self.seed)
        told = extrapolate(
            history,
            sample=self.text,
            of=of,
            rows=(self.rows.height, self.whole.height),
            steps=trainer.steps,
            tokens=sum(lengths[row] - 1 for batch in batches for row in batch),
            beside=(
                sum(validations),
                sum(validations) / len(validations) * -(-trainer.steps // trainer.validate_every),
            ),
            price_per_hour=float(getattr(compute, "price_per_hour", 0.0)),
            currency=str(getattr(compute, "currency", "")),
            seed=self.seed,
        )
        write_json(folder / FILE, told)
        hours, money = told["hours"], told["money"]
        say(
            f"{self.rows.height} of {self.whole.height} rows; the whole run would take {hours['value']:.2f} h "
            f"({hours['low']:.2f} to {hours['high']:.2f}) and {money['value']:.2f} {money['currency']} "
            f"({money['low']:.2f} to {money['high']:.2f}): {folder / FILE}"
        )
