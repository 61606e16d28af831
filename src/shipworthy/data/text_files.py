"""Raw files as text: packed or not, in whatever encoding they are written.

An encoding is known by its byte order mark, else it is UTF-8 if the whole file can be decoded so. Of what can't, it is
guessed from the bytes beyond ASCII, and said; `data.encoding` names it instead.
"""

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say
from shipworthy.data.alphabets import by_alphabet, signs_in_words

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"
ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""A frame of Zstandard, or one to be skipped, with which parallel writers begin."""
NO_TEXT = {
    b"PK\x03\x04": "a zip archive, as Excel's workbooks are: unpack it, or save the sheet as CSV",
    b"PAR1": "parquet: let its name end in .parquet",
    b"SQLite format 3\x00": "a SQLite database: take data.source.kind=sql",
    b"%PDF": "a PDF document: convert it to text",
    b"\xd0\xcf\x11\xe0": "an old document of Microsoft Office: save it as CSV or text",
    GZIP: "a packed file, in itself or in another: unpack it",
    b"ARROW1": "Arrow's IPC format (Feather): write it as parquet",
    b"\x89HDF": "HDF5: write its table as parquet",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it",
    b"Rar!": "a RAR archive: unpack it",
    b"version https://git-lfs": "a pointer of Git LFS in place of the file: run `git lfs pull`",
    b"<!DOCTYPE html": "a web page: the download went wrong",
    b"<html": "a web page: the download went wrong",
}
"""How files begin that are no text, whatever their name says."""
BLOCK_BYTES = 1 << 20
HEAD_BYTES = 4096
SAMPLE_BYTES = 1 << 18
OF_ONE_BYTE = ("cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "mac_roman", "cp1252")
OTHERS = (*OF_ONE_BYTE, "cp932", "euc_jp", "gb18030", "big5", "cp949")
"""Encodings that are guessed, beside UTF-8, UTF-16 and those of `alphabets.py`."""
MOST_SHOWN = 40
"""Of the words by which a person sees whether the encoding is the right one (characters)."""
TAR_MARK = slice(257, 262)
"""Where `ustar` is in an archive of tar."""
CONTROL = re.compile(rb"[\x00-\x06\x0e-\x19\x1b]")
"""What no text holds in any encoding that is guessed."""
BEYOND_ASCII = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")


def open_text(path: Path, encoding: str = "") -> TextIO:
    """A file's text, decompressed if it begins as gzip, bzip2, xz or Zstandard do; line ends stay as they are.

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


def refuse_no_text(path: Path, head: bytes) -> None:
    """Refuses a file by its first bytes.

    Raises:
        ShipworthyError: they are none of text; the sentence says what the file is.
    """
    found = next((what for start, what in NO_TEXT.items() if head.lower().startswith(start.lower())), "")
    if found or head[TAR_MARK] == b"ustar":
        raise ShipworthyError(f"{path} cannot be read: it holds {found or 'an archive of tar: unpack it'}.")


@lru_cache(maxsize=1024)
def _encoding(path: Path, size: int, changed: int) -> str:
    try:
        return _found_encoding(path)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        said = str(error).rstrip(".")
        raise ShipworthyError(
            f"{path} cannot be read: {said}: it is cut short or damaged, so get it once more."
        ) from error


