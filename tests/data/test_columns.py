"""Columns are declared or inferred, and then enforced: each breach is one sentence with the column and the row."""

import gzip
import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_files
from shipworthy.data import snapshot
from shipworthy.data.decimal_mark import with_decimal_mark
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.sources.files import batches, locate, types_of
from shipworthy.models.raw_rows import number

DECLARED = {
    "n": "int",
    "x": "float?",
    "ok": "bool?",
    "day": "date?",
    "at": "datetime?",
    "what": "json?",
    "s": "string?",
}
ROWS: list[dict[str, Any]] = [
    {"n": 1, "x": 1.5, "ok": True, "day": "2024-01-31", "at": "2024-01-31T10:00:00Z", "what": [1, "ä"], "s": "a"},
    {"n": 2, "x": 2},
]


def config(file: str, **settings_: Any) -> Table:
    return Table(name="n", licence="l", file=file, label="n", **settings_)


def read(mine: Table, folder: Path, rows: int = 100) -> pl.DataFrame:
    paths = locate(mine, folder)
    return pl.concat(batches(mine, paths, types_of(mine, paths), rows))


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_declared_types_of_json(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", ROWS)
    frame = read(config("a.jsonl", columns=DECLARED), tmp_path)
    assert [str(kind) for kind in frame.dtypes[1:]] == [
        "Int64", "Float64", "Boolean", "Date", "Datetime(time_unit='us', time_zone=None)", "String", "String",
    ]  # fmt: skip
    assert frame["what"].to_list() == ['[1, "ä"]', None]
    assert frame.row(1)[1:4] == (2, 2.0, None)


def test_types_are_inferred_alike_from_every_format(tmp_path: Path) -> None:
    frame = pl.DataFrame({"y": ["a", "b"], "n": [1, 2], "x": [1.5, None], "s": ["a", None]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ndjson(tmp_path / "a.jsonl")
    for ending in ("csv", "parquet", "jsonl"):
        mine = replace(config(f"a.{ending}"), label="y")
        assert types_of(mine, locate(mine, tmp_path)) == {"y": "string?", "n": "int?", "x": "float?", "s": "string?"}
        assert read(mine, tmp_path).drop("id").equals(frame), ending


INFERRED: list[tuple[list[Any], str]] = [
    (["1", "-2", "+3", " 4 "], "int"),
    (["1", "2.5", ".5", "5.", "1e3"], "float"),
    (["1", "", "NA", "?", "n/a", "NaN", "-", "#DIV/0!", "Infinity", "unknown"], "int"),
    (["0012", "0047"], "string"),
    (["0.5", "0", "-0.5"], "float"),
    (["12345678901234567890", "1"], "float"),
    (["1,234", "2"], "float"),
    (["1_000", "2"], "string"),
    (["٣", "٤"], "string"),
    (["NA", "?"], "string"),
    (["TRUE", "FALSE", "yes"], "string"),
    (["2024-01-31"], "string"),
    (["1"] * 20_000 + ["late"], "string"),
]


@pytest.mark.parametrize("cells", [["TRUE", "FALSE", ""], ["True", "unknown", "false"], ["true"]])
def test_text_is_truth_where_nothing_else_stands(tmp_path: Path, cells: list[str]) -> None:
    (tmp_path / "a.csv").write_text("y,v\n" + "".join(f'TRUE,"{cell}"\n' for cell in cells), encoding="utf-8")
    mine = replace(config("a.csv", missing=["unknown"]), label="y")
    assert types_of(mine, locate(mine, tmp_path)) == {"y": "string?", "v": "bool?"}
    found = read(mine, tmp_path)
    assert found["v"].to_list() == [{"true": True, "false": False}.get(cell.lower()) for cell in cells]
    assert found["y"].to_list() == ["TRUE"] * len(cells)


@pytest.mark.parametrize(("cells", "kind"), INFERRED, ids=[str(cells[:4]) for cells, _ in INFERRED])
def test_text_is_a_number_by_a_written_rule(tmp_path: Path, cells: list[str], kind: str) -> None:
    (tmp_path / "a.csv").write_text("y,v\n" + "".join(f'a,"{cell}"\n' for cell in cells), encoding="utf-8")
    mine = replace(config("a.csv", missing=["unknown"]), label="y")
    assert types_of(mine, locate(mine, tmp_path)) == {"y": "string?", "v": f"{kind}?"}
    found = read(mine, tmp_path)["v"].to_list()
    wanted = [number(cell, ["unknown"]) if kind != "string" else cell for cell in cells]
    assert found == wanted


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        (["1,234.50", "7", "-12,000,000"], [1234.5, 7.0, -12_000_000.0]),
        (["$1,234.50", "$ 7", "-$.5"], [1234.5, 7.0, -0.5]),
        (["12%", "0.5 %", "n/a"], [12.0, 0.5, None]),
        (["1'234.5", "1\u202f000", "2"], [1234.5, 1000.0, 2.0]),
        (["1 234", "12 345 678", "2"], [1234.0, 12345678.0, 2.0]),
        (["\u22125", "5.5", "n.a."], [-5.0, 5.5, None]),
        (["(1,234.50)", "7", "-"], [-1234.5, 7.0, None]),
        (["1.5-", "7", ".."], [-1.5, 7.0, None]),
        (["($5.00)", "$7", "$8"], [-5.0, 7.0, 8.0]),
        (["USD 5", "USD 1,000", "USD 7"], [5.0, 1000.0, 7.0]),
        (["5 kr", "1\u202f000 kr", "7 kr"], [5.0, 1000.0, 7.0]),
        (["∞", "1.#INF", "7"], [None, None, 7]),
        (["(5", "5)", "7"], ["(5", "5)", "7"]),
        (["(-5)", "6", "7"], ["(-5)", "6", "7"]),
        (["2024-", "2023-", "--5-"], ["2024-", "2023-", "--5-"]),
        (["555 1234", "5", "6"], ["555 1234", "5", "6"]),
        (["12%", "7", "3%"], ["12%", "7", "3%"]),  # is 7 a share?
        (["$5", "€5", "$7"], ["$5", "€5", "$7"]),
        (
            ["1,2", "3,14", "5"],
            ["1,2", "3,14", "5"],
        ),  # a list, as far as one sees
        (["1,23,456", "5", "6"], ["1,23,456", "5", "6"]),
        (["007%", "5%", "6%"], ["007%", "5%", "6%"]),
    ],
)
def test_numbers_as_spreadsheets_show_them(tmp_path: Path, cells: list[str], read_as: list[Any]) -> None:
    rows = "".join(f'{n},"{cell}"\n' for n, cell in enumerate(cells))
    (tmp_path / "a.csv").write_text(f"n,x\n{rows}", encoding="utf-8")
    assert read(config("a.csv"), tmp_path)["x"].to_list() == read_as


@pytest.mark.parametrize(
    ("cells", "delimiter", "mark"),
    [
        (["3,14", "1.234,5", "7"], ";", ","),
        (["3,14", "?", "7"], "\t", ","),
        (["0,5 %", "12 %", "1,25 %"], ";", ","),
        (["3.14", "7", "1e5"], ";", "."),
        (["1,234", "12", "5,678"], ";", "."),  # either may be; nothing in the file says comma
        (["3,14", "red", "7"], ";", "."),
        (["1", "2", "3"], ";", "."),
    ],
)
def test_the_decimal_mark_is_found_out(tmp_path: Path, cells: list[str], delimiter: str, mark: str) -> None:
    rows = "".join(f"{n}{delimiter}{cell}\n" for n, cell in enumerate(cells))
    (tmp_path / "a.csv").write_text(f"n{delimiter}x\n{rows}", encoding="utf-8")
    assert with_decimal_mark(config("a.csv"), [tmp_path / "a.csv"]).decimal == mark


def test_a_decimal_comma_is_read_in_every_column_of_numbers_and_no_label_changes(tmp_path: Path) -> None:
    rows = ["n;x;y;z", "1,50;3,14;1.234,5;9007199254740993", "2,0;,5;?;12"]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = with_decimal_mark(config("a.csv"), [tmp_path / "a.csv"])
    assert read(found, tmp_path).drop("id").rows() == [
        ("1,50", 3.14, 1234.5, 9007199254740993), ("2,0", 0.5, None, 12),
    ]  # fmt: skip
    declared = replace(found, columns={"n": "string", "x": "float", "y": "float?", "z": "string"})
    assert read(declared, tmp_path).drop("id").rows() == [
        ("1,50", 3.14, 1234.5, "9007199254740993"), ("2,0", 0.5, None, "12"),
    ]  # fmt: skip


def test_a_decimal_mark_that_is_named_wins(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n;x\n1;1,234\n2;5,678\n", encoding="utf-8")
    for mark, values in (("", [1234.0, 5678.0]), (".", [1234.0, 5678.0]), (",", [1.234, 5.678])):
        found = with_decimal_mark(config("a.csv", decimal=mark), [tmp_path / "a.csv"])
        assert read(found, tmp_path)["x"].to_list() == values
    with pytest.raises(UsageError, match="data.decimal=x: give a point or a comma"):
        config("a.csv", decimal="x")


@given(st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=3, max_size=20))
def test_numbers_written_in_either_way_are_the_same(numbers: list[Decimal]) -> None:
    numbers.append(Decimal("0.5"))  # 1,234 alone might be either
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "us.csv").write_text("n,x\n" + "".join(f'1,"{one:,}"\n' for one in numbers), encoding="utf-8")
        swap = str.maketrans(".,", ",.")
        lines = "".join(f"1;{f'{one:,}'.translate(swap)}\n" for one in numbers)
        (folder / "de.csv").write_text("n;x\n" + lines, encoding="utf-8")
        us = read(config("us.csv"), folder)["x"]
        de = read(with_decimal_mark(config("de.csv"), [folder / "de.csv"]), folder)["x"]
        assert us.cast(pl.Float64).to_list() == de.cast(pl.Float64).to_list() == [float(one) for one in numbers]


