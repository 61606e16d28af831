"""Which variant is chosen, and whether it was shown to lose nothing."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.protocol import Prediction
from shipworthy.optimize.quantize.variant import Judged, Variant, choose, judge, smallest

N = 1000
REFERENCE = np.arange(N) < 400
CRITERIA = {"alpha": 0.01, "noninferiority_margin": 0.03, "max_size_mb": 160, "tolerate_loss": False}
TASK = Classification(name="t", description="d", baselines=["majority"])


def halves(n: int) -> dict[str, list[str]]:
    return {"half": ["first"] * (n // 2) + ["second"] * (n - n // 2)}


@dataclass
class Made:
    """A variant that gets `lost` of the reference's right rows wrong, and `won` of its wrong ones right."""

    name: str
    size_mb: float
    lost: int
    won: int = 0

    def variant(self, reference: NDArray[np.bool_]) -> Variant:
        correct = reference.copy()
        correct[np.flatnonzero(reference)[: self.lost]] = False
        correct[np.flatnonzero(~reference)[: self.won]] = True
        given = [Prediction("right" if one else "wrong") for one in correct]
        return Variant(self.name, self.name, "gguf", self.size_mb, given, [], 0.1)


def judged(*made: Made, reference: NDArray[np.bool_] = REFERENCE, **criteria: object) -> list[Judged]:
    n = len(reference)
    variants = [one.variant(reference) for one in made]
    return judge(TASK, variants, ["right"] * n, reference, {**CRITERIA, **criteria}, Resampling(n), halves(n))


def test_the_smallest_that_lost_nothing_is_chosen() -> None:
    best, passed, why = choose(judged(Made("q8_0", 145, 1), Made("q4_k_m", 105, 2)))
    assert (best.variant.name, passed) == ("q4_k_m", True)
    assert "lose less than 3 points (2 variants, Holm-corrected, alpha 0.01) and fits 160 MB" in why


def test_a_smaller_one_that_lost_too_much_is_not() -> None:
    variants = judged(Made("q8_0", 145, 1), Made("q4_k_m", 105, 60))
    assert [v.holds for v in variants] == [True, False]
    assert choose(variants)[0].variant.name == "q8_0"


def test_one_that_is_too_large_goes_on_without_passing() -> None:
    variants = judged(Made("q8_0", 170, 1), Made("q4_k_m", 105, 60))
    assert smallest(variants) is None
    best, passed, why = choose(variants)
    assert (best.variant.name, passed) == ("q8_0", False)
    assert "160 MB" in why


def test_where_all_lost_too_much_the_last_resort_goes_on_without_passing() -> None:
    best, passed, why = choose(judged(Made("q4_k_m", 105, 60), Made("f16", 271, 50)))
    assert (best.variant.name, passed) == ("f16", False)
    assert "least compressed" in why


def test_a_loss_that_was_shown_is_met_only_where_it_is_tolerated() -> None:
    """12 rows lost and none won: surely worse, and surely by less than three points."""
    (refused,) = judged(Made("q4_k_m", 105, 12))
    assert refused.claim.sentence == "worse, by less than 3 points" and not refused.holds
    (tolerated,) = judged(Made("q4_k_m", 105, 12), tolerate_loss=True)
    assert tolerated.holds and tolerated.claim.words == "worse"


def test_several_chances_are_corrected_for() -> None:
    """Alone it passes at 0.01; as one of two it does not."""
    one = next(made for n in range(60) if (made := Made("a", 1, 20 + n, 20)) and _p(made) > 0.006)
    (alone,) = judged(one)
    first, second = judged(one, one)
    assert alone.holds
    assert [first.holds, second.holds] == [False, False]
    assert first.claim.p_margin == pytest.approx(2 * _p(one))
    assert first.to_json()["noninferiority"]["p_margin"] == first.claim.p_margin
    assert first.to_json()["noninferiority"]["holds"] is False


def _p(made: Made) -> float:
    p = judged(made)[0].claim.p_margin
    assert p is not None
    return p


def test_few_rows_show_nothing() -> None:
    """No difference on 20 rows is no proof."""
    assert not judged(Made("q8_0", 145, 0), reference=np.ones(20, dtype=bool))[0].holds


def test_correct_rows_are_kept_beside_scored_ones() -> None:
    (one,) = judged(Made("q8_0", 145, 3))
    assert one.correct is not None and one.correct.sum() == 397 and (one.scored == one.correct).all()
    assert one.metrics["accuracy"].value == pytest.approx(0.397)


def test_each_variant_is_measured_slice_by_slice() -> None:
    (one,) = judged(Made("q8_0", 145, 3))
    assert [(part["part"], part["rows"]) for part in one.slices["parts"]] == [("first", 500), ("second", 500)]
    assert one.slices["worst"]["part"] == "second" and one.to_json()["slices"] == one.slices
