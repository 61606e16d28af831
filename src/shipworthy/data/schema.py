"""The data configs: source, columns, cleaning, split and checks of the rows."""

import codecs
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.files import WILD
from shipworthy.core.groups import DataConfig
from shipworthy.core.schema import MISSING, choice, schema
from shipworthy.core.sources.schema import Folder, Source, Url, Wheel
from shipworthy.core.validation import at_least, one_of, share_above_zero
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.duplicates.schema import Duplicates
from shipworthy.data.fitted.schema import Fitting
from shipworthy.data.gates.schema import Gates, gates_of_tables
from shipworthy.data.mixing.schema import Mixing
from shipworthy.data.sources.schema import Hub, Rows, Sql
from shipworthy.data.splits.schema import Split
from shipworthy.data.tokens.schema import Tokens

PACKED = (".gz", ".zst")
SAME = {"ndjson": "jsonl", "json": "jsonl", "tsv": "csv", "tab": "csv", "pq": "parquet"}
"""Other endings of files that a format reads."""
TYPES = ("string", "int", "float", "bool", "date", "datetime", "json")


@dataclass
class Data(DataConfig):
    """What every data set has.

    Attributes:
        name: its name in reports.
        licence: of the data, as an SPDX identifier, with a note where it is not verified.
        file: its raw data in data/: a file, a folder, or a pattern (`tickets/*.jsonl.gz`).
        watched: the path in data/ on which DVC's stages depend, for DVC knows no patterns; derived from `file`.
        format: how its files are written: jsonl, csv, parquet, txt (a line is a row), document (a file is a row),
            evals (samples of OpenAI's evals: question, answer); empty: as their names end.
        encoding: of text files, as Python calls it, e.g. cp1252 (empty: found out, and said if it is not UTF-8).
        delimiter: what stands between the cells of CSV (empty: found out: a comma, semicolon, tab or bar).
        source: where `shipworthy fetch` gets it from: rows of a hub or a database, a folder or file of this machine, a
            URL, or a wheel (null: you put it there).
        sha256: of the raw data (of a folder or pattern: what `fetch` says); empty: any, and the dataset notes it.
        id: the column with a unique id of each row (empty: the row's number).
        columns: name → string, int, float, bool, date, datetime or json, with ? where it may be empty (`int?`); either
            all columns, or none: then those of a table are inferred, and text stays as it is.
        sample: the share of the source's rows that is used, always the same rows (above 0, up to 1).
        clean: how each text is cleaned.
        split: how the rows are divided.
        gates: conditions on the rows.
        mixing: proportions of the sources of train.
        tokens: token statistics, for text-to-text tasks.
        workers: processes that clean rows; the dataset does not depend on their number.
    """

    non_identity: ClassVar[tuple[str, ...]] = ("workers", "watched")

    name: str = MISSING
    licence: str = MISSING
    file: str = MISSING
    watched: str = "${before_pattern:${.file}}"
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    source: Source | None = choice(Hub, Folder, Url, Wheel, Sql, default=None)
    sha256: str = ""
    id: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    sample: float = 1.0
    clean: Cleaning = field(default_factory=Cleaning)
    split: Split = field(default_factory=Split)
    gates: Gates = field(default_factory=Gates)
    mixing: Mixing = field(default_factory=Mixing)
    tokens: Tokens = field(default_factory=Tokens)
    workers: int = 1

    def __post_init__(self) -> None:
        self.gates = self.gates.asked()
        share_above_zero("data.sample", self.sample)
        path = PurePosixPath(self.file)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise UsageError(f"data.file={self.file}: put the data into data/ and name it from there.")
        at_least("data.workers", self.workers, 1)
        self._check_writing()
        if self.source is not None:
            self._check_source(self.source, path)
        for name, kind in self.columns.items():
            if kind.removesuffix("?") not in TYPES:
                raise UsageError(
                    f"data.columns.{name}={kind}: give one of {', '.join(TYPES)}, with ? if it may be empty."
                )

    def _check_source(self, source: Source, path: PurePosixPath) -> None:
        if source.content_sha256 and self.sha256:
            raise UsageError(f"data.sha256 has no effect beside a {source.kind}, which is pinned itself: drop it.")
        if isinstance(source, Rows) and not (path.suffix == ".parquet" and len(path.parts) == 1):
            raise UsageError(f"data.file={self.file}: what comes from a hub or a database is kept as NAME.parquet.")
        if WILD & set(self.file):
            raise UsageError(
                f"data.file={self.file}: what a source brings is one file or folder: name it without * ? [."
            )

    @property
    def needed(self) -> list[str]:
        """The columns of the source that the config names."""
        by = [self.mixing.by] if self.mixing.by else []
        return list(dict.fromkeys([*([self.id] if self.id else []), *self.split.columns, *by]))

    @property
    def named(self) -> list[str]:
        """The columns that must be there: a wrong name is found out."""
        return self.needed

    def uses(self, name: str) -> bool:
        """Whether a column of the source is read at all."""
        return name in self.needed

    def measures(self, name: str) -> bool:
        """Whether a column may hold numbers or times; text stays text in every other."""
        return name == self.split.time

    @property
    def measures_any(self) -> bool:
        """Whether any column may hold numbers or times."""
        return bool(self.split.time)

    @property
    def markers(self) -> list[str]:
        """The texts that stand for a missing value in a column of numbers or times, beside the usual ones."""
        return []

    @property
    def keys(self) -> str:
        """The settings that name columns, for messages."""
        return "data.id, data.split or data.mixing"

    @property
    def pinned(self) -> str:
        """The SHA-256 that the raw data must have; empty: any."""
        return self.sha256 or (self.source.content_sha256 if self.source is not None else "")

    @property
    def reads(self) -> str:
        """The format of its files, as far as their name says it; * if only the files themselves do."""
        return self.format or ending(self.file) or "*"

    def _check_writing(self) -> None:
        if len(self.delimiter) > 1:
            raise UsageError(f"data.delimiter={self.delimiter}: give one character.")
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError as error:
            raise UsageError(f"data.encoding={self.encoding}: Python knows none of this name.") from error


