"""CSV as those who write it write it; hypothesis makes the cells."""

import csv
import io
import string
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.formats.batch import Written
from shipworthy.data.formats.csv import batches

NAMES = ["text", "team"]
PLAIN = Written()
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=12)
ROWS = st.lists(st.tuples(CELL, CELL), min_size=2, max_size=6)


def cells(path: Path, rows: int = 100, written: Written = PLAIN) -> list[tuple[str | None, ...]]:
    found = list(batches(path, rows, written))
    frame = pl.concat([pl.DataFrame(dict(batch.columns)) for batch in found])
    return [tuple(frame.columns), *frame.rows()]


def of(content: str | bytes, written: Written = PLAIN) -> list[tuple[str | None, ...]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a [1].csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return cells(path, written=written)


def python(rows: list[tuple[str, str]], **dialect: object) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, **dialect).writerows([NAMES, *rows])  # type: ignore[call-overload]
    return file.getvalue()


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_python_writes(rows: list[tuple[str, str]], quoting: int, delimiter: str, end: str, encoding: str) -> None:
    content = python(rows, quoting=quoting, delimiter=delimiter, lineterminator=end)
    written = Written(encoding="utf-8" if encoding == "utf-8" else "", delimiter=delimiter)
    assert of(content.encode(encoding), written)[1:] == rows


WORD = st.text(string.ascii_letters + "äöüé .!?", min_size=1, max_size=10).filter(lambda text: text.strip() == text)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(WORD, WORD), min_size=3, max_size=8), end=st.sampled_from(["\n", "\r\n", "\r"]))
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_line_ends_are_found_out(rows: list[tuple[str, str]], end: str, delimiter: str) -> None:
    assert of(python(rows, delimiter=delimiter, lineterminator=end))[1:] == rows


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_what_pandas_polars_and_duckdb_write(rows: list[tuple[str, str]]) -> None:
    import duckdb

    frame = pl.DataFrame(rows, schema=NAMES, orient="row")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        pd.DataFrame(rows, columns=NAMES).to_csv(path, index=False, encoding="utf-8")
        assert cells(path, 2, Written("utf-8", ","))[1:] == rows
        frame.write_csv(path)
        assert cells(path, 2, Written("utf-8", ","))[1:] == rows
        if not any("\0" in cell for row in rows for cell in row):
            duckdb.sql("SELECT * FROM frame").write_csv(str(path))
            assert cells(path, 2, Written("utf-8", ","))[1:] == rows


def test_what_spark_powershell_and_excel_write() -> None:
    assert of('text,team\n"say \\"hi\\", now",a\nplain,b\n')[1:] == [('say "hi", now', "a"), ("plain", "b")]
    assert of('#TYPE System.Object\r\n"text","team"\r\n"x, y","a"\r\n') == [("text", "team"), ("x, y", "a")]
    assert of("sep=;\r\ntext;team\r\nx, y;a\r\n") == [("text", "team"), ("x, y", "a")]
    # each row once more in quotes, as a CSV file opened as one column and saved again
    assert of('"text,team"\n"""x, y"",a"\n"z,b"\n') == [("text", "team"), ("x, y", "a"), ("z", "b")]


def test_gaps_empty_lines_and_longer_rows_of_nothing() -> None:
    assert of("text\none\ntwo, three\n") == [("text",), ("one",), ("two, three",)]
    assert of('text,team\n"",a\n\nx,\ny,b,,\n')[1:] == [(None, "a"), ("x", None), ("y", "b")]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\0"])
def test_no_other_sign_ends_a_row(sign: str) -> None:
    assert of(f"text,team\na{sign}b,x\nc,y\n")[1:] == [(f"a{sign}b", "x"), ("c", "y")]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('text, team\n"x, y", "a, b"\nz, "c"\n', [("x, y", "a, b"), ("z", "c")]),
        ('text, n, team\nz, 1, "a"\n', [("z", "1", "a")]),
        ('text,team\n"he said, ""no""", a\n', [('he said, "no"', " a")]),  # nothing is quoted after a space
        ("'text','team'\n'x, y','it''s'\n'z','b'\n", [("x, y", "it's"), ("z", "b")]),
        ("'text';'team'\n'x, y';'it\\'s'\n", [("x, y", "it's")]),
        ("'text',team\n'tis,it's\n", [("'tis", "it's")]),
        ("text,team,,\nx,a,,\ny,b\nz,c,\n", [("x", "a"), ("y", "b"), ("z", "c")]),
        (",text\n0,x\n", [("0", "x")]),  # as pandas writes an index
        ("text,team,\nx,a\ny,b,\nz,c,1\n", [("x", "a", None), ("y", "b", None), ("z", "c", "1")]),
        ("# of May\n# by hand\ntext,team\nx,a\n", [("x", "a")]),
        ("\n# of May\n\n#text,team\nx,a\n", [("x", "a")]),
        ("#text\na, b, c\nd, e, f\n", [("a, b, c",), ("d, e, f",)]),
    ],
)
def test_what_people_and_other_programs_write(content: str, rows: list[tuple[str, ...]]) -> None:
    assert of(content)[1:] == rows


def test_rows_that_repeat_the_names_are_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    part = "\ufefftext,team \nx,a\n".encode()
    assert of(part + part + part)[1:] == [("x", "a")] * 3
    assert (
        "[1].csv: rows that repeat the names of the columns are left out (the first: row 2)" in capsys.readouterr().out
    )
    assert of("text\nx\ntext\n")[1:] == [("x",), ("text",)]  # of one column it may be a text


def test_comments_before_the_names_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    of("# of May\ntext,team\nx,a\n")
    assert "what begins with # before the names of the columns is left out (lines: 1)" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "\n\n", " \r\n"])
def test_a_file_of_nothing_holds_no_rows(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert list(batches(tmp_path / "a.csv", 9, PLAIN)) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,b\n1,2\n1,2,3\n4,5\n", "row 2 has 3 cells, but there are 2 columns"),
        ("a,b\n1,2\n1\n4,5\n", "row 2 has 1 cells, but there are 2 columns"),
        ("a,b,,\n1,2,3\n", "row 1 has 3 cells, but there are 2 columns .* give every column a name"),
        ("Sales 2024,,\na,b,c\n1,2,3\n", "row 1 has 3 cells, but there is 1 column .* take out what comes before"),
        ('a,,b,"",c\n1,2,3,4,5\n', "columns 2 and 4 have no name in the first row"),
        ('a,b\n"x"y,2\n', "row 1 is not quoted as CSV is"),
        ('a,b\n1,2\n"x,2\n', "row 2 is not quoted as CSV is"),
        ("a,b,a\n1,2,3\n", "two columns are called 'a'"),
        ("a,b, a\n1,2,3\n", "two columns are called 'a'"),
    ],
)
def test_what_is_no_csv_is_one_sentence(content: str, sentence: str) -> None:
    with pytest.raises(ShipworthyError, match=rf"a \[1\]\.csv cannot be read: .*{sentence}"):
        of(content)
