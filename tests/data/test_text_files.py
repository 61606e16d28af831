"""Text in other encodings is read, and said; what is no text is one sentence."""

import bz2
import gzip
import lzma
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
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "utf-16-be"),
        ("文本,标签\n" + "您好我还没有收到上个月的发票,是\n" * 30, "utf-16-le"),
        ("Příliš žluťoučký kůň, prosím\n", "cp1250"),
        ("Dobrý den, faktura nepřišla\n", "cp1250"),
        ("Jó reggelt, kérem nézzék meg, hűtő őket\n", "cp1250"),
        ("Zażółć gęślą jaźń, święto\n", "iso8859_2"),
        ("Fatura henüz gelmedi, teşekkür ederim, sağ olun\n", "cp1254"),
        ("Sąskaita dar neatėjo, prašome patikrinti įstaigų\n", "cp1257"),
        ("Þetta er íslenskur texti með ýmsum stöfum\n", "cp1252"),
        ("piñata naïve café résumé Straße Noël\n", "cp1252"),
        ("Grün, çà et là, Müller\n", "mac_roman"),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    assert read(tmp_path / "a.txt") == text


def test_another_encoding_than_utf_8_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_bytes(("a,b\n" + GERMAN).encode("cp1252"))
    assert encoding_of(tmp_path / "a.csv") == "cp1252"
    said = capsys.readouterr()
    assert "a.csv: read as cp1252, for line 2 is not UTF-8 (für Straße très señor – €); data.encoding" in said.out


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def after_a_skippable_frame(content: bytes) -> bytes:
    return b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd(content)


@pytest.mark.parametrize("packer", [gzip.compress, bz2.compress, lzma.compress, zstd, after_a_skippable_frame])
def test_packed_text_is_known_by_its_content(tmp_path: Path, packer: object) -> None:
    (tmp_path / "a.csv").write_bytes(packer(GERMAN.encode("utf-16")))  # type: ignore[operator]
    assert read(tmp_path / "a.csv") == GERMAN


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04rest", "a zip archive, as Excel"),
        (b"PAR1rest", "parquet"),
        (b"%PDF-1.7", "a PDF document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "a pointer of Git LFS"),
        (b"<!doctype HTML><html>Not found</html>", "a web page"),
        (b"ARROW1\0\0", "Arrow's IPC format"),
        (gzip.compress(gzip.compress(b"a,b\n")), "a packed file, in itself or in another"),
        (gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar\0rest"), "an archive of tar"),
    ],
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


@pytest.mark.parametrize("content", [gzip.compress(b"a,b\n1,2\n" * 99)[:-9], lzma.compress(b"a,b\n1,2\n" * 99)[:-20]])
def test_what_is_cut_short_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ShipworthyError, match=r"a\.csv cannot be read: Compressed .* cut short or damaged"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize("content", [b"\x80\x04\x95\x1e\0\0\0\xe9 x\n", "Müller Straße\n".encode("cp437") * 20])
def test_what_no_encoding_explains_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ShipworthyError, match="no other encoding is plain from it: save the file as UTF-8"):
        read(tmp_path / "a.csv")


def test_a_declared_encoding_wins(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Żółć".encode("cp1250"))
    assert read(tmp_path / "a.txt", "cp1250") == "Żółć"
