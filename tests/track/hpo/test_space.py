"""The language of spaces: what it says, what it refuses, and that values reach the config as they were chosen."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.core.errors import UsageError
from shipworthy.track.hpo.space import corners, inside, overrides, parse

FAMILY = {"model": {"categorical": ["tree", "line"]}}
CONDITIONAL = {
    "model.leaf": {"int": [2, 8], "step": 2, "when": {"model.depth": [3, 4]}},
    "model.depth": {"int": [2, 4], "when": {"model": ["tree"]}},
    "model.c": {"float": [0.1, 10.0], "log": True, "when": {"model": "line"}},
    **FAMILY,
}


def test_a_dimension_comes_after_those_it_depends_on():
    keys = [one.key for one in parse(CONDITIONAL)]
    assert keys.index("model") < keys.index("model.depth") < keys.index("model.leaf")
    assert sorted(keys) == sorted(CONDITIONAL)


def test_every_extreme_is_in_some_corner_and_no_corner_has_a_key_without_a_meaning():
    found = list(corners(parse(CONDITIONAL)))
    for key, extremes in {
        "model": {"tree", "line"},
        "model.leaf": {2, 8},
        "model.depth": {2, 4},
        "model.c": {0.1, 10.0},
    }.items():
        assert {params[key] for one, params in found if one.key == key} == extremes
    for _, params in found:
        assert ("model.c" in params) == (params["model"] == "line")
        assert ("model.leaf" in params) == (params.get("model.depth") in (3, 4))


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"a": [1, 2]}, "a must have one of float: [low, high], int:"),
        ({"a": {"float": [1, 2], "int": [1, 2]}}, "must have one of"),
        ({"a": {"float": [2.0, 1.0]}}, "2.0 is not below 1.0"),
        ({"a": {"float": [0.0, 1.0], "log": True}}, "log needs numbers above 0"),
        ({"a": {"int": [1, 2.5]}}, "int must be [low, high]"),
        ({"a": {"int": [1, 8], "step": 2}}, "no whole number of steps of 2"),
        ({"a": {"int": [1, 9], "step": 2, "log": True}}, "and no step"),
        ({"a": {"float": [0, 1], "lgo": True}}, "float knows no lgo"),
        ({"a": {"categorical": [1, 2], "log": True}}, "categorical knows no log"),
        ({"a": {"categorical": []}}, "must be a list"),
        ({"a": {"categorical": [1, 1]}}, "different plain values"),
        ({"a": {"categorical": [[1], [2]]}}, "different plain values"),
        ({"a": {"int": [1, 2], "when": {"b": [1]}}}, "depends on b, which is not in the space"),
        ({**FAMILY, "a": {"int": [1, 2], "when": {"model": ["tre"]}}}, "model being tre, which it never is"),
        ({"b": {"float": [0, 1]}, "a": {"int": [1, 2], "when": {"b": [1]}}}, "b, a float: only an int or a choice"),
        (
            {"a": {"int": [1, 2], "when": {"b": [1]}}, "b": {"int": [1, 2], "when": {"a": [1]}}},
            "a and b wait for one another",
        ),
    ],
)
def test_what_the_language_does_not_know_is_refused(space, said):
    with pytest.raises(UsageError) as error:
        parse(space)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@given(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)
    | st.sampled_from(["true", "null", "NaN", "1", "1e3", "it's", "a,b", "${x}", " x "])
)
def test_a_value_on_the_command_line_is_the_value(value):
    (text,) = overrides({"group.key": value})
    read = OverridesParser.create().parse_override(text).value()
    assert (read, type(read)) == (value, type(value)) or str(read) == value


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (4, True),
        (64, True),
        (3, False),
        (65, False),
        (8.0, True),
        (8.5, False),
        (True, False),
        (None, False),
        ("8", False),
    ],
)
def test_what_a_whole_number_may_be(value, held):
    (one,) = parse({"adapter.rank": {"int": [4, 64]}})
    assert one.holds(value) is held


def test_steps_and_choices():
    step, among = parse({"a": {"float": [0.0, 0.3], "step": 0.1}, "b": {"categorical": [1, "x", None, False]}})
    assert step.holds(0.2) and not step.holds(0.15)
    assert [among.holds(value) for value in (1, "x", None, False, True, 0, "y")] == [True] * 4 + [False] * 3


def test_a_point_has_every_key_that_means_something_and_no_other():
    space = parse(
        {"adapter": {"categorical": ["lora", "none"]}, "rank": {"int": [4, 8], "when": {"adapter": ["lora"]}}}
    )
    assert inside({"adapter": "lora", "rank": 4}, space) and inside({"adapter": "none"}, space)
    assert not inside({"adapter": "lora"}, space) and not inside({"adapter": "none", "rank": 4}, space)
    assert not inside({"adapter": "lora", "rank": 9}, space) and not inside({}, space)
