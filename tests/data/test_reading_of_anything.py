"""Whatever bytes are in a file, it is read, or refused in one sentence: never a traceback.

`SHIPWORTHY_FUZZ_EXAMPLES=20000 pytest tests/data/test_reading_of_anything.py` takes minutes; `scripts/fuzz` does
the same guided by coverage.
"""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import batches, types_of

EXAMPLES = int(os.environ.get("SHIPWORTHY_FUZZ_EXAMPLES", "60"))
ROWS = [
    ("My card, again", "billing", "12"),
    ('5" pipe\nnew', "0012", "NA"),
    ("é 👍", "TRUE", "1.5"),
    ("x;y|z", "null", ""),
]


def delimited(sign: str, end: str = "\n", quote: bool = True) -> Callable[[], bytes]:
    def made() -> bytes:
        cells = [("text", "team", "n"), *ROWS]
        written = ['"' + c.replace('"', '""') + '"' if quote else c for row in cells for c in row]
        return end.join(sign.join(written[i : i + 3]) for i in range(0, len(written), 3)).encode()

    return made


LINES = (
    b'{"text": "My card", "team": "billing", "n": 12}\n{"text": "5\\" pipe", "team": 7, "n": "NA"}\n'
    b'{"text": "\\ud83d\\u2028", "team": true, "n": 1.50}\n{"text": null, "team": "x", "n": 123456789012345678901}\n'
)
KINDS: dict[str, tuple[str, bytes]] = {
    "comma": ("csv", delimited(",")()),
    "semicolon": ("csv", delimited(";")()),
    "tab": ("tsv", delimited("\t", quote=False)()),
    "bar, \\r\\n": ("csv", delimited("|", "\r\n")()),
    "\\r alone": ("csv", delimited(",", "\r")()),
    "utf-16": ("csv", delimited(",")().decode().encode("utf-16")),
    "byte order mark": ("csv", b"\xef\xbb\xbf" + delimited(",")()),
    "cp1252": ("csv", "text;team;n\nStraße über;a;1\ncafé;b;2\n".encode("cp1252")),
    "lines": ("jsonl", LINES),
    "array": ("json", b"[" + LINES.strip().replace(b"\n", b",") + b"]"),
}
CONFIGS: list[Data] = [
    Records(name="n", licence="l", file="f", text="text", answer="team"),
    Table(name="n", licence="l", file="f", label="team", missing=["?"]),
]
EDIT = st.tuples(st.integers(0, 400), st.integers(0, 12), st.binary(max_size=6))


def read(config: Data, ending: str, content: bytes, rows: int = 3) -> pl.DataFrame | None:
    """The rows of a file, read so many at once; None: it was refused."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{ending}"
        path.write_bytes(content)
        try:
            return pl.concat(batches(config, [path], types_of(config, [path]), rows))
        except ShipworthyError as error:
            refused = str(error)
    assert refused.strip() and "Traceback" not in refused
    return None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("config", CONFIGS, ids=["text", "table"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(EDIT, min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused(kind: str, config: Data, edits: list[tuple[int, int, bytes]]) -> None:
    ending, content = KINDS[kind]
    for place, length, new in edits:
        at = place % (len(content) + 1)
        content = content[:at] + new + content[at + length :]
    read(config, ending, content)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("config", CONFIGS, ids=["text", "table"])
def test_the_whole_file_gives_all_its_rows(kind: str, config: Data) -> None:
    frame = read(config, *KINDS[kind])
    if kind == "tab":  # its second row has a line feed that no quotes protect
        assert frame is None
        return
    assert frame is not None and frame.height == (2 if kind == "cp1252" else 4)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "txt", "parquet"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
)
def test_any_bytes_are_read_or_refused(ending: str, content: bytes) -> None:
    read(CONFIGS[0], ending, content)