def _found_encoding(path: Path) -> str:
    with _open(path) as file:
        head = file.read(HEAD_BYTES)
        for mark, name in MARKS.items():
            if head.startswith(mark):
                return name
        refuse_no_text(path, head)
        if name := _wide(head):
            say(f"{path}: read as {name}, for its bytes come in pairs; data.encoding=… names another encoding")
            return name
        decoder = codecs.getincrementaldecoder("utf-8")()
        lines, sound = 0, False  # sound: characters beyond ASCII were UTF-8 so far
        block, pending = head, b""
        while True:
            try:
                sound |= not decoder.decode(block, final=not block).isascii()
            except UnicodeDecodeError as error:
                line = lines + block[: error.start].count(b"\n") + 1
                sample = (block or pending) + file.read(SAMPLE_BYTES)
                if sound or _mostly_utf8(sample):
                    raise ShipworthyError(
                        f"{path} cannot be read: line {line} is damaged, for it is not UTF-8 as others are: mend the "
                        "line, or name another encoding in data.encoding."
                    ) from error
                return _guessed(path, sample, line)
            if not block:
                return "utf-8"
            lines += block.count(b"\n")
            pending, _ = decoder.getstate()
            block = file.read(BLOCK_BYTES)


def _mostly_utf8(sample: bytes) -> bool:
    """Whether more characters beyond ASCII are UTF-8 than are not, which text of another encoding is only by chance."""
    beyond = [c for c in sample.decode("utf-8", errors="replace") if ord(c) > 127]
    return 2 * beyond.count("\ufffd") < len(beyond)


def _open(path: Path) -> io.BufferedIOBase:
    """The bytes of a file, decompressed."""
    with path.open("rb") as file:
        head = file.read(len(XZ))
    for start, opened in ((GZIP, gzip.open), (BZIP2, bz2.open), (XZ, lzma.open)):
        if head.startswith(start):
            return cast(io.BufferedIOBase, opened(path))
    if ZSTD.match(head):
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        return io.BufferedReader(cast(io.RawIOBase, stream))
    return path.open("rb")


def _wide(head: bytes) -> str:
    """UTF-16 without its mark: one byte of spaces, digits and line feeds is 0, always the same; empty: it is not."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if max(even, odd) < 2 or min(even, odd) > 0.05 * max(even, odd):
        return ""
    name = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return ""
    lines = "\n" in text or "\r" in text
    return name if lines or max(even, odd) > 0.4 * half else ""


def _guessed(path: Path, sample: bytes, line: int) -> str:
    """The encoding of a file that isn't UTF-8, from its line `line` on.

    Raises:
        ShipworthyError: none fits.
    """
    lines = BEYOND_ASCII.findall(sample)
    text = b"\n".join(lines)[:SAMPLE_BYTES]
    name = "" if CONTROL.search(sample) else by_alphabet(text, western=_western(text)) or _detected(text)
    if not name:
        raise ShipworthyError(
            f"{path} cannot be read: line {line} is not UTF-8, and no other encoding is plain from it: save the file "
            "as UTF-8, or name its encoding in data.encoding."
        )
    words = " ".join(word for word in lines[0].decode(name, errors="replace").split() if not word.isascii())
    shown = words if len(words) <= MOST_SHOWN else words[:MOST_SHOWN] + "…"
    say(f"{path}: read as {name}, for line {line} is not UTF-8 ({shown}); data.encoding=… names another encoding")
    return name


def _western(text: bytes) -> bool:
    """Whether the bytes are text of Western Europe in Windows' encoding: letters alone stand inside words."""
    try:
        decoded = text.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = [c for c in decoded if ord(c) > 127]
    runs = re.findall(r"[^\x00-\x7f]+", decoded)
    short = len(beyond) <= 1.5 * len(runs)
    return short and not signs_in_words(decoded)


def _detected(text: bytes) -> str:
    """What charset-normalizer finds; Japanese, which it takes for Korean or Chinese, by its hiragana."""
    from charset_normalizer import from_bytes

    for name in ("cp932", "euc_jp"):
        beyond = [c for c in text.decode(name, errors="replace") if ord(c) > 127]
        if sum("\u3040" <= c < "\u30a0" for c in beyond) > 0.15 * len(beyond) and "\ufffd" not in beyond:
            return name
    best = from_bytes(text, cp_isolation=list(OTHERS)).best()
    if best is None or (best.encoding in OF_ONE_BYTE and signs_in_words(str(best))):
        return ""
    return best.encoding
