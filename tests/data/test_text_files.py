"""Text in other encodings is read, and said; what is no text is one sentence."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.text_files import encoding_of, open_text

GERMAN = "Die Rechnung für die Straße fehlt; très urgent, señor – 30 €\n"
RUSSIAN = "Здравствуйте, счёт за прошлый месяц не пришёл, проверьте, пожалуйста.\n" * 20
JAPANESE = "請求書がまだ届いていません。確認をお願いいたします。よろしくお願いします。\n" * 20


def read(path: Path, encoding: str = "") -> str:
    with open_text(path, encoding) as file:
        return file.read()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        ("plain\n" * 300_000 + GERMAN, "cp1252"),  # the first such byte comes late
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        ("您好，我还没有收到上个月的发票，请尽快帮我确认一下，谢谢。\n", "gb18030"),
        ("안녕하세요, 지난달 청구서를 아직 받지 못했습니다.\n", "cp949"),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    assert read(tmp_path / "a.txt") == text


def test_another_encoding_than_utf_8_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_bytes(("a,b\n" + GERMAN).encode("cp1252"))
    assert encoding_of(tmp_path / "a.csv") == "cp1252"
    said = capsys.readouterr()
    assert "a.csv: read as cp1252, for line 2 is not UTF-8" in said.out + said.err


@pytest.mark.parametrize("packer", [gzip.compress, lambda content: pa.compress(content, "zstd", asbytes=True)])
def test_packed_text_is_known_by_its_content(tmp_path: Path, packer: object) -> None:
    (tmp_path / "a.csv").write_bytes(packer(GERMAN.encode("utf-16")))  # type: ignore[operator]
    assert read(tmp_path / "a.csv") == GERMAN


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"PK\x03\x04rest", "a zip archive, as Excel"), (b"PAR1rest", "parquet"), (b"%PDF-1.7", "a PDF document")],
)
def test_what_is_no_text_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ShipworthyError, match=rf"a\.csv cannot be read: it holds {sentence}"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a,b\né,x\n".encode() + b"caf\xe9,y\n" + "ü,z\n".encode(), 3),
        (b"a,b\ncaf\xe9,y\n" + "ü,é\nß,z\n".encode(), 2),
        ("a,b\né,x\n".encode() + "👍".encode()[:3], 3),  # a download that broke off
    ],
)
def test_damaged_utf_8_is_not_taken_for_another_encoding(tmp_path: Path, content: bytes, line: int) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ShipworthyError, match=rf"a\.csv cannot be read: line {line} is damaged"):
        read(tmp_path / "a.csv")


def test_a_declared_encoding_wins(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Żółć".encode("cp1250"))
    assert read(tmp_path / "a.txt", "cp1250") == "Żółć"
