"""The data configs: source, columns, cleaning, split and checks of the rows."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.files import WILD
from shipworthy.core.groups import DataConfig
from shipworthy.core.schema import MISSING, choice
from shipworthy.core.sources.schema import Folder, Source, Url, Wheel
from shipworthy.core.validation import at_least, share_above_zero
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.gates.schema import Gates
from shipworthy.data.mixing.schema import Mixing
from shipworthy.data.sources.schema import Hub, Rows, Sql
from shipworthy.data.splits.schema import Split
from shipworthy.data.tokens.schema import Tokens

PACKED = (".gz", ".zst", ".bz2", ".xz")
SAME = {"ndjson": "jsonl", "json": "jsonl", "tsv": "csv", "tab": "csv", "pq": "parquet"}
"""Other endings of files that a format reads."""
TAB = {"\\t": "\t", "tab": "\t"}
"""What people write for a tab where YAML or a shell leaves it so."""
NO_DELIMITERS = ('"', "'", "\n", "\r")
TYPES = ("string", "int", "float", "bool", "date", "datetime", "json")


@dataclass
class SlurmArray:
    """What the jobs of an array ask Slurm for; account, partition and the like are the site's (slurm/site.yaml).

    Attributes:
        tasks: into how many jobs the work is divided.
        cpus_per_task: threads of a job.
        mem_gb: memory of a job (GB).
        timeout_min: time limit of a job (minutes).
        retries: how often a job that was lost, with its node for example, is submitted again.
    """

    tasks: int = 16
    cpus_per_task: int = 4
    mem_gb: int = 8
    timeout_min: int = 120
    retries: int = 3

    def __post_init__(self) -> None:
        for name in ("tasks", "cpus_per_task", "mem_gb", "timeout_min"):
            at_least(f"data.slurm.{name}", getattr(self, name), 1)
        at_least("data.slurm.retries", self.retries, 0)


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
        delimiter: what is between the cells of CSV (empty: found out: a comma, semicolon, tab or bar).
        decimal: what comes before the decimals of numbers in CSV: . or , (empty: found out; a comma is said).
        separator: what is between the labels of a row where they are one text, such as | in `red|green`, for a task
            of multi_label (empty: they are lists).
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
        slurm: the array of jobs that looks for near-duplicates of texts and checks the gates (null: this machine does);
            the dataset is the same.
    """

    non_identity: ClassVar[tuple[str, ...]] = ("workers", "watched", "slurm")

    name: str = MISSING
    licence: str = MISSING
    file: str = MISSING
    watched: str = "${before_pattern:${.file}}"
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    separator: str = ""
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
    slurm: SlurmArray | None = None

    def __post_init__(self) -> None:
        self.gates = self.gates.asked()
        share_above_zero("data.sample", self.sample)
        path = PurePosixPath(self.file)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise UsageError(f"data.file={self.file}: put the data into data/ and name it from there.")
        at_least("data.workers", self.workers, 1)
        if self.slurm is not None and not self.has_jobs:
            raise UsageError("data.slurm has no effect: no gate is checked, nor are texts compared: drop it.")
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
            raise UsageError(f"data.sha256 has no effect with a {source.kind}, which is pinned itself: drop it.")
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
    def has_jobs(self) -> bool:
        """Whether there is work for the jobs of an array."""
        return bool(self.gates.checked)

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
        if self.decimal not in ("", ".", ","):
            raise UsageError(f"data.decimal={self.decimal}: give a point or a comma.")
        self.delimiter = TAB.get(self.delimiter, self.delimiter)
        if len(self.delimiter) > 1 or self.delimiter in NO_DELIMITERS:
            raise UsageError(f"data.delimiter={self.delimiter!r}: give one character, no quote and no end of a line.")
        try:
            " ".encode(self.encoding or "utf-8")
        except (LookupError, UnicodeError) as error:
            raise UsageError(
                f"data.encoding={self.encoding}: Python knows no encoding of text of this name: give one such as "
                "utf-8, cp1252 or shift_jis."
            ) from error


def ending(name: str) -> str:
    """What a file's name ends in, e.g. `jsonl` of rows.jsonl.gz; empty if in nothing."""
    endings = [one.lower() for one in PurePosixPath(name).suffixes if one.lower() not in PACKED]
    last = endings[-1].removeprefix(".") if endings else ""
    return SAME.get(last, last)