@pytest.mark.parametrize(
    ("values", "kind", "read_as"),
    [
        ([1, 2.5, None], "float", [1.0, 2.5, None]),
        ([1, "NA", "2", None], "int", [1, None, 2, None]),
        ([1, "one"], "string", ["1", "one"]),
        ([1.10, True], "string", ["1.1", "true"]),
        (["1", "2"], "string", ["1", "2"]),
        ([True, None], "bool", [True, None]),
        ([2**70, 1], "float", [float(2**70), 1.0]),
        ([[1], "x"], "json", ["[1]", "x"]),
    ],
)
def test_json_keeps_its_types(tmp_path: Path, values: list[Any], kind: str, read_as: list[Any]) -> None:
    jsonl(tmp_path / "a.jsonl", [{"y": "a", "v": value} for value in values])
    mine = replace(config("a.jsonl"), label="y")
    assert types_of(mine, locate(mine, tmp_path)) == {"y": "string?", "v": f"{kind}?"}
    assert read(mine, tmp_path)["v"].to_list() == read_as


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_labels_ids_and_texts_are_what_stands_in_the_file(tmp_path: Path, ending: str) -> None:
    cells = ["0012", "1.10", "TRUE", "12345678901234567890", "1e5", "null", "None", "NaN", " x"]
    if ending == "csv":
        (tmp_path / "a.csv").write_text("key,n,v\n" + "".join(f"{i}{c},{c},1\n" for i, c in enumerate(cells)))
    else:
        jsonl(tmp_path / "a.jsonl", [{"key": f"{i}{c}", "n": c, "v": 1} for i, c in enumerate(cells)])
    for mine in (config(f"a.{ending}", id="key"), Records(file=f"a.{ending}", **RECORDS_OF_N)):
        frame = read(mine, tmp_path)
        assert frame["n"].to_list() == cells
        assert frame["id"].to_list() == [f"{i}{c}" for i, c in enumerate(cells)]
    (tmp_path / "b.jsonl").write_text('{"n": 1.10}\n{"n": 7}\n{"n": "seven"}\n{"n": true}\n{"n": 1E2}\n')
    assert read(config("b.jsonl"), tmp_path)["n"].to_list() == ["1.10", "7", "seven", "true", "1E2"]


