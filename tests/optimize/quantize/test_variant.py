"""Which variant is chosen, and whether it was shown to lose nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from shipworthy.evaluation.paired import noninferiority
from shipworthy.optimize.quantize.variant import Judged, Variant, adjust, choose, judge, smallest

N = 1000
REFERENCE = np.arange(N) < 400
CRITERIA = {"alpha": 0.01, "noninferiority_margin": 0.03, "max_size_mb": 160}


def judged(name: str, size_mb: float, lost: int, reference: NDArray[np.bool_] = REFERENCE) -> Judged:
    """A variant that gets `lost` of the reference's right rows wrong."""
    correct = reference.copy()
    correct[:lost] = False
    return judge(Variant(name, name, "gguf", size_mb, [], [], 0.1), correct, {}, reference, CRITERIA)


def adjusted(*variants: Judged) -> list[Judged]:
    adjust(variants)
    return list(variants)


def test_the_smallest_that_lost_nothing_is_chosen() -> None:
    best, passed, why = choose(adjusted(judged("q8_0", 145, 1), judged("q4_k_m", 105, 2)))
    assert (best.variant.name, passed) == ("q4_k_m", True)
    assert "Holm-corrected" in why


def test_a_smaller_one_that_lost_too_much_is_not() -> None:
    variants = adjusted(judged("q8_0", 145, 1), judged("q4_k_m", 105, 60))
    assert [v.holds for v in variants] == [True, False]
    assert choose(variants)[0].variant.name == "q8_0"


def test_one_that_is_too_large_goes_on_without_passing() -> None:
    variants = adjusted(judged("q8_0", 170, 1), judged("q4_k_m", 105, 60))
    assert smallest(variants) is None
    best, passed, why = choose(variants)
    assert (best.variant.name, passed) == ("q8_0", False)
    assert "160 MB" in why


def test_where_all_lost_too_much_the_last_resort_goes_on_without_passing() -> None:
    best, passed, why = choose(adjusted(judged("q4_k_m", 105, 60), judged("f16", 271, 50)))
    assert (best.variant.name, passed) == ("f16", False)
    assert "least compressed" in why


def test_several_chances_are_corrected_for() -> None:
    """Alone it passes at 0.01; as one of two it does not."""
    lost = next(n for n in range(30) if noninferiority(_without(n), REFERENCE, 0.03, 0.01).p_value > 0.006)
    alone, first, second = judged("a", 1, lost), judged("b", 1, lost), judged("c", 1, lost)
    assert adjusted(alone)[0].holds
    assert [v.holds for v in adjusted(first, second)] == [False, False]
    assert first.p_holm == pytest.approx(2 * first.test.p_value)
    assert first.to_json()["noninferiority"]["p_value"] == first.p_holm
    assert first.to_json()["noninferiority"]["holds"] is False


def test_few_rows_show_nothing() -> None:
    """No difference on 20 rows is no proof."""
    few = np.ones(20, dtype=bool)
    assert not adjusted(judged("q8_0", 145, 0, few))[0].holds


def _without(n: int) -> NDArray[np.bool_]:
    correct = REFERENCE.copy()
    correct[:n] = False
    return correct
