"""Split conformal intervals: hand values, the definition, and coverage over many made data sets."""

from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shipworthy.models import conformal
from shipworthy.models.conformal import Conformal


def test_the_ninth_of_nine_errors_is_that_of_nine_tenths() -> None:
    assert conformal.fit(0.9, [9, 1, 8, 2, 7, 3, 6, 4, 5]) == Conformal(0.9, 9)
    assert conformal.fit(0.5, [9, 1, 8, 2, 7, 3, 6, 4, 5]) == Conformal(0.5, 5)
    assert conformal.fit(0.8, [-3.0, -1.0, -2.0, -4.0]) == Conformal(0.8, -1.0)


@pytest.mark.parametrize("level", ["0.05", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99", "0.999"])
def test_which_error_it_is_does_not_depend_on_rounding(level: str) -> None:
    exact = Fraction(level)
    needed = conformal.rows_needed(float(level))
    assert needed == next(n for n in range(1, 2000) if ceil((n + 1) * exact) <= n)
    for n in range(needed, needed + 100):
        assert conformal.fit(float(level), range(1, n + 1)).beyond == ceil((n + 1) * exact)


def test_too_few_rows_tell_nothing() -> None:
    with pytest.raises(ValueError, match=r"8 rows are too few for an interval of 0.9"):
        conformal.fit(0.9, [1.0] * 8)


def test_an_interval_holds_its_number() -> None:
    assert Conformal(0.9, 2.0).bounds(10.0) == (8.0, 12.0)
    assert Conformal(0.9, 2.0).bounds(10.0, 9.0, 15.0) == (7.0, 17.0)
    assert Conformal(0.9, -2.0).bounds(10.0, 4.0, 15.0) == (6.0, 13.0)
    assert Conformal(0.9, -2.0).bounds(10.0, 9.0, 15.0) == (10.0, 13.0)


def test_written_and_read(tmp_path: Path) -> None:
    assert conformal.read(tmp_path) is None
    conformal.write(Conformal(0.9, 1.5), tmp_path)
    assert conformal.read(tmp_path) == Conformal(0.9, 1.5)


def spread(noise: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones_like(x) if noise == "alike" else 0.2 + 3 * x


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("own", [False, True], ids=["number alone", "own bounds"])
@pytest.mark.parametrize("noise", ["alike", "growing"])
def test_intervals_hold_as_many_new_rows_as_asked(noise: str, own: bool, level: float) -> None:
    """Over many data sets of exchangeable rows; a model of own bounds is wrong about them, and that is corrected."""
    draws, held, widths = np.random.default_rng(7), [], []
    for _ in range(400):
        x = draws.random(60 + 200)
        y = 5 * x + draws.standard_t(4, size=len(x)) * spread(noise, x)
        said = 5 * x + 0.3  # a little off
        ends = 0.7 * spread(noise, x) if own else np.zeros_like(x)
        outside = np.maximum(said - ends - y, y - said - ends)
        found = conformal.fit(level, outside[:60].tolist())
        bounds = [found.bounds(s, s - e, s + e) for s, e in zip(said[60:], ends[60:], strict=True)]
        low, high = np.array(bounds).T
        held.append(float(((low <= y[60:]) & (y[60:] <= high)).mean()))
        widths.append(float((high - low).mean()))
    assert abs(np.mean(held) - level) < 0.015
    assert np.mean(widths) < 20
