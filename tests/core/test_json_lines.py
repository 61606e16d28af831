from pathlib import Path

from shipworthy.core import json_lines

STRANGE = "Best so far\u2028chosen\u2029with\u0085Ana\x0b\x0c\x1c\x1d\x1e\r end"


def test_what_ends_no_line_stands_in_one(tmp_path: Path) -> None:
    path = tmp_path / "below" / "notes.jsonl"
    json_lines.append(path, {"note": STRANGE})
    json_lines.append(path, {"note": 2})
    assert [line["note"] for line in json_lines.read(path)] == [STRANGE, 2]
    assert path.read_bytes().count(b"\n") == 2


def test_torn_and_bad_lines_are_left_out_and_ended(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(b'{"a": 1}\n\n[1]\n\xff\xfe\n\0\0\0\n{"a": 2}\r\n{"a": "cut o')
    assert [line["a"] for line in json_lines.read(path)] == [1, 2]
    json_lines.append(path, {"a": 3, "half": "\ud83d"})
    assert [line["a"] for line in json_lines.read(path)] == [1, 2, 3]
    assert [number for number, _ in json_lines.texts(path)] == [1, 3, 4, 6, 7, 8]
    assert list(json_lines.read(tmp_path / "none")) == []
