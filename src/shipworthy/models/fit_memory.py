"""What a family that fits itself takes in memory: counted by its family from the rows it will be given.

Such a family has a file `fit_memory.py` beside its schema, with `parts(model, size) -> dict[str, float]`: the bytes
that its fit and its answers need at their peak beside the dataset, by what they are for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from shipworthy.core.groups import ModelConfig
from shipworthy.core.lazy import Lazy
from shipworthy.models import rows as read
from shipworthy.models.label_lists import lists

COUNTED = Lazy("{model}.fit_memory")
BASELINES = Lazy("{task.baselines}.fit_memory")
"""What COUNTED loads for baselines."""
FLOAT, INT = 8, 4
ANSWER_BYTES = 70
"""Of a row's answer as a str in a list."""
PREDICTION_BYTES = 270
"""Of a `Prediction` with its text, in a list, beside the probabilities themselves."""
PROBABILITY_COPIES = 3
"""A row's probabilities, and their copies while they are written."""
TERM_BYTES = 200
"""Of a term of a vocabulary: its str, its place in a dict and in arrays."""
SOLVER_VECTORS = 25
"""Vectors of as many numbers as there are weights, which L-BFGS keeps: two for each of 10 steps, and those at work."""
FEWEST_TEXTS = 300


@dataclass(frozen=True)
class FitSize:
    """The rows that a family will be given.

    Attributes:
        sample: some of them, with `answer`, as the family will see them.
        train, validation, test: rows of the splits.
    """

    sample: pl.DataFrame
    train: int
    validation: int
    test: int

    @property
    def rows(self) -> int:
        """Of all splits."""
        return self.train + self.validation + self.test

    @property
    def classes(self) -> int:
        """Distinct answers, as far as the sample shows them."""
        return max(2, int(self.sample["answer"].n_unique()))

    @property
    def labels(self) -> int:
        """Distinct labels of answers that are lists of them, as far as the sample shows them."""
        return max(1, len({label for own in lists(self.sample) for label in own}))

    @property
    def names(self) -> list[str]:
        """Columns of names."""
        return read.categorical(self.sample)

    @property
    def numbers(self) -> list[str]:
        """Columns of numbers."""
        return [name for name in read.features(self.sample) if self.sample.schema[name].is_numeric()]

    @property
    def frame_bytes(self) -> float:
        """The splits as frames: as Arrow holds them, text as a view with its bytes."""
        return float(self.sample.estimated_size()) / max(1, self.sample.height) * self.rows

    @property
    def answers_bytes(self) -> float:
        """The answers of train as a list of str, and as the codes that a model wants."""
        return (ANSWER_BYTES + FLOAT) * self.train

    def predictions_bytes(self, classes: int) -> float:
        """The predictions of a split, with the probabilities of so many classes."""
        return (PREDICTION_BYTES + PROBABILITY_COPIES * FLOAT * classes) * max(self.validation, self.test)

    def distinct(self, column: str) -> float:
        """Names of a column that train will hold."""
        counts = self.sample[column].drop_nulls().value_counts(name="rows")["rows"]
        return self.grown(counts.len(), int((counts == 1).sum()), self.sample.height)

    def grown(self, distinct: int, once: int, sample: int) -> float:
        """Distinct values that train will hold.

        Args:
            distinct: that the sample holds.
            once: those of them that occur once there; each further row brings a new one with the chance once / sample
                (Good and Turing: Good 1953, Biometrika 40:237), which falls as they become known.
            sample: its rows.
        """
        if not sample or self.train <= sample or not once:
            return float(min(distinct, self.train))
        if once == sample:
            return float(self.train)
        exponent = once / max(1, distinct)  # a power law: its slope where the sample ends
        grown: float = distinct * (self.train / sample) ** exponent
        return min(float(self.train), grown)

    def terms(self, texts: Iterable[Iterable[str]], least: int = 1) -> tuple[float, float]:
        """Terms of train's vocabulary, and distinct ones of a text in the mean.

        Args:
            texts: the terms of each text of a part of the sample.
            least: in how many texts of train a term must stand.
        """
        counts: Counter[str] = Counter()
        rows = 0
        for text in texts:
            counts.update(set(text))
            rows += 1
        if not rows:
            return 0.0, 0.0
        expected = max(1.0, least * rows / self.train)  # so many in the sample are `least` in train
        kept = sum(count >= expected for count in counts.values()) if expected > 1 else len(counts)
        once = sum(count == 1 for count in counts.values())
        slope = min(0.9, once / max(1, len(counts)))
        return kept * max(1.0, self.train / rows) ** slope / least, sum(counts.values()) / rows


def linear_solver(features: float, size: FitSize, columns: int | None = None) -> float:
    """Bytes that `models/logistic/solver.py` keeps beside the features.

    Args:
        columns: rows of weights that are solved for together (None: as the sample's classes ask).
    """
    columns = columns or (size.classes if size.classes > 2 else 1)
    return FLOAT * (SOLVER_VECTORS * features * columns + 6 * size.train * columns)


def parts(model: ModelConfig, size: FitSize) -> Mapping[str, float] | None:
    """What for → bytes at the peak, beside the dataset; None for a family that doesn't count itself."""
    found: Mapping[str, float] | None = COUNTED.load(model).parts(model, size) if COUNTED.name(model) else None
    return found