RECORDS_OF_N: dict[str, Any] = {"name": "n", "licence": "l", "text": "v", "answer": "n", "id": "key"}


def test_columns_that_nobody_uses_are_not_looked_at(tmp_path: Path) -> None:
    frame = pl.DataFrame({"_id": [b"x"], "split": [None], "took": [timedelta(1)], "v": ["t"], "n": ["a"]})
    frame.write_parquet(tmp_path / "a.parquet")
    mine = Records(name="n", licence="l", file="a.parquet", text="v", answer="n")
    assert read(mine, tmp_path).rows() == [("row-00000000", "t", "a")]
    mine = config("a.parquet", ignore=["_id", "split", "took"])
    assert read(mine, tmp_path).rows() == [("row-00000000", "t", "a")]
    with pytest.raises(UsageError, match=r"column '_id' holds Binary, .* leave it out \(data.ignore\)"):
        read(config("a.parquet", ignore=["split"]), tmp_path)


BREACHES: list[tuple[str, list[dict[str, Any]], str]] = [
    ("jsonl", [{"n": 1}, {"n": 2, "new": 3}], r"row 2: unexpected column 'new' \(expected are n, x\)"),
    ("jsonl", [{"n": 1}, {"x": 2.0}], "row 2: column 'n' is empty, but it is declared as int"),
    ("jsonl", [{"n": 1}, {"n": "two"}], "row 2: column 'n' holds 'two', which is no int"),
    ("jsonl", [{"n": 1}, {"n": True}], "row 2: column 'n' holds True, which is no int"),
    ("jsonl", [{"n": 1}, {"n": 2**70}], "row 2: column 'n' holds 11805.*, which is no int"),
    ("csv", [{"n": 1, "x": "2.5"}, {"n": 2, "x": "2,5"}], "row 2: column 'x' holds '2,5', which is no float"),
    ("csv", [{"n": 1}], r"row 1: column 'x' is missing \(there are n\)"),
    ("csv", [{"n": 1, "x": 1, "y": 2}], "row 1: unexpected column 'y'"),
    ("parquet", [{"n": "one", "x": 1.0}], "row 1: column 'n' holds 'one', which is no int"),
    ("csv", [{"n": "1.5", "x": 1.0}], "row 1: column 'n' holds '1.5', which is no int"),
    ("parquet", [{"n": 1.5, "x": 1.0}], "row 1: column 'n' holds 1.5, which is no int"),
    ("parquet", [{"n": 1, "x": 1.0}, {"n": None, "x": 1.0}], "row 2: column 'n' is empty"),
]


