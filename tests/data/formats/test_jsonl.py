"""JSON as those who write it write it; hypothesis makes the values."""

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.formats.batch import Written
from shipworthy.data.formats.jsonl import batches
from shipworthy.models.raw_rows import text_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUE = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=2))
ROWS = st.lists(st.fixed_dictionaries({"text": TEXT, "v": VALUE}), min_size=1, max_size=5)


def of(content: str | bytes, rows: int = 2, ending: str = "jsonl") -> list[dict[str, Any]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a [1].{ending}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = list(batches(path, rows, Written()))
    return [{name: batch.columns[name][i] for name in batch.columns} for batch in found for i in range(batch.rows)]


@settings(max_examples=80, deadline=None)
@given(rows=ROWS, escaped=st.booleans(), end=st.sampled_from(["\n", "\r\n", "\r"]), last=st.booleans())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_python_writes(rows: list[dict[str, Any]], escaped: bool, end: str, last: bool, encoding: str) -> None:
    lines = [json.dumps(row, ensure_ascii=escaped) for row in rows]
    assert of((end.join(lines) + (end if last else "")).encode(encoding)) == rows
    assert of(json.dumps(rows, ensure_ascii=escaped, indent=1).encode(encoding), ending="json") == rows


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries({"text": TEXT, "n": st.integers(-9, 9)}), min_size=1, max_size=5))
def test_what_pandas_writes(rows: list[dict[str, Any]]) -> None:
    for settings_ in ({"lines": True}, {"lines": False}, {"lines": True, "force_ascii": False}):
        assert of(pd.DataFrame(rows).to_json(orient="records", **settings_)) == rows


def test_numbers_are_known_as_they_were_written() -> None:
    values = [row["v"] for row in of('{"v": 1.10}\n{"v": 1e2}\n{"v": 12345678901234567890123}\n{"v": true}\n')]
    assert values == [1.1, 100.0, 12345678901234567890123, True]
    assert [text_of(value) for value in values] == ["1.10", "1e2", "12345678901234567890123", "true"]


def test_half_a_character_is_replaced_wherever_it_stands() -> None:
    assert of('{"a": "x \\ud83d", "b": ["\\udc00", {"\\ud800": 1}], "c": "\\ud83d\\ude00"}') == [
        {"a": "x \ufffd", "b": ["\ufffd", {"\ufffd": 1}], "c": "😀"}
    ]


@pytest.mark.parametrize("orient", ["columns", "index", "split", "records", "table"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("index", [[0, 1, 2], [7, 3, 9]])
def test_a_table_as_pandas_writes_it(orient: Any, indent: int | None, index: list[int]) -> None:
    frame = pd.DataFrame({"text": ["a", "b", None], "n": [1, 2, 3]}, index=index)
    assert of(frame.to_json(orient=orient, indent=indent)) == [
        {"text": "a", "n": 1}, {"text": "b", "n": 2}, {"text": None, "n": 3},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1},\n{"a": {"b": "\\ud83d"}},\n',
        '[{"a": 1},\n{"a": {"b": "\\ud83d"}},\n]',
        '{\n "a": 1\n}\n{\n "a": {"b": "\\ud83d"}\n}\n',
        ' { "a":\n1 } , { "a": {"b": "\\ud83d"} }',
        '\n\n{"a": 1}\r\n\r\n{"a": {"b": "\\ud83d"}}\r\n\r\n',
    ],
)
def test_objects_however_they_are_laid_out(content: str) -> None:
    assert of(content) == [{"a": 1}, {"a": {"b": "\ufffd"}}]


def test_one_object_that_is_no_table_is_a_row() -> None:
    for one in (
        '{"messages": [{"role": "user"}]}',
        '{"conversations": [{"from": "human", "value": "x"}]}',
        '{"0": {"a": 1}, "1": {"b": 1}}',
        '{"data": []}',
        '{"data": [1]}',
        '{"id": 7, "parts": [{"a": 1}]}',
    ):
        assert of(one) == [json.loads(one)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_below_the_only_key_is_the_rows_and_that_is_said(
    indent: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": "a", "role": "clerk"}, {"text": "b", "role": None}, {"n": 3}]
    assert of(json.dumps({"data": rows}, indent=indent), rows=5) == [
        {"text": "a", "role": "clerk", "n": None}, {"text": "b", "role": None, "n": None},
        {"text": None, "role": None, "n": 3},
    ]  # fmt: skip
    assert "read as the list below its key 'data': 3 rows" in capsys.readouterr().out
    assert of('{"data": [{"a": 1}]}\n{"data": [{"a": 2}]}') == [{"data": [{"a": 1}]}, {"data": [{"a": 2}]}]


def test_a_number_of_more_digits_than_python_reads_is_known_as_it_was_written() -> None:
    ((value,),) = (row.values() for row in of(f'{{"v": {"9" * 5000}}}'))
    assert value == math.inf and text_of(value) == "9" * 5000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"a": 1}\n{"a": ', "line 2 is no JSON"),
        ('{"a": 1}\n[1]', "line 2 is no JSON object"),
        ('{"a": 1, "a": 2}', "line 1 names the key 'a' twice"),
        ("[" * 100_000, "is no JSON"),
        ("[1]", "member 1 is no JSON object"),
        ('[{"a": 1}', "its array has no end"),
        ('[{"a": 1}] {"a": 2}', "its array has no end, or something comes after it"),
        ('{\n"a": 1,\n"a": 2}', "object 1 names the key 'a' twice"),
        ('# made\n{"a": 1}', "line 1 is no JSON"),
        ('{"a": ' + "[" * 100_000, "line 1 is no JSON .it is nested too deep"),
    ],
)
def test_what_is_no_json_is_one_sentence(content: str, sentence: str) -> None:
    with pytest.raises(ShipworthyError, match=rf"a \[1\]\.jsonl cannot be read: .*{sentence}"):
        of(content)
