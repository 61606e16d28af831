"""Classes that look as if one was meant are said; which names are alike."""

import pytest

from shipworthy.data.class_names import warnings


@pytest.mark.parametrize(
    ("classes", "named"),
    [
        (["JA", "Ja", "nein"], "'JA' and 'Ja'"),
        (["1", "1.0", "2"], "'1' and '1.0'"),
        (["1000", "1e3"], "'1000' and '1e3'"),
        (["caf\u00e9", "cafe\u0301"], "'caf\u00e9' and 'cafe\u0301'"),
        (["on hold", "on  hold", "OnHold"], "'on hold' and 'on  hold' and 'OnHold'"),
        (["STRASSE", "Stra\u00dfe"], "'STRASSE' and 'Stra\u00dfe'"),
    ],
)
def test_names_that_look_alike_are_said(classes: list[str], named: str) -> None:
    (sentence,) = warnings(classes)
    assert sentence.startswith(f"the classes {named} differ in their writing alone: ")


@pytest.mark.parametrize(
    "classes", [["yes", "no"], ["012", "12"], ["1", "-1"], ["<=50K", ">50K"], ["a.b", "ab"], ["nan", "1e999"]]
)
def test_other_names_are_not(classes: list[str]) -> None:
    assert warnings(classes) == []


def test_many_are_counted() -> None:
    (sentence,) = warnings([sign + end for sign in "abcde" for end in ("x", "X")])
    assert "'cx' and 'cX', and 2 more such differ" in sentence
