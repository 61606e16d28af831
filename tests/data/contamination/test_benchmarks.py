"""Benchmark files in every format, and those that can't be read."""

from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.contamination import benchmarks
from shipworthy.data.contamination.benchmarks import read
from shipworthy.data.contamination.schema import Benchmark

TEXTS = ["what is this?", 'a "quoted", text', "", "ü"]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "txt"])
def test_every_format_gives_texts_with_their_rows(tmp_path: Path, ending: str) -> None:
    path, rows = tmp_path / f"b.{ending}", pl.DataFrame({"question": TEXTS, "n": [1, 2, 3, 4]})
    match ending:
        case "jsonl":
            rows.write_ndjson(path)
        case "csv":
            rows.write_csv(path)
        case "parquet":
            rows.write_parquet(path)
        case _:
            path.write_text("\n".join(TEXTS) + "\n")
    found = read([Benchmark(str(path), "" if ending == "txt" else "question")], "text")
    assert list(found) == [path.name]
    frame = found[path.name].collect()
    assert frame.columns == ["id", "text"]
    assert frame["id"].to_list() == [f"b.{ending}:{i}" for i in range(1, 5)]
    assert frame["text"].to_list() == TEXTS


def test_a_path_begins_at_the_project_wherever_the_command_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.txt").write_text("one")
    monkeypatch.setattr(benchmarks, "project_root", lambda: tmp_path)
    assert read([Benchmark("b.txt")], "text")["b.txt"].collect()["text"].to_list() == ["one"]


def test_files_that_can_not_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,m\n1,2\n")
    (tmp_path / "broken.parquet").write_text("no")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.xml").write_text("x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("x")
    for files, said in (
        ([Benchmark(str(tmp_path / "none.csv"), "q")], "does not exist"),
        ([Benchmark(str(tmp_path / "a.xml"), "q")], "a.xml: give a file that ends in .csv"),
        ([Benchmark(str(tmp_path / "a.csv"), "q")], r"column 'q' is missing \(there are n, m\)"),
        ([Benchmark(str(tmp_path / "a.txt"), "q")], "name its column of texts"),
        ([Benchmark(str(tmp_path / "a.csv"))], "name its column of texts"),
        ([Benchmark(str(tmp_path / "broken.parquet"), "q")], "broken.parquet cannot be read"),
        (
            [Benchmark(str(tmp_path / "a.txt")), Benchmark(str(tmp_path / "sub" / "a.txt"))],
            "two files are called a.txt",
        ),
    ):
        with pytest.raises(UsageError, match=said):
            read(files, "text")