@pytest.mark.parametrize(("ending", "rows", "sentence"), BREACHES, ids=[f"{b[0]}: {b[2]}" for b in BREACHES])
@pytest.mark.parametrize("size", [1, 100])
def test_a_breach_names_file_row_and_column(
    tmp_path: Path, ending: str, rows: list[dict[str, Any]], sentence: str, size: int
) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "jsonl":
        jsonl(path, rows)
    elif ending == "csv":
        pl.DataFrame(rows).write_csv(path, quote_style="non_numeric")
    else:
        pl.DataFrame(rows).write_parquet(path)
    with pytest.raises(UsageError, match=rf"a\.{ending}, {sentence}"):
        read(config(f"a.{ending}", columns={"n": "int", "x": "float?"}), tmp_path, size)


def test_a_type_is_inferred_from_all_files(tmp_path: Path) -> None:
    jsonl(tmp_path / "part" / "a.jsonl", [{"n": 1}])
    jsonl(tmp_path / "part" / "b.jsonl", [{"n": 2}, {"n": "x"}])
    mine = replace(config("part"), label="m")
    with pytest.raises(UsageError, match=r"has no column 'm' \(it has n\): correct data.label"):
        types_of(mine, locate(mine, tmp_path))
    jsonl(tmp_path / "part" / "c.jsonl", [{"m": "a"}])
    assert types_of(mine, locate(mine, tmp_path)) == {"n": "string?", "m": "string?"}
    assert read(mine, tmp_path)["n"].to_list() == ["1", "2", "x", None]


@pytest.mark.parametrize("declared", [{}, {"n": "int", "m": "string"}])
def test_what_folders_say_of_a_partition_is_said_not_to_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], declared: dict[str, str]
) -> None:
    for folder in ("year=2023/m=a", "year=2024/m=b"):
        jsonl(tmp_path / "run=7" / "sales" / folder / "part.jsonl", [{"n": 1, "m": "a"}])
    mine = config("run=7/sales", columns=declared)
    types_of(mine, locate(mine, tmp_path))
    (said,) = (line for line in capsys.readouterr().out.splitlines() if "no column of the files holds" in line)
    assert said.startswith(f"{tmp_path / 'run=7' / 'sales' / 'year=2023'}: what folders say of 'year' is not read")