def ending(name: str) -> str:
    """What a file's name ends in, e.g. `jsonl` of rows.jsonl.gz; empty if in nothing."""
    endings = [one.lower() for one in PurePosixPath(name).suffixes if one.lower() not in PACKED]
    last = endings[-1].removeprefix(".") if endings else ""
    return SAME.get(last, last)


@dataclass
class Text(Data):
    """A question as text, and its answer.

    Attributes:
        text: the column that is checked for length and near-duplicates.
        context: further columns of the question.
        answer: the column that holds the answer.
        answers: the source's answer → the answer in the dataset, for each of them (empty: unchanged).
        min_words, max_words: length of `text` (words: runs of letters and digits or of emoji, single ideographs; with 0
            texts of signs alone, such as ???, are kept, too).
        refuse_literal: whether rows whose text contains the answer are rejected (ignoring case).
        one_answer: whether all rows of a question with several answers are rejected.
        duplicates: when two texts count as duplicates.
        contamination: how train is compared with the evaluation splits and with benchmarks.
    """

    text: str = MISSING
    context: list[str] = field(default_factory=list)
    answer: str = MISSING
    answers: dict[str, str] = field(default_factory=dict)
    min_words: int = 1
    max_words: int = 1000
    refuse_literal: bool = False
    one_answer: bool = True
    duplicates: Duplicates = field(default_factory=Duplicates)
    contamination: Contamination = field(default_factory=Contamination)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_words <= self.max_words:
            raise UsageError(f"data.min_words={self.min_words} and max_words={self.max_words}: need 0 ≤ min ≤ max.")
        if self.answer in (self.text, *self.context):
            raise UsageError(
                f"data.answer={self.answer} is part of the question, too (data.text, data.context), so that the model "
                "would be shown it: take it out there."
            )

    @property
    def needed(self) -> list[str]:
        """With the columns of the question and its answer."""
        return list(dict.fromkeys([self.text, *self.context, *super().needed, self.answer]))

    @property
    def keys(self) -> str:
        """With those of the question and its answer."""
        return "data.text, data.context, data.answer, data.id, data.split or data.mixing"


