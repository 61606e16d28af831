"""JSON objects are read and written so that numbers stand as they were written."""

import json

import pytest

from shipworthy.models.json_row import TwiceError, dumps, loads


@pytest.mark.parametrize(
    "line",
    ['{"a": 1.10, "b": 1e5, "c": 7, "d": "x\\u2028", "e": null, "f": true}', '{"a": [1, "b"], "c": {"d": ""}}', "{}"],
)
def test_an_object_is_written_as_it_was_read(line: str) -> None:
    assert dumps(loads(line)) == line


def test_other_numbers_are_written_as_json_does() -> None:
    assert json.loads(dumps({"a": 0.1, "b": -2})) == {"a": 0.1, "b": -2}


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(TwiceError, match="a"):
        loads('{"a": 1, "a": 2}')