VALUES = st.one_of(st.none(), st.integers(-5, 5), st.floats(-2, 2), st.text(max_size=3), st.booleans())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional={"n": VALUES, "x": VALUES, "y": VALUES}), min_size=1, max_size=8))
def test_the_number_of_rows_at_once_makes_no_difference(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        jsonl(Path(folder) / "a.jsonl", rows)
        said = []
        for size in (1, 3, 100):
            try:
                said.append(read(config("a.jsonl", columns={"n": "int?", "x": "string?"}), Path(folder), size).rows())
            except UsageError as error:
                said.append(str(error))
    # Of several breaches the first batch's is told, so that only whether there is one is the same.
    assert len({isinstance(one, str) for one in said}) == 1
    if not isinstance(said[0], str):
        assert said[0] == said[1] == said[2]


def test_folders_patterns_and_packed_shards_are_read_in_order(tmp_path: Path) -> None:
    for i, packed in enumerate(("", ".gz", ".zst")):
        path = jsonl(tmp_path / "logs" / f"part-{i}.jsonl", [{"n": i * 2}, {"n": i * 2 + 1}])
        if packed:
            content = path.read_bytes()
            path.unlink()
            packer = gzip.compress if packed == ".gz" else zstd
            path.with_name(path.name + packed).write_bytes(packer(content))
    (tmp_path / "logs" / ".hidden.jsonl").write_text("{}", encoding="utf-8")
    for file in ("logs", "logs/part-*", "*/*.jsonl*"):
        frame = read(config(file), tmp_path, 1)
        assert frame["n"].to_list() == [str(n) for n in range(6)]
        assert frame["id"].to_list() == [f"row-{i:08}" for i in range(6)]
    paths = locate(config("logs"), tmp_path)
    assert sha256_of_files(paths, tmp_path) != sha256_of_files(paths[:2], tmp_path)
    with pytest.raises(ShipworthyError, match=r"nothing-\*\.jsonl is missing"):
        locate(config("nothing-*.jsonl"), tmp_path)


def zstd(content: bytes) -> bytes:
    import pyarrow as pa

    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


def test_text_by_lines_and_by_files(tmp_path: Path) -> None:
    for label, name, text in (("good", "a", "One.\n\nTwo."), ("bad", "b", "Three.")):
        (tmp_path / "reviews" / label).mkdir(parents=True)
        (tmp_path / "reviews" / label / f"{name}.txt").write_text(text, encoding="utf-8")
    common = {"name": "n", "licence": "l", "file": "reviews", "text": "text", "answer": "folder"}
    for settings_, wanted in (
        ({}, [("Three.", "bad"), ("One.", "good"), ("Two.", "good")]),
        ({"format": "document"}, [("Three.", "bad"), ("One.\n\nTwo.", "good")]),
    ):
        mine = Records(**common, **settings_)
        paths = locate(mine, tmp_path)
        assert pl.concat(batches(mine, paths, types_of(mine, paths), 10)).drop("id").rows() == wanted


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.csv.zip", "a.csv.zip: an archive is not read: unpack it"),
        ("a.xlsx", "a.xlsx: a workbook is not read: save its sheet as CSV"),
        ("a.feather", "a.feather: it is not read: write its table as parquet"),
        ("a.pkl", "a.pkl: what may run code when it is read is not: write its table as parquet"),
        ("a.csv.1", "a.csv.1: give a file that ends in .csv"),
    ],
)
def test_a_file_that_no_format_reads_is_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / name).write_bytes(b"n\n1\n")
    with pytest.raises(UsageError, match=re.escape(sentence)):
        read(config(name), tmp_path)


def test_a_parquet_file_that_is_a_pointer_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n")
    with pytest.raises(ShipworthyError, match="it holds a pointer of Git LFS in place of the file: run `git lfs pull`"):
        read(config("a.parquet"), tmp_path)


