"""A text is cut by the tokens of its whole question, no more than it must be."""

import pytest

from shipworthy.models.causal_lm.fit import LEAST, Cutter, Row

WORDS = " ".join(f"w{i}" for i in range(200))


def tokens(row: Row) -> int:
    """Seven for the template, one for each word."""
    return 7 + len(str(row["t"]).split())


@pytest.mark.parametrize(("keep", "first", "last"), [("start", "w0", "w42"), ("end", "w157", "w199")])
def test_as_much_stays_as_fits(keep: str, first: str, last: str) -> None:
    cut = Cutter("t", keep, 50).cut({"t": WORDS, "other": "x"}, tokens)
    found = str(cut["t"]).split()
    assert (found[0], found[-1], len(found), cut["other"]) == (first, last, 43, "x")


def test_both_ends_stay() -> None:
    found = str(Cutter("t", "both", 50).cut({"t": WORDS}, tokens)["t"])
    assert found.startswith("w0 w1 ") and found.endswith(" w199") and " … " in found
    assert 48 <= tokens({"t": found}) <= 50


def test_what_fits_is_left_alone_and_so_is_what_never_would() -> None:
    row = {"t": "a  b"}
    assert Cutter("t", "start", 9).cut(row, tokens) is row
    assert Cutter("t", "start", 8).cut(row, tokens) is row
    long = {"t": "a " * LEAST}
    assert Cutter("t", "start", 10).cut(long, tokens) is long
