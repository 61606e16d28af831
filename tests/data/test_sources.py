"""Raw files as rows, and one sentence for each that cannot be read."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.data import build
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import types_of
from shipworthy.data.splits.schema import Split

RECORDS = Records(name="n", licence="l", file="mine.csv", text="question", context=["topic"], answer="reply")
EVALS = Records(name="n", licence="l", file="s.jsonl", format="evals", text="question", answer="answer")
TABLE = Table(name="n", licence="l", file="mine.csv", label="y", ignore=["note"])


def read(config: Data, *paths: Path, batch_rows: int = 1000) -> pl.DataFrame:
    """The rows of the source, by id."""
    with TemporaryDirectory() as work:
        types = types_of(config, list(paths))
        return build.read(config, list(paths), types, Path(work), batch_rows=batch_rows).rows.collect()


def test_a_sample_is_always_the_same_part(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("topic,question,reply\n" + "".join(f"t,q{i},a{i}\n" for i in range(400)), encoding="utf-8")
    part = {share: set(read(replace(RECORDS, sample=share), path)["id"]) for share in (0.1, 0.3, 1.0)}
    assert part[0.1] < part[0.3] < part[1.0]
    assert 20 <= len(part[0.1]) <= 60


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_records_of_every_format(tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame({"id": [7, 8], "topic": ["a", "b"], "question": ["q1", None], "reply": [1, 2]})
    path = tmp_path / f"mine.{ending}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[ending](path)
    assert read(RECORDS, path).rows() == [
        ("row-00000000", "a", "q1", "1"),
        ("row-00000001", "b", None, "2"),
    ]


def sample(ideal: object, *messages: tuple[str, str]) -> str:
    return json.dumps({"input": [{"role": role, "content": text} for role, text in messages], "ideal": ideal}) + "\n"


def test_samples_of_evals_are_the_last_question_and_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    shot = (("system", "Say 1 or 0."), ("user", "shot"), ("assistant", "1"), ("user", "area man wins"))
    path.write_text(sample("1", *shot) + sample("0", ("user", "taxes rise")) + sample(None, ("system", "x")))
    assert read(EVALS, path).rows() == [
        ("row-00000000", "area man wins", "1"),
        ("row-00000001", "taxes rise", "0"),
        ("row-00000002", None, None),
    ]


@pytest.mark.parametrize("content", [sample(1, ("user", "x")), '{"input": "x", "ideal": "1"}', '{"input": [{}]}'])
def test_what_is_no_sample_of_evals_is_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(sample("1", ("user", "x")) + content)
    with pytest.raises(ShipworthyError, match="s.jsonl cannot be read: sample 2 has not 'input', a list of messages"):
        read(EVALS, path)


def test_the_column_of_the_id_may_serve_for_more(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("topic,question,reply\na,b,c\n", encoding="utf-8")
    config = replace(RECORDS, id="topic", split=Split(group_columns=["topic"]))
    assert read(config, path).rows(named=True) == [{"id": "a", "topic": "a", "question": "b", "answer": "c"}]


def test_a_table_has_numbers_and_names(tmp_path: Path) -> None:
    pl.DataFrame({"x": [1.5], "ok": [True], "note": ["n"], "y": [3]}).write_csv(tmp_path / "mine.csv")
    rows = read(TABLE, tmp_path / "mine.csv")
    assert rows.rows() == [("row-00000000", 1.5, "true", "3")]


@pytest.mark.parametrize(
    ("config", "columns", "sentence"),
    [
        (RECORDS, "topic,question,answer", r"no column 'reply' \(it has topic, question, answer\): correct data.text"),
        (RECORDS, "question,reply", "no column 'topic'"),
        (TABLE, "x,note", r"no column 'y' \(it has x, note\): correct data.label"),
        (TABLE, "x,note,cluster,y", "keeps names such as 'cluster' for itself"),
        (TABLE, "x,note,answer,y", "column 'answer' .* cannot be a feature"),
        (TABLE, "*,note,y", "takes the name '.' for a pattern of names: rename"),
        (TABLE, "^a$,note,y", "for a pattern of names: rename"),
    ],
)
def test_a_column_that_does_not_fit_is_one_sentence(
    tmp_path: Path, config: Records | Table, columns: str, sentence: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"{columns}\n{','.join('1' for _ in columns.split(','))}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=sentence):
        read(config, path)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_bytes(b"not parquet")
    with pytest.raises(ShipworthyError, match=r"mine\.parquet cannot be read"):
        read(RECORDS, tmp_path / "mine.parquet")
    (tmp_path / "mine.jsonl").write_text('{"question": ', encoding="utf-8")
    with pytest.raises(ShipworthyError, match=r"mine\.jsonl cannot be read"):
        read(RECORDS, tmp_path / "mine.jsonl")
    with pytest.raises(UsageError, match=r"give a file that ends in \.csv, \.json, \.jsonl, .*\.parquet, .*\.txt"):
        read(RECORDS, tmp_path / "mine.rows")


def test_impossible_settings_are_refused() -> None:
    for settings, sentence in (
        ({"sample": 0.0}, "data.sample=0.0"),
        ({"file": "../x.csv"}, "put the data into data/"),
        ({"min_words": 5, "max_words": 4}, "need 0 ≤ min ≤ max"),
        ({"context": ["topic", "reply"]}, "data.answer=reply is part of the question"),
    ):
        with pytest.raises(UsageError, match=sentence):
            replace(RECORDS, **settings)
    for split, sentence in (
        ({"test": 0}, "data.split.test=0"),
        ({"test": 1.5}, "data.split.test=1.5"),
        ({"test": 0.6, "validation": 0.5}, "leave nothing for train"),
        ({"train_rows": 0}, "data.split.train_rows=0"),
    ):
        with pytest.raises(UsageError, match=sentence):
            Split(**split)
