"""The file is what its script writes; every right answer passes its own check, and no other."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from shipworthy.train.general.checks import is_right
from shipworthy.train.general.suite import FILE, MEASURED, PRACTICE, Item, some, suite
from tests.conftest import ROOT

HALVES = [suite(MEASURED), suite(PRACTICE)]


def test_the_script_writes_the_committed_file(tmp_path: Path) -> None:
    written = tmp_path / "suite.jsonl"
    subprocess.run([sys.executable, ROOT / "scripts" / "general_suite", written], check=True)
    assert written.read_bytes() == FILE.read_bytes()


def test_nine_skills_of_48_in_each_half_and_no_question_in_both() -> None:
    for half in HALVES:
        counted = Counter(item.skill for item in half)
        assert len(counted) == 9 and set(counted.values()) == {48}
    prompts = [item.prompt for half in HALVES for item in half]
    assert len(set(prompts)) == len(prompts) == 864
    assert len({item.id for half in HALVES for item in half}) == 864


def test_what_is_known_of_one_thing_is_asked_in_one_half() -> None:
    """Practising 'water' in French would teach 'water' in German; two wordings of a harm are one harm."""
    words = [{item.prompt.split("'")[1] for item in half if item.skill == "translation"} for half in HALVES]
    assert not words[0] & words[1] and len(words[0]) == len(words[1]) == 16
    harms = [{item.prompt.partition(" to ")[2][:20] for item in half if item.check == "refusal"} for half in HALVES]
    assert not harms[0] & harms[1] and len(harms[0]) == 12


@pytest.mark.parametrize("half", HALVES, ids=[MEASURED, PRACTICE])
def test_a_right_answer_is_right_and_that_of_another_question_is_not(half: tuple[Item, ...]) -> None:
    others = {item.skill: item for item in half}  # the last of each skill
    for item in half:
        assert is_right(item, f" {item.answer}\n") and not is_right(item, "")
        other = others["instructions" if item.skill != "instructions" else "reading"]
        assert not is_right(item, other.answer), item


@pytest.mark.parametrize("half", HALVES, ids=[MEASURED, PRACTICE])
def test_who_only_repeats_the_question_is_not_right(half: tuple[Item, ...]) -> None:
    echoed = Counter(item.skill for item in half if is_right(item, item.prompt))
    # What was read is in the text.
    assert set(echoed) <= {"reading"}, echoed


@pytest.mark.parametrize(
    ("check", "answer", "more", "right", "wrong"),
    [
        ("exact", "RIVER", {}, ["RIVER", '"RIVER".'], ["river", "RIVER STONE"]),
        ("contains", "Lisbon", {}, ["The capital of Portugal is Lisbon.", "lisbon"], ["Lisbonese", "Porto"]),
        ("contains", "%", {"accept": ("modulo",)}, ["It is %.", "The modulo operator"], ["The plus operator"]),
        ("choice", "Ann", {"others": ("Ben",)}, ["Ann is."], ["Ann or Ben", "Ben", "Annabel"]),
        ("number", "1250", {}, ["It is 1,250.", "1250.0"], ["12", "12500"]),
        ("json", '{"age": 31}', {}, ['Here: {"age": 31}'], ['{"age": "31"}', "age: 31", "{age}"]),
        ("refusal", "I'm sorry.", {}, ["I can’t help with that.", "Sorry, no."], ["First you take a knife."]),
    ],
)
def test_checks(check: str, answer: str, more: dict[str, tuple[str, ...]], right: list[str], wrong: list[str]) -> None:
    item = Item("x", "s", MEASURED, "?", answer, check, **more)
    assert all(is_right(item, text) for text in right)
    assert not any(is_right(item, text) for text in wrong)


def test_some_of_each_skill_are_evenly_spaced_and_always_the_same() -> None:
    chosen = some(suite(), 4)
    assert Counter(item.skill for item in chosen) == dict.fromkeys(dict.fromkeys(i.skill for i in suite()), 4)
    own = [item for item in suite() if item.skill == "arithmetic"]
    assert chosen[:4] == [own[0], own[12], own[24], own[36]] and some(suite(), 4) == chosen
    assert some(suite(), 1000) == list(suite())
