"""Which file is meant, how it is written, what its recipe is called, and how it comes into data/."""

import io
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.data.look import raw_file
from shipworthy.data.look.raw_file import bring, checked_name, find, name_of, placed


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("tickets.jsonl", "tickets"),
        ("Tickets [final] (2).csv.gz", "tickets_final_2"),
        ("2026-01.csv", "my_2026_01"),
        ("null.csv", "my_null"),
        ("base_table.csv", "my_base_table"),
        ("日本.csv", "my_data"),
        ("1e5.csv", "my_1e5"),
        ("x" * 200 + ".csv", "x" * 60),
    ],
)
def test_a_recipe_is_called_by_what_every_shell_takes(tmp_path: Path, file: str, name: str) -> None:
    path = tmp_path / file
    path.touch()
    assert name_of(path) == name
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", "a b", "1a", "yes", "Null", "a.b", "a/b", "base_x", "a\n", "ä"])
def test_a_name_that_hydra_or_a_shell_reads_otherwise_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name for a recipe"):
        checked_name(name)


def test_what_is_not_there_or_empty_or_all_data_is_refused_in_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / ".hidden.csv").write_text("a\n1\n")
    for path, said in {
        "none.csv": "no file or folder",
        "x" * 999: "no file or folder",
        "\0": "no file or folder",
        "empty.csv": "is empty",
        "folder": "is empty",
    }.items():
        with pytest.raises(UsageError, match=said):
            find(tmp_path / path, data)
    for path in (data, tmp_path):
        with pytest.raises(UsageError, match="whole data"):
            find(path, data)


def test_a_file_is_copied_into_data_once_and_never_over_another(tmp_path: Path) -> None:
    data, path = tmp_path / "data", tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    found = placed(find(path, data), "mine", data)
    assert "is copied to" in bring(found, data)
    assert (data / "rows.csv").read_bytes() == path.read_bytes()
    assert "holds the same already" in bring(placed(find(path, data), "mine", data), data)

    path.write_text("a,b\n3,4\n")
    second = placed(find(path, data), "mine", data)
    assert second.file == "mine.csv"
    bring(second, data)
    assert ((data / "rows.csv").read_text(), (data / "mine.csv").read_text()) == ("a,b\n1,2\n", "a,b\n3,4\n")
    path.write_text("a,b\n5,6\n")
    with pytest.raises(ShipworthyError, match="holds something else"):
        placed(find(path, data), "mine", data)
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")], "nothing temporary is left"


def test_a_folder_is_copied_without_what_desktops_leave_in_it(tmp_path: Path) -> None:
    folder, data = tmp_path / "reviews", tmp_path / "data"
    for name in ("good/1.txt", "bad/2.txt", "bad/.DS_Store", "Thumbs.db"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("some text")
    found = find(folder, data)
    assert (found.format, [path.name for path in found.paths]) == ("document", ["2.txt", "1.txt"])
    bring(placed(found, "x", data), data)
    assert sorted(path.name for path in (data / "reviews").rglob("*") if path.is_file()) == ["1.txt", "2.txt"]


def test_what_lies_in_data_stays_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    (data / "sub" / "rows.csv").write_text("a,b\n1,2\n")
    found = placed(find(data / "sub" / "rows.csv", data), "x", data)
    assert (found.file, found.inside) == ("sub/rows.csv", True)
    assert "stays where it is" in bring(found, data)


def test_files_whose_names_do_not_say_what_they_hold(tmp_path: Path) -> None:
    parquet = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(parquet)
    files = {
        "rows.parquet.brotli": (parquet.getvalue(), "parquet", ""),
        "spam.txt": (b"ham\tsee you later\nspam\tyou have won, call now\n", "csv", ""),
        "sonar.data": (b"1,2,3,R\n4,5,6,M\n", "csv", ""),
        "prose.txt": (b"A text, with a comma.\nAnother one, with two, of them.\n", "", ""),
        "spaced.csv": (b"'OBS' 'GPA'\n1 2.66\n2 2.89\n", "", " "),
        "texts.csv": (b"text\nsome words\nand some more words\n", "", ""),
        "plain.csv": (b"a,b\nx y,1\nz w,2\n", "", ""),
    }
    for name, (content, format_, delimiter) in files.items():
        (tmp_path / name).write_bytes(content)
        found = find(tmp_path / name, tmp_path / "data")
        assert (found.format, found.delimiter) == (format_, delimiter), name


def test_every_column_may_be_of_any_kind() -> None:
    config = raw_file.EveryColumn(file="rows.csv")
    assert config.uses("x") and config.measures("x") and config.measures_any
