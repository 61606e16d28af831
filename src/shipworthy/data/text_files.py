"""Raw files as text: packed or not, in whatever encoding they are written.

An encoding is known by its byte order mark, else it is UTF-8 if the whole file can be decoded so. Of what can't, it is
guessed from the bytes beyond ASCII, and said; `data.encoding` names it instead.
"""

import codecs
import gzip
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
NO_TEXT = {
    b"PK\x03\x04": "a zip archive, as Excel's workbooks are: unpack it, or save the sheet as CSV",
    b"PAR1": "parquet: let its name end in .parquet",
    b"SQLite format 3\x00": "a SQLite database: take data.source.kind=sql",
    b"%PDF": "a PDF document: convert it to text",
    b"\xd0\xcf\x11\xe0": "an old document of Microsoft Office: save it as CSV or text",
}
"""How files begin that are no text, whatever their name says."""
BLOCK_BYTES = 1 << 20
HEAD_BYTES = 4096
SAMPLE_BYTES = 1 << 18
OTHERS = (
    "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "mac_roman",
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1252",
)  # fmt: skip
"""Encodings that are guessed, beside UTF-8 and UTF-16."""
BEYOND_ASCII = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")
IN_WORDS = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f](?=[^\W\d_])")
"""A character beyond ASCII between two letters."""


def open_text(path: Path, encoding: str = "") -> TextIO:
    """A file's text, decompressed if it begins as gzip or Zstandard do; line ends stay as they are.

    Args:
        encoding: as Python calls it (empty: found out).

    Raises:
        ShipworthyError: it is no text, or its encoding can't be told.
        UnicodeDecodeError: while reading, where `encoding` doesn't fit.
    """
    return io.TextIOWrapper(cast(BinaryIO, _open(path)), encoding or encoding_of(path), newline="")


def beginning(path: Path, encoding: str, characters: int) -> str:
    """The first characters of a file's text."""
    with open_text(path, encoding) as file:
        return file.read(characters)


def encoding_of(path: Path) -> str:
    """How a file is encoded, as Python calls it.

    Raises:
        ShipworthyError: it is no text, or its encoding can't be told.
    """
    status = path.stat()
    return _encoding(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _encoding(path: Path, size: int, changed: int) -> str:
    with _open(path) as file:
        head = file.read(HEAD_BYTES)
        for mark, name in MARKS.items():
            if head.startswith(mark):
                return name
        for start, what in NO_TEXT.items():
            if head.startswith(start):
                raise ShipworthyError(f"{path} cannot be read: it holds {what}.")
        if name := _wide(head):
            say(f"{path}: read as {name}, of whose characters every second byte is 0")
            return name
        decoder = codecs.getincrementaldecoder("utf-8")()
        lines, sound = 0, False  # sound: characters beyond ASCII were UTF-8 so far
        block = head
        while True:
            try:
                sound |= not decoder.decode(block, final=not block).isascii()
            except UnicodeDecodeError as error:
                line = lines + block[: error.start].count(b"\n") + 1
                sample = block + file.read(SAMPLE_BYTES)
                if sound or _mostly_utf8(sample):
                    raise ShipworthyError(
                        f"{path} cannot be read: line {line} is damaged, for it is not UTF-8 as others are: mend the "
                        "line, or name another encoding in data.encoding."
                    ) from error
                return _guessed(path, sample, line)
            if not block:
                return "utf-8"
            lines += block.count(b"\n")
            block = file.read(BLOCK_BYTES)


def _mostly_utf8(sample: bytes) -> bool:
    """Whether more characters beyond ASCII are UTF-8 than are not, which text of another encoding is only by chance."""
    beyond = [c for c in sample.decode("utf-8", errors="replace") if ord(c) > 127]
    return 2 * beyond.count("\ufffd") < len(beyond)


def _open(path: Path) -> io.BufferedIOBase:
    """The bytes of a file, decompressed."""
    with path.open("rb") as file:
        head = file.read(len(ZSTD))
    if head.startswith(GZIP):
        return cast(io.BufferedIOBase, gzip.open(path))
    if head == ZSTD:
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        return io.BufferedReader(cast(io.RawIOBase, stream))
    return path.open("rb")


def _wide(head: bytes) -> str:
    """UTF-16 without its mark: of mostly Latin text every second byte is 0; empty: it is something else."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return ""


def _guessed(path: Path, sample: bytes, line: int) -> str:
    """The encoding of a file that isn't UTF-8, from its line `line` on.

    Raises:
        ShipworthyError: none fits.
    """
    lines = BEYOND_ASCII.findall(sample)
    text = b"\n".join(lines)[:SAMPLE_BYTES]
    name = "cp1252" if _western(text) else _detected(text)
    if not name:
        raise ShipworthyError(
            f"{path} cannot be read: line {line} is not UTF-8, and no other encoding is plain from it: save the file "
            "as UTF-8, or name its encoding in data.encoding."
        )
    say(f"{path}: read as {name}, for line {line} is not UTF-8; data.encoding=… names another encoding")
    return name


def _western(text: bytes) -> bool:
    """Whether the bytes are text of Western Europe in Windows' encoding: letters alone stand inside words."""
    try:
        decoded = text.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = [c for c in decoded if ord(c) > 127]
    inside = IN_WORDS.findall(decoded)
    runs = re.findall(r"[^\x00-\x7f]+", decoded)
    short = len(beyond) <= 1.5 * len(runs)
    return short and all(c.isalpha() or c in "’-­" for c in inside)


def _detected(text: bytes) -> str:
    """What charset-normalizer finds; Japanese, which it takes for Korean or Chinese, by its hiragana."""
    from charset_normalizer import from_bytes

    for name in ("cp932", "euc_jp"):
        beyond = [c for c in text.decode(name, errors="replace") if ord(c) > 127]
        if sum("\u3040" <= c < "\u30a0" for c in beyond) > 0.15 * len(beyond) and "\ufffd" not in beyond:
            return name
    best = from_bytes(text, cp_isolation=list(OTHERS)).best()
    return best.encoding if best is not None else ""
