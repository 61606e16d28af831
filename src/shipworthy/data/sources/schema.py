"""Where rows come from that `fetch` keeps as a parquet file: a data set of a hub, or a database."""

import re
from dataclasses import dataclass

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import MISSING
from shipworthy.core.sources.schema import Source

FROM_ENVIRONMENT = "env:"


@dataclass(kw_only=True)
class Rows(Source):
    """A source that gives rows, not a file."""


@dataclass(kw_only=True)
class Hub(Rows):
    """A data set of the Hugging Face hub, or a local folder in the hub's layout.

    Attributes:
        repository: `owner/name` on the hub, or the path of a folder.
        config: which of its configurations (empty: the only one, or the default).
        split: which of its splits; shipworthy divides the rows anew.
        revision: commit, tag or branch (empty: the main branch; pin a commit).
        streaming: fetch row by row, without keeping the repository's own files in the cache.
    """

    kind: str = "hub"
    repository: str = MISSING
    config: str = ""
    split: str = "train"
    revision: str = ""
    streaming: bool = True

    def __post_init__(self) -> None:
        if not self.split:
            raise UsageError("data.source.split is empty: name the split of the repository that holds the rows.")

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.repository}, split {self.split}"


@dataclass(kw_only=True)
class Sql(Rows):
    """A query to a database.

    Attributes:
        url: `sqlite:///file.db`, `duckdb:///file.db` (relative to the project; four slashes: absolute), or `env:NAME`,
            where the variable NAME holds such a URL.
        query: one SELECT; give it an ORDER BY, for the rows are kept in the order in which they come.
    """

    kind: str = "sql"
    url: str = MISSING
    query: str = MISSING

    def __post_init__(self) -> None:
        if not re.match(r"(sqlite|duckdb):///.|env:[A-Za-z_]\w*$", self.url):
            raise UsageError(
                "data.source.url is no URL that can be read: give sqlite:///file.db, duckdb:///file.db, or env:NAME "
                "for a variable that holds one."
            )

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"the query to {self.url}"
