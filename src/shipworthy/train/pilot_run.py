"""PilotRun first: the same config on a share of the rows, and what the whole would take by what that took.

`sample=1%` or `sample=500`: which rows follows from the hash of their ids, so that a larger sample holds the smaller.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, sha256_of_json, write_json
from shipworthy.core.groups import ComputeConfig, TrainerConfig
from shipworthy.core.progress import say
from shipworthy.evaluation.intervals import ratio
from shipworthy.train.length import rows_seen, settled
from shipworthy.train.lightning.batch_plan import plan_batches
from shipworthy.train.replay import kept
from shipworthy.train.replay.plan import needed
from shipworthy.train.schema import LightningTrainer

FILE = "sample.json"
LEAST_STEPS = 5
WARM_UP = 1
"""First steps that are left out of the timing: memory is taken and kernels are chosen in them."""


@dataclass(frozen=True)
class Sample:
    """A share of the rows (above 0, at most 1), or a number of them; the other is None."""

    share: float | None = None
    count: int | None = None

    def rows(self, whole: int) -> int:
        """How many of `whole` rows.

        Raises:
            UsageError: more than there are.
        """
        if self.count is None:
            return max(1, round((self.share or 0.0) * whole))
        if self.count > whole:
            raise UsageError(f"sample={self.count} is more than the {whole} rows there are: lower it, or leave it out.")
        return self.count


def parse(text: str) -> Sample | None:
    """`1%`, `0.5%`, or a number of rows; empty for all rows (None).

    Raises:
        UsageError: it is neither.
    """
    text = text.strip()
    if not text:
        return None
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        if 0 < (share := float(match[1]) / 100) <= 1:
            return Sample(share=share)
    elif re.fullmatch(r"\d+", text) and int(text):
        return Sample(count=int(text))
    raise UsageError(f"sample={text} must be a share such as 1% (above 0, at most 100%), or rows such as 500.")


def subset(rows: pl.DataFrame, sample: Sample, seed: int) -> pl.DataFrame:
    """The sample's rows, in the order that they have; every larger sample of the same seed holds them.

    Args:
        rows: with `id`.
    """
    keys = [hashlib.sha256(f"{seed}:{name}".encode()).digest() for name in rows["id"].to_list()]
    chosen = sorted(range(rows.height), key=keys.__getitem__)[: sample.rows(rows.height)]
    return rows[sorted(chosen)]


def scaled_steps(steps: int, rows: int, sampled: int) -> int:
    """Steps for as many epochs over the sample as `steps` are over all rows; a few at least, `steps` at most."""
    return min(steps, max(LEAST_STEPS, round(steps * sampled / rows)))


def identity(config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """What a run and its samples have in common: the SHA-256 of config and input artifacts, but for `sample`."""
    return sha256_of_json({"config": {k: v for k, v in config.items() if k != "sample"}, "inputs": dict(inputs)})


def extrapolate(
    history: Sequence[Mapping[str, Any]],
    *,
    sample: str,
    of: str,
    rows: tuple[int, int],
    steps: int,
    tokens: float,
    beside: tuple[float, float],
    price_per_hour: float,
    currency: str,
    seed: int,
) -> dict[str, Any]:
    """The content of sample.json: what the whole run will take (95% bounds), by the sample's seconds for each token.

    The bounds come from the spread of the steps' times on this machine as it was; another load is not in them.

    Args:
        history: the sample run's steps, with `tokens` and `step_s` (seconds).
        sample: as it was asked for.
        of: `identity` of the whole run.
        rows: of the sample, and of the whole.
        steps: of the whole run.
        tokens: that the whole run will see.
        beside: seconds beside the steps (validation, checkpoints): in the sample run, and expected in the whole one.
        price_per_hour: of the machine, in `currency`.
    """
    timed = list(history)[WARM_UP:] if len(history) > WARM_UP + 1 else list(history)
    seconds, seen = (np.array([float(entry[key]) for entry in timed]) for key in ("step_s", "tokens"))
    each = ratio(seconds, seen, seed)
    training = {bound: getattr(each, bound) * tokens for bound in ("value", "low", "high")}
    hours = {bound: (taken + beside[1]) / 3600 for bound, taken in training.items()}
    return {
        "sample": sample,
        "of": of,
        "rows": {"sample": rows[0], "whole": rows[1]},
        "steps": {"sample": len(history), "timed": len(timed), "whole": steps},
        "tokens": {"sample": sum(float(entry["tokens"]) for entry in history), "whole": tokens},
        "measured": {"seconds_per_token": each.to_json(), "seconds_beside_steps": beside[0]},
        "training_s": training,
        "hours": hours,
        "money": {**{bound: value * price_per_hour for bound, value in hours.items()}, "currency": currency},
    }


def find(runs: Path, of: str) -> dict[str, Any] | None:
    """The newest sample run of the same config and data in `runs`, if there was one."""
    files = sorted(runs.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return next((found for path in files if (found := read_json(path))["of"] == of), None)


def compare(sample: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, Any]:
    """What the sample foretold beside what the whole run took, for its report.

    Args:
        sample: of `extrapolate`.
        training: training.json of the whole run (`seconds` of its steps, `tokens`, `steps`, `stopped_early`); of a
            run that stopped early, what was foretold is taken for its share of the tokens.
    """
    tokens, seconds = float(training["tokens"]) / sample["tokens"]["whole"], float(training["seconds"])
    early = bool(training.get("stopped_early"))
    foretold = {bound: value * (tokens if early else 1.0) for bound, value in sample["training_s"].items()}
    inside = foretold["low"] <= seconds <= foretold["high"]
    ratio = seconds / foretold["value"]
    return {
        "sample": sample["sample"],
        "foretold_s": foretold,
        "taken_s": seconds,
        "ratio": ratio,
        "inside": inside,
        "tokens_ratio": tokens,
        "sentence": (
            f"A sample of {sample['sample']} predicted {foretold['value'] / 3600:.2f} h of training steps "
            f"{'until the run ended early ' if early else ''}("
            f"{foretold['low'] / 3600:.2f} to {foretold['high'] / 3600:.2f}); they took {seconds / 3600:.2f} h, "
            f"{'inside' if inside else 'outside'} these bounds ({100 * (ratio - 1):+.0f}%)."
        ),
    }


class PilotRun:
    """The same config on a deterministic subset, for as many epochs.

    Args:
        text: `1%`, or a number of rows.
        whole: the train split.
        lengths: tokens of each of the rows that a training makes of it.

    Raises:
        UsageError: the text is neither.
    """

    def __init__(
        self, text: str, whole: pl.DataFrame, lengths: Sequence[int], trainer: TrainerConfig, seed: int
    ) -> None:
        assert isinstance(trainer, LightningTrainer)  # config/root.py refuses it elsewhere
        sample = parse(text)
        assert sample is not None
        self.lengths = lengths
        trainer = settled(trainer, lengths)
        self.text, self.whole, self.whole_trainer, self.seed = text, whole, trainer, seed
        self.rows = subset(whole, sample, seed)
        steps = scaled_steps(trainer.steps, whole.height, self.rows.height)
        batch = min(trainer.batch_size, self.rows.height)
        # Of epochs as many over fewer rows; of tokens so many as the steps hold.
        self.trainer = replace(
            trainer,
            steps=steps,
            tokens=0,
            validate_epochs=0.0,
            validate_every=min(trainer.validate_every, steps),
            batch_size=batch,
            monitor=trainer.monitor.without_end(),
        )

    def report(self, folder: Path, of: str, compute: ComputeConfig) -> None:
        """Writes sample.json into the run's folder, and prints what the whole would take.

        Args:
            of: what the run has in common with the whole one.
        """
        history = read_json(folder / "checkpoint" / "history.json")
        validations = [entry["validation_s"] for entry in history if "validation_s" in entry]
        trainer = self.whole_trainer
        lengths = self.lengths
        batches = plan_batches(lengths, trainer.batch_size, rows_seen(trainer, len(lengths)), self.seed)
        projection = extrapolate(
            history,
            sample=self.text,
            of=of,
            rows=(self.rows.height, self.whole.height),
            steps=trainer.steps,
            tokens=sum(lengths[row] - 1 for batch in batches for row in batch) + _replayed(folder, batches, trainer),
            beside=(
                sum(validations),
                sum(validations) / len(validations) * -(-trainer.steps // trainer.validate_every),
            ),
            price_per_hour=float(getattr(compute, "price_per_hour", 0.0)),
            currency=str(getattr(compute, "currency", "")),
            seed=self.seed,
        )
        write_json(folder / FILE, projection)
        hours, money = projection["hours"], projection["money"]
        say(
            f"{self.rows.height} of {self.whole.height} rows; the whole run would take {hours['value']:.2f} h "
            f"({hours['low']:.2f} to {hours['high']:.2f}) and {money['value']:.2f} {money['currency']} "
            f"({money['low']:.2f} to {money['high']:.2f}): {folder / FILE}"
        )


def _replayed(folder: Path, batches: Sequence[Sequence[int]], trainer: LightningTrainer) -> int:
    """Input tokens of the general rows beside these batches, as long as those of the sample's run."""
    rows = kept.table(folder)
    if rows.is_empty():
        return 0
    tokens = (rows["prompt_ids"].list.len() + rows["answer_ids"].list.len() - 1).sum()
    return round(needed(batches, trainer.replay.share) * tokens / rows.height)
