"""Each kind of fault is found and named; in a sound table nothing is."""

import re
from pathlib import Path

import pytest

from tests.data.planted import tables
from tests.data.planted.faults import FAULTS
from tests.data.planted.judge import judge


@pytest.fixture(scope="module")
def sound() -> tables.Sound:
    return tables.made_up()


@pytest.fixture(scope="module")
def adult() -> tables.Sound:
    return tables.adult()


def finds(name: str, table: tables.Sound, scratch: Path) -> None:
    planted = FAULTS[name]
    said = judge(planted.plant(table.rows), table, scratch, only=planted.where)
    assert any(re.search(planted.says, one) for one in said.get(planted.where, [])), said
    assert list(said) == [planted.where]


def test_in_a_sound_table_nothing_is_found(sound: tables.Sound, tmp_path: Path) -> None:
    assert judge(sound.rows, sound, tmp_path) == {}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(name: str, sound: tables.Sound, tmp_path: Path) -> None:
    finds(name, sound, tmp_path)


@pytest.mark.e2e
def test_in_adult_nothing_is_found(adult: tables.Sound, tmp_path: Path) -> None:
    assert judge(adult.rows, adult, tmp_path) == {}


@pytest.mark.e2e
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_in_adult_is_named(name: str, adult: tables.Sound, tmp_path: Path) -> None:
    finds(name, adult, tmp_path)