def test_ids_of_ones_own(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"key": 7, "n": 1}, {"key": 5, "n": 2}])
    frame = read(config("a.jsonl", id="key"), tmp_path)
    assert frame.rows(named=True) == [{"id": "7", "key": "7", "n": "1"}, {"id": "5", "key": "5", "n": "2"}]
    jsonl(tmp_path / "a.jsonl", [{"key": 7, "n": 1}, {"n": 2}])
    with pytest.raises(UsageError, match=r"row 2: column 'key' \(data.id\) is empty"):
        read(config("a.jsonl", id="key"), tmp_path)
    with pytest.raises(UsageError, match=r"has no column 'code' .* correct data.label, data.id"):
        read(config("a.jsonl", id="code"), tmp_path)


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"columns": {"n": "number"}}, "data.columns.n=number: give one of string, int"),
        ({"file": "/etc/passwd"}, "put the data into data/"),
        ({"workers": 0}, "data.workers=0"),
    ],
)
def test_impossible_settings_are_refused(settings_: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        config(**{"file": "a.csv", **settings_})


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_white_space_around_the_names_of_columns_is_left_out_and_said(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pl.DataFrame({" n ": ["a", "b"], "\u00a0x\ufeff": [1, 2], "y z": [3, 4]})
    path = tmp_path / f"a.{ending}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[ending](path)
    assert read(config(path.name), tmp_path).drop("id").to_dict(as_series=False) == {
        "n": ["a", "b"], "x": [1, 2], "y z": [3, 4],
    }  # fmt: skip
    said = capsys.readouterr().out.splitlines()
    assert said == [f"{path}: columns are called without the white space around their names: ' n ', '\\xa0x\\ufeff'"]


def test_names_that_differ_in_white_space_alone_are_refused(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"n": 1, "x": 2}, {"n": 1, "x ": 3}])
    with pytest.raises(ShipworthyError, match="two columns are called 'x' but for white space around"):
        read(config("a.jsonl"), tmp_path)


def test_a_decimal_comma_is_found_whatever_stands_around_the_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(" n ; x \n1,5;2,5\n2,5;3,5\n", encoding="utf-8")
    found = with_decimal_mark(config("a.csv", ignore=["x"]), [tmp_path / "a.csv"])
    assert found.decimal == "."  # the label's own and what is ignored say nothing


def test_files_without_rows_among_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (("a.csv", ""), ("b.csv", "n\n1\n"), ("c.csv", "\r\n \n"), ("d.csv", "n\n"), ("e.jsonl", "")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    for settings_ in ({}, {"columns": {"n": "string"}}):
        assert read(config("[a-e].*", **settings_), tmp_path)["n"].to_list() == ["1"]
    said = capsys.readouterr().out
    assert all(f"{tmp_path / name} holds no rows\n" in said for name in ("a.csv", "c.csv", "d.csv", "e.jsonl"))
    for settings_ in ({}, {"columns": {"n": "string"}}):
        with pytest.raises(ShipworthyError, match="a.csv cannot be read: it holds no rows"):
            read(config("[a,c].csv", **settings_), tmp_path)


def test_what_describes_rows_is_not_read_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("README.md", "LICENSE", "rows.csv", "SHA256SUMS"):
        (tmp_path / "d" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "d" / name).write_text("n\n1\n", encoding="utf-8")
    found = snapshot.raw(config("d"), tmp_path)
    assert found[0] == [tmp_path / "d" / "rows.csv"]
    assert found[1] == sha256_of_files(locate(config("d"), tmp_path), tmp_path)
    assert "left out, for their names say that they describe the data: " in capsys.readouterr().out
    assert len(snapshot.raw(config("d", format="document"), tmp_path)[0]) == 4
    assert len(snapshot.raw(config("d/README.md", format="txt"), tmp_path)[0]) == 1


def test_a_text_among_numbers_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{n % 2},{n}.5,{'ab'[n % 2]}{n},{n}" for n in range(30)]
    (tmp_path / "a.csv").write_text("\n".join(["n,x,z,w", *rows, "1,unknown,a,", "0,NA,b,?", ""]), encoding="utf-8")
    assert types_of(config("a.csv"), [tmp_path / "a.csv"])["x"] == "string?"
    said = [line for line in capsys.readouterr().out.splitlines() if "among its numbers" in line]
    assert said == [
        f"{tmp_path / 'a.csv'}: column 'x' is read as names, for 'unknown' is among its numbers; where that is a "
        "gap, list it in data.missing"
    ]
    mine = config("a.csv", missing=["unknown"])
    assert types_of(mine, [tmp_path / "a.csv"])["x"] == "float?"


@pytest.mark.parametrize("name", ["hex", "rot13", "undefined", "latin9000"])
def test_what_is_no_encoding_of_text_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"data.encoding={name}: Python knows no encoding of text of this name"):
        config("a.csv", encoding=name)


def test_a_delimiter_is_one_character_or_a_tab_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\tx\n1\t2\n", encoding="utf-8")
    for tab in ("\t", "\\t", "tab"):
        assert read(config("a.csv", delimiter=tab), tmp_path)["x"].to_list() == [2]
    for wrong in ('"', "'", "\n", "\r", ";;"):
        with pytest.raises(UsageError, match="give one character, no quote and no end of a line"):
            config("a.csv", delimiter=wrong)
