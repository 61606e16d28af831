"""Where a raw file comes from that neither a wheel carries nor you put into data/ yourself: a hub, or a database."""

import re
from dataclasses import dataclass

from shipworthy.core.errors import UsageError

FROM_ENVIRONMENT = "env:"


@dataclass
class Hub:
    """A data set of the Hugging Face hub, or a local folder in the hub's layout.

    Attributes:
        repository: `owner/name` on the hub, or the path of a folder (empty: none).
        config: which of its configurations (empty: the only one, or the default).
        split: which of its splits; shipworthy divides the rows anew.
        revision: commit, tag or branch (empty: the main branch; pin a commit).
        streaming: fetch row by row, without keeping the repository's own files in the cache.
    """

    repository: str = ""
    config: str = ""
    split: str = "train"
    revision: str = ""
    streaming: bool = True

    def __post_init__(self) -> None:
        if not self.repository and (self.config or self.revision):
            raise UsageError("data.hub names no repository: give data.hub.repository.")
        if not self.split:
            raise UsageError("data.hub.split is empty: name the split of the repository that holds the rows.")


@dataclass
class Sql:
    """A query to a database.

    Attributes:
        url: `sqlite:///file.db`, `duckdb:///file.db` (relative to the project; four slashes: absolute), or `env:NAME`,
            where the variable NAME holds such a URL; empty: none.
        query: one SELECT; give it an ORDER BY, for the rows are kept in the order in which they come.
    """

    url: str = ""
    query: str = ""

    def __post_init__(self) -> None:
        if bool(self.url) != bool(self.query):
            raise UsageError("data.sql is given in part: it needs url and query.")
        if self.url and not re.match(r"(sqlite|duckdb):///.|env:[A-Za-z_]\w*$", self.url):
            raise UsageError(
                "data.sql.url is no URL that can be read: give sqlite:///file.db, duckdb:///file.db, or env:NAME for "
                "a variable that holds one."
            )
