"""What an interval is wide by, and whether what is asked for makes it as narrow as was said."""

import math

import numpy as np
import pytest

from shipworthy.track.ablation.crossed import crossed
from shipworthy.track.ablation.precision import more, spread


def differences(seeds: int, units: int, *, of_seeds: float, of_rows: float, rest: float, seed: int = 1):
    draws = np.random.default_rng(seed)
    rows = draws.normal(0, of_rows, units)
    return [draws.normal(0, of_seeds) + rows + draws.normal(0, rest, units) for _ in range(seeds)]


def test_variances_are_told_apart():
    found = spread(differences(60, 400, of_seeds=0.1, of_rows=0.5, rest=0.3))
    assert found.of_seeds == pytest.approx(0.01, rel=0.5)
    assert found.of_rows == pytest.approx(0.25, rel=0.2)
    assert found.rest == pytest.approx(0.09, rel=0.1)
    assert (found.seeds, found.units) == (60, 400)


def test_as_things_are_the_half_width_is_the_intervals_own():
    table = differences(5, 300, of_seeds=0.1, of_rows=0.5, rest=0.3)
    interval = crossed(table).interval(0.95)
    assert spread(table).half_width(0.95, 5) == pytest.approx((interval.high - interval.low) / 2, rel=0.02)


def test_where_seeds_vary_more_seeds_do_it():
    few = spread(differences(3, 5000, of_seeds=0.05, of_rows=0.2, rest=0.2))
    asked = more(few, 0.04, 0.95)
    assert asked is not None and asked.times == 1.0 and 3 < asked.seeds <= 20
    assert few.half_width(0.95, asked.seeds) <= 0.04 < few.half_width(0.95, asked.seeds - 1)
    assert few.share_of_rows(0.95) < 0.2


def test_where_rows_vary_no_number_of_seeds_does_it():
    few = spread(differences(3, 200, of_seeds=0.0, of_rows=0.5, rest=0.05))
    assert few.half_width(0.95, math.inf) > 0.04
    asked = more(few, 0.04, 0.95)
    assert asked is not None and asked.seeds == 3 and asked.times > 2
    assert few.half_width(0.95, 3, asked.times) <= 0.04 < few.half_width(0.95, 3, asked.times * 0.9)
    assert few.share_of_rows(0.95) > 0.8


def test_where_both_vary_both_are_asked_for_and_where_nothing_helps_nothing():
    both = spread(differences(2, 100, of_seeds=0.05, of_rows=1.0, rest=0.05, seed=4))
    asked = more(both, 0.05, 0.95)
    assert asked is not None and asked.seeds > 2 and asked.times > 1
    alone = spread([np.array([one]) for one in (0.5, -0.5, 0.4)])
    assert alone.units == 1 and more(alone, 0.001, 0.95) is None


def test_what_never_varies_is_told_without_error():
    found = spread([np.full(50, 0.25)] * 3)
    assert (found.half_width(0.95, 3), found.share_of_rows(0.95), found.rest) == (0.0, 0.0, 0.0)
