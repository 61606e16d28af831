"""What a batch's losses, replayed in float32, say of why a run went wrong: its data, its rate or its precision."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from shipworthy.train.monitor.losses import level

OUTLIER = 5.0
"""Robust standard deviations above the batch's median, from which a row is unlike the others."""
LEAST_SPREAD = 0.1
"""Of the median: where the rows are all but equal, one that is not quite so is no outlier."""
FEW_ROWS = 0.25
"""Share of the batch."""
MOST_ROWS = 0.9
LEAST_RISE = 0.1
"""Nats."""


@dataclass(frozen=True)
class Replay:
    """A batch, row by row (nats per supervised token).

    Attributes:
        tokens: supervised tokens.
        now: losses under the weights as they are.
        good: losses under the weights of the last good checkpoint (None: there is none).
    """

    tokens: Sequence[int]
    now: Sequence[float]
    good: Sequence[float] | None

    def batch(self, losses: Sequence[float], without: Collection[int] = ()) -> float:
        """The loss of all rows' tokens together; infinite where a row's is not finite."""
        kept = [(_number(x), n) for i, (x, n) in enumerate(zip(losses, self.tokens, strict=True)) if i not in without]
        return sum(loss * n for loss, n in kept) / sum(n for _, n in kept) if kept else math.nan


@dataclass(frozen=True)
class Cause:
    """Attributes: name: data, rate, precision or unclear; because: the numbers that say so; rows: that carry it."""

    name: str
    because: str
    rows: tuple[int, ...] = ()


def _number(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf


def outliers(losses: Sequence[float]) -> set[int]:
    """The rows whose loss is far above the batch's; with fewer than 3 rows there are none."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    if len(losses) < 3 or not finite:
        return set()
    center, deviation = level(finite)
    limit = center + OUTLIER * max(deviation, LEAST_SPREAD * center)
    return {i for i, loss in enumerate(losses) if not loss <= limit}


def cause(run_loss: float, before: Sequence[float], replay: Replay) -> Cause:
    """What follows of a replay.

    Args:
        run_loss: what the run itself computed for this batch.
        before: the run's finite losses from before it went wrong; where there are none, the replay under the good
            weights is what is usual.
    """
    now, good = replay.batch(replay.now), replay.batch(replay.good) if replay.good is not None else None
    usual = median(before) if before else good
    if usual is None or not math.isfinite(usual):
        return Cause("unclear", "There is no earlier loss and no good checkpoint to compare with.")
    high = usual + (run_loss - usual) / 2 if math.isfinite(run_loss) else 2 * usual + 1
    numbers = f"the run's loss was {run_loss:.3g}, {usual:.3g} is usual, the replay gives {now:.3g}"
    numbers += f", and {good:.3g} under the last good weights" if good is not None else ""
    if not run_loss <= usual + LEAST_RISE and now < high:
        return Cause("precision", f"In float32 the batch is not high: {numbers}. Raise trainer.precision.")
    few = outliers(replay.now) & (outliers(replay.good) if replay.good is not None else set())
    if few and len(few) <= max(1, FEW_ROWS * len(replay.now)) and not replay.batch(replay.now, few) >= high:
        without = replay.batch(replay.now, few)
        because = (
            f"{len(few)} of {len(replay.now)} rows carry it, and are as unlike the others under the last good weights; "
            f"without them the batch costs {without:.3g}: {numbers}. DetectorFunction at these rows."
        )
        return Cause("data", because, tuple(sorted(few, key=lambda row: -_number(replay.now[row]))))
    if good is None or run_loss <= usual + LEAST_RISE:
        return Cause("unclear", f"No row stands out, and nothing more can be compared: {numbers}.")
    return _all_rows(replay, good, high, numbers)


def _all_rows(replay: Replay, good: float, high: float, numbers: str) -> Cause:
    pairs = list(zip(replay.now, replay.good or (), strict=True))
    rose = sum(math.isfinite(before) and not loss <= before + LEAST_RISE for loss, before in pairs)
    if good < high and rose >= MOST_ROWS * len(pairs):
        because = f"{rose} of {len(pairs)} rows rose since the last good weights: {numbers}. Lower optimizer.lr."
        return Cause("rate", because)
    if good >= high:
        because = f"The whole batch is as high under the last good weights: {numbers}. DetectorFunction at its rows."
        return Cause("data", because, tuple(range(len(pairs))))
    return Cause("unclear", f"{rose} of {len(pairs)} rows rose since the last good weights: {numbers}.")
