"""How rows are divided into train, validation and test."""

from dataclasses import dataclass, field, replace

from shipworthy.core.errors import UsageError


@dataclass
class Split:
    """How the rows are divided; a value below 1 is a share of the rows, from 1 on it is a number of rows.

    Near-duplicates are always in the same split.

    Attributes:
        test, validation: how much each gets (share or rows; a number of rows is scaled with `sample`); train gets
            the rest.
        train_rows: at most so many rows stay in train (null: all).
        group_columns: columns of which no value may be in two splits.
        time: a column (number, date, or ISO text) by which train is before validation, and validation before test; of a
            group on both sides of a boundary the later part is rejected (empty: at random).
        stratify: whether splits and folds have the same shares of answers; for classes, not for free text.
        folds: number of folds of train for cross-validation, by group; adds the column `fold`, from 0 (0: none).
    """

    test: float = 0.1
    validation: float = 0.1
    train_rows: int | None = None
    group_columns: list[str] = field(default_factory=list)
    time: str = ""
    stratify: bool = False
    folds: int = 0

    def __post_init__(self) -> None:
        for name, value in (("test", self.test), ("validation", self.validation)):
            if value <= 0 or (value > 1 and value != int(value)):
                raise UsageError(f"data.split.{name}={value}: give a share between 0 and 1, or a whole number of rows.")
        if self.test < 1 and self.validation < 1 and self.test + self.validation >= 1:
            raise UsageError("data.split.test and data.split.validation leave nothing for train: lower one of them.")
        if self.train_rows is not None and self.train_rows < 1:
            raise UsageError(f"data.split.train_rows={self.train_rows}: give a number of rows from 1, or null for all.")
        if self.time and self.stratify:
            raise UsageError("data.split.stratify has no effect where data.split.time divides: drop one of them.")
        if self.folds == 1 or self.folds < 0:
            raise UsageError(f"data.split.folds={self.folds}: give a number of folds from 2, or 0 for none.")

    def scaled(self, sample: float) -> "Split":
        """The division of a part of the source: numbers of rows shrink with it (to one at least), shares stay."""
        test, validation = (v if v < 1 else max(1, round(v * sample)) for v in (self.test, self.validation))
        return replace(self, test=test, validation=validation)

    @property
    def columns(self) -> list[str]:
        """The columns that the split needs, beside cluster and answer."""
        return list(
            dict.fromkeys([*(name for name in self.group_columns if name != "answer"), *filter(None, [self.time])])
        )