@schema("data", "records")
class Records(Text):
    """Your own questions and answers, one row each."""


@schema("data", "conversations")
class Conversations(Text):
    """Conversations of several turns, one per row, whose last message, the assistant's, is the answer.

    All messages before it but the system message make up the column `asked`, the text that is checked and compared.
    Cleaners act on every message and on the arguments of calls; where they name columns, it is that of the
    conversations.

    Attributes:
        messages: the column of the conversations, lists of messages as in Hugging Face's chat format (role, content,
            tool_calls); the task names it too.
        tools: the column of the functions that the assistant may call (empty: none).
    """

    messages: str = "messages"
    tools: str = ""
    text: str = "asked"
    answer: str = "answer"
    max_words: int = 100_000
    one_answer: bool = False
    clean: Cleaning = field(default_factory=lambda: Cleaning(unicode=None))

    made: ClassVar[tuple[str, str]] = ("asked", "answer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.text, self.answer) != self.made:
            raise UsageError("data.text and data.answer are made of the conversation: leave them as they are.")
        if self.clean.truncate:
            raise UsageError(
                "data.clean.truncate would cut answers in conversations: drop it; what is longer than task.max_length "
                "is left out."
            )

    @property
    def needed(self) -> list[str]:
        """The columns of the conversations, of which `asked` and `answer` are made."""
        tools = [self.tools] if self.tools else []
        rest = [name for name in super().needed if name not in (self.text, self.answer)]
        return list(dict.fromkeys([self.messages, *tools, *self.context, *rest]))

    @property
    def keys(self) -> str:
        """With those of the conversations."""
        return "data.messages, data.tools, data.context, data.id, data.split or data.mixing"


@schema("data", "table")
class Table(Data):
    """A table of which one column is to be predicted from the others.

    Attributes:
        label: the column to predict.
        ignore: columns that the model does not see.
        missing: the strings that stand for a missing value.
        repeated: what becomes of rows that are equal in every feature and the label: keep (they are observations of
            their own, kept in one split) or drop (the first one stays); with an `id` only equal ids are one row.
        fitted: steps that are fitted on train and saved with the model: outliers, missing values, encodings.
    """

    label: str = MISSING
    ignore: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    repeated: str = "keep"
    gates: Gates = field(default_factory=gates_of_tables)
    fitted: Fitting = field(default_factory=Fitting)

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("data.repeated", self.repeated, ("keep", "drop"))
        if self.id and self.repeated == "drop":
            raise UsageError(
                f"data.repeated=drop has no effect beside data.id={self.id}, for with an id only equal ids are one "
                "row: drop one of the two."
            )

    @property
    def needed(self) -> list[str]:
        """With the label."""
        return list(dict.fromkeys([self.label, *(name for name in super().needed if name != "answer")]))

    @property
    def named(self) -> list[str]:
        """With what is ignored."""
        return list(dict.fromkeys([*self.needed, *self.ignore]))

    def uses(self, name: str) -> bool:
        """Every column is a feature, but what is ignored."""
        return name in self.needed or name not in self.ignore

    def measures(self, name: str) -> bool:
        """Features may; the label and ids stay what stands in the file."""
        return name == self.split.time or name not in (self.label, self.id, *self.ignore)

    @property
    def measures_any(self) -> bool:
        """Features may."""
        return True

    @property
    def markers(self) -> list[str]:
        """Those of `missing`."""
        return self.missing

    @property
    def keys(self) -> str:
        """With that of the label."""
        return "data.label, data.id, data.ignore, data.split or data.mixing"
