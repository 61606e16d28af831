"""What is said of a file's columns."""

import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.look import raw_file
from shipworthy.data.look.profile import look
from tests.data.look.conftest import Look


def test_each_column_is_described_by_all_its_rows(look_at: Look) -> None:
    rows = ["id,age,town,note,half,^x$,"]
    rows += [f"{i},{i % 40 if i % 10 else 'NA'},t{i % 3},word {i} and more,{i / 2},1,2" for i in range(50)]
    seen = look_at("\n".join(rows))
    assert (seen.rows, seen.names) == (50, ["id", "age", "town", "note", "half", "^x$", ""])
    assert [one.type for one in seen.columns] == ["int", "int", "string", "string", "float", "int", "int"]
    age = seen["age"]
    assert (age.known, age.missing, age.distinct, age.low, age.high) == (45, pytest.approx(0.1), 36, 1, 39)
    assert seen["id"].is_unique and not seen["town"].is_unique
    assert (seen["note"].words, seen["note"].longest) == (4, 4)
    assert not seen["half"].whole and seen["age"].whole
    assert seen["half"].is_measure and seen["age"].is_measure and not seen["^x$"].is_measure
    assert seen.counts(seen["town"]) == [("t0", 17), ("t1", 17), ("t2", 16)]
    assert seen.values(seen["town"]).to_list()[:2] == ["t0", "t1"]
    assert seen["note"].examples[0] == "word 0 and more"
    assert seen.untyped


def test_rows_that_repeat_are_counted_without_the_columns_that_tell_them_apart(look_at: Look) -> None:
    seen = look_at("id,a,b\n1,x,y\n2,x,y\n3,x,z\n4,x,y\n")
    assert seen.repeated(["a", "b"]) == 2
    assert seen.repeated(seen.names) == 0


def test_a_header_of_numbers_is_no_header(look_at: Look) -> None:
    for text in ("0,0,5\n1,2,3\n", "1.5\n2.5\n", "5.1 3.5\n4.9 3.0\n"):
        with pytest.raises(ShipworthyError, match="has no names of columns"):
            look_at(text)
    assert look_at("name,2019,2020\na,1,2\n").names == ["name", "2019", "2020"]


def test_a_column_that_no_type_fits_is_named_and_the_others_are_read(tmp_path: pytest.TempPathFactory) -> None:
    path = tmp_path / "rows.parquet"  # type: ignore[operator]
    pl.DataFrame({"a": [1, 2], "raw": [b"x", b"y"]}).write_parquet(path)
    seen = look(raw_file.find(path, path.parent / "data"), path.parent)
    assert seen.names == ["a"] and seen.unreadable == {"raw": "holds Binary"}


def test_a_file_without_rows_is_refused(look_at: Look) -> None:
    with pytest.raises(ShipworthyError, match="holds no rows"):
        look_at("a,b\n")


def test_a_decimal_comma_is_read_as_prepare_reads_it(look_at: Look) -> None:
    seen = look_at("x;paid;y\n" + "".join(f"{i},25;{i}.000,5;{'ab'[i % 2]}\n" for i in range(1, 40)))
    assert [one.type for one in seen.columns] == ["float", "float", "string"]
    assert (seen["x"].high, seen["paid"].high) == (39.25, 39_000.5)
