"""A family that fits itself (trees, linear models): time from two fits on samples, a line through them to all rows."""

import time

import polars as pl

from shipworthy.architect.estimate import memory
from shipworthy.architect.estimate.estimate import Bounds, Estimate, total
from shipworthy.architect.estimate.problem import Problem
from shipworthy.core.errors import UsageError
from shipworthy.models.build import create

SMALL_ROWS, LARGE_ROWS = 1000, 4000
# More rows bring more trees before a fit stops by itself, and a busy machine takes its share.
LONGER = 4.0
ASKED = {"regression": "with a number to predict for each", "multi_label": "with several labels to predict for each"}
"""Of tasks whose answers are no classes, what is asked of each row."""


def estimate(problem: Problem) -> Estimate:
    """What the fit will take.

    Raises:
        UsageError: every row has the same answer.
    """
    rows = _drawn(problem)
    _seconds_of_fit(problem, rows.head(SMALL_ROWS))  # loads and warms up what is loaded once
    first = _seconds_of_fit(problem, rows.head(SMALL_ROWS))
    second = _seconds_of_fit(problem, rows)
    parts = memory.of_fit(problem.model, problem) or _unknown(problem)
    seconds = line(rows.head(SMALL_ROWS).height, first, rows.height, second, problem.expected.train)
    return Estimate(
        family=problem.model.kind,
        why=_why(problem),
        steps=None,
        parameters=None,
        trainable_parameters=None,
        tokens={},
        memory_mb=parts,
        peak_mb=total(parts.values()),
        training_s=Bounds(seconds, min(second, seconds), LONGER * seconds),
        validation_s=Bounds.exactly(0.0),
        measured={
            "what": f"fits on {min(SMALL_ROWS, rows.height):,} and {rows.height:,} rows on this machine",
            "seconds": f"{first:.2f} and {second:.2f}",
        },
        give_up=[
            "when the metric on validation is worse than the best baseline's: the simpler model is the answer",
            "when ten times the planned time has passed",
        ],
    )


def line(rows_1: int, seconds_1: float, rows_2: int, seconds_2: float, rows: int) -> float:
    """Seconds of a fit on `rows`, on the line through two measured fits; never less than the larger one took."""
    slope = max(0.0, (seconds_2 - seconds_1) / (rows_2 - rows_1)) if rows_2 > rows_1 else seconds_2 / rows_2
    return max(seconds_2, seconds_2 + slope * (rows - rows_2))


def _drawn(problem: Problem) -> pl.DataFrame:
    """At most LARGE_ROWS rows of the sample in random order, but first one row of each class.

    So the rarest classes are among the first rows, however few are taken. A sample of some rows that holds one class
    alone is no proof that the file does: then one row stands for another class, for only time and memory are measured.

    Raises:
        UsageError: every row of the file has the same answer.
    """
    rows = problem.sample.sample(fraction=1, seed=problem.seed, shuffle=True)
    if not _classes(problem) and rows["answer"].n_unique() > 1:
        return rows.head(LARGE_ROWS)
    first = pl.int_range(pl.len()).over("answer") == 0
    rows = pl.concat([rows.filter(first), rows.filter(~first)]).head(LARGE_ROWS)
    if rows["answer"].n_unique() > 1:
        return rows
    if rows.height < 2 or problem.sample.height >= problem.expected.clean:
        raise UsageError(
            f"Every row has the class '{rows['answer'][0]}', so there is nothing to learn: check data.label."
        )
    other = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("another class")).otherwise("answer")
    return rows.with_columns(other.alias("answer"))


def _seconds_of_fit(problem: Problem, rows: pl.DataFrame) -> float:
    train, validation = _divided(rows, classes=_classes(problem))
    started = time.monotonic()
    create(problem.model).fit(train, validation, problem.seed)
    return time.monotonic() - started


def _classes(problem: Problem) -> bool:
    """Whether an answer is one of a few, no number and no list of labels."""
    return problem.task.kind not in ASKED


def _divided(rows: pl.DataFrame, *, classes: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Train, and a fifth of the rows for validation, the last ones whose class train has, at least one row.

    Args:
        classes: whether the answers are classes, no numbers and no lists of labels.
    """
    train = rows.head(rows.height - max(1, rows.height // 5))
    if not classes:
        return train, rows.tail(rows.height - train.height)
    if train["answer"].n_unique() < 2:
        train = rows
    validation = rows.tail(rows.height - train.height).filter(pl.col("answer").is_in(train["answer"].implode()))
    return train, validation if validation.height else train.tail(1)


def _unknown(problem: Problem) -> dict[str, Bounds]:
    """Of a family that doesn't count itself: the table in numbers, with copies, one-hot columns at most."""
    cells = problem.expected.train * len(problem.features) / memory.MB
    return {"libraries": memory.LIBRARIES_MB, "table": Bounds(24, 8, 80).scaled(cells)}


def _why(problem: Problem) -> str:
    names = [name for name in problem.features if problem.sample.schema[name] == pl.String]
    numbers = len(problem.features) - len(names)
    table = f"a table of {numbers} columns of numbers and {len(names)} of names"
    classes = f"with {problem.sample['answer'].n_unique()} classes to predict"
    asked = ASKED.get(problem.task.kind, classes)
    return (
        f"The rows are {'texts' if problem.model.reads_words else table}, {asked}: {problem.model.kind} fits them in "
        "one go, without a GPU, and is what anything larger would have to beat."
    )
