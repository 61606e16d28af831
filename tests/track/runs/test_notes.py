"""Notes that several people write at once."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.track.runs import notes

TIMES = 25


def write(folder: Path, field: str) -> None:
    for time in range(TIMES):
        notes.edit(folder, {field: f"{field} {time}"})


def test_notes_are_set_kept_and_taken_back(tmp_path: Path) -> None:
    assert notes.read(tmp_path) == {}
    notes.edit(tmp_path, {"hypothesis": "Larger is better."})
    assert notes.edit(tmp_path, {"lesson": "It is not."}) == {"hypothesis": "Larger is better.", "lesson": "It is not."}
    assert notes.edit(tmp_path, {"hypothesis": ""}) == {"lesson": "It is not."}
    assert read_json(tmp_path / notes.FILE)["edited"] > 1.7e9
    with pytest.raises(UsageError, match="not 'lessen'"):
        notes.edit(tmp_path, {"lessen": "x"})


def test_who_writes_at_once_loses_nothing(tmp_path: Path) -> None:
    fields = ("hypothesis", "lesson")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(write, [tmp_path] * 2, fields))
    assert notes.read(tmp_path) == {field: f"{field} {TIMES - 1}" for field in fields}
    assert not list(tmp_path.glob("*.tmp"))


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    token = "hf_" + "a1B2" * 8
    notes.edit(tmp_path, {"lesson": f"It needs {token} to load."})
    assert token not in (tmp_path / notes.FILE).read_text()
    assert "It needs" in notes.read(tmp_path)["lesson"]


def test_the_headline_is_what_was_learned() -> None:
    assert notes.headline({"hypothesis": "h", "change": "c", "result": "r", "lesson": "l"}) == "l"
    assert notes.headline({"hypothesis": "h", "change": "c"}) == "c"
    assert notes.headline({}) == ""
