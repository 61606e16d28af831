"""Notes that several people write, at once and after the fact: nothing that was noted is changed or lost."""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_json
from shipworthy.track.runs import notes
from tests.track.runs import project

TIMES = 25


def write(folder: Path, field: str) -> None:
    for time in range(TIMES):
        notes.add(folder, {field: f"{field} {time}"})


def test_notes_are_added_and_taken_back_and_their_history_stays(tmp_path: Path) -> None:
    assert notes.read(tmp_path) == {}
    notes.add(tmp_path, {"hypothesis": "Larger is better."})
    assert notes.add(tmp_path, {"lesson": "It is not."}) == {"hypothesis": "Larger is better.", "lesson": "It is not."}
    assert notes.add(tmp_path, {"hypothesis": ""}) == {"lesson": "It is not."}
    said = [(one.field, one.text) for one in notes.history(tmp_path)]
    assert said == [("hypothesis", "Larger is better."), ("lesson", "It is not."), ("hypothesis", "")]
    assert all(one.time > 1.7e9 and one.author for one in notes.history(tmp_path))
    with pytest.raises(UsageError, match="not 'lessen'"):
        notes.add(tmp_path, {"lessen": "x"})


def test_who_writes_at_once_loses_nothing(tmp_path: Path) -> None:
    fields = ("hypothesis", "lesson")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(write, [tmp_path] * 2, fields))
    assert notes.read(tmp_path) == {field: f"{field} {TIMES - 1}" for field in fields}
    assert len(notes.history(tmp_path)) == 2 * TIMES


def test_a_hypothesis_is_noted_with_its_launch_and_once(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", status="killed")
    notes.launch(folder, "More steps.")
    notes.launch(folder, "More steps.")  # the same, gone on with
    notes.launch(folder, "")
    notes.launch(folder, "A higher rate.")
    assert [(one.text, one.start, one.late) for one in notes.history(folder)] == [
        ("More steps.", 2, False),
        ("A higher rate.", 2, False),
    ]
    assert notes.read(folder) == {"hypothesis": "A higher rate."}


def test_a_hypothesis_after_the_result_is_marked_and_replaces_none(tmp_path: Path) -> None:
    given, without = project.run(tmp_path, "a", status="killed"), project.run(tmp_path, "b")
    notes.launch(given, "It rises.")
    with (given / "starts.jsonl").open("a") as file:
        file.write(json.dumps({"start": 1, "ended": 1.8e9, "status": "finished", "said": "", "step": 1}) + "\n")
    for folder in (given, without):
        notes.add(folder, {"hypothesis": "It falls.", "lesson": "It falls."})
    assert notes.read(given) == {"hypothesis": "It rises.", "lesson": "It falls."}
    assert notes.read(without) == {"hypothesis": "It falls. (after the result)", "lesson": "It falls."}
    notes.add(given, {"hypothesis": ""})
    assert notes.read(given)["hypothesis"] == "It rises.", "nor does taking it back"
    assert [one.text for one in notes.history(given) if one.late] == ["It falls.", "It falls.", ""]
    said = notes.too_late(given, "It falls.", tmp_path / "artifacts")
    assert "its hypothesis stays that of 20" in said and "'It rises.'" in said and f"runs note {given.name}" in said
    assert notes.too_late(given, "It rises.", tmp_path) == ""
    assert "it was made without one" in notes.too_late(without, "It falls.", tmp_path / "artifacts")


def test_notes_from_before_they_were_entries_are_read(tmp_path: Path) -> None:
    write_json(tmp_path / notes.OLD_FILE, {"hypothesis": "h", "lesson": "l", "edited": 1.79e9})
    notes.add(tmp_path, {"lesson": "m"})
    assert notes.read(tmp_path) == {"hypothesis": "h", "lesson": "m"}
    assert [(one.text, bool(one.author)) for one in notes.history(tmp_path)] == [("h", 0), ("l", 0), ("m", 1)]


def test_what_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    notes.add(tmp_path, {"result": "r"})
    with (tmp_path / notes.FILE).open("a") as file:
        file.write('{"field": "lesson", "te')
    notes.add(tmp_path, {"change": "c"})
    assert notes.read(tmp_path) == {"change": "c", "result": "r"}


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    token = "hf_" + "a1B2" * 8
    notes.add(tmp_path, {"lesson": f"It needs {token} to load."})
    assert token not in (tmp_path / notes.FILE).read_text()
    assert "It needs" in notes.read(tmp_path)["lesson"]


def test_the_headline_is_what_was_learned() -> None:
    assert notes.headline({"hypothesis": "h", "change": "c", "result": "r", "lesson": "l"}) == "l"
    assert notes.headline({"hypothesis": "h", "change": "c"}) == "c"
    assert notes.headline({}) == ""
