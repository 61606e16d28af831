import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation.power import rows_needed, smallest_effect


def test_the_exact_test_finds_that_effect_about_as_often_as_promised() -> None:
    n, discordance, alpha = 1200, 0.3, 0.01
    effect = smallest_effect(n, discordance, alpha, power=0.8)
    # Exactly, over every number of discordant rows and of wins among them.
    power = 0.0
    for discordant in np.nonzero(binom.pmf(np.arange(n + 1), n, discordance) > 1e-6)[0]:
        wins = np.arange(discordant + 1)
        significant = 2 * binom.sf(wins - 1, discordant, 0.5) < alpha
        found = binom.pmf(wins, discordant, (discordance + effect) / 2 / discordance)[significant].sum()
        power += binom.pmf(discordant, n, discordance) * found
    assert power == pytest.approx(0.8, abs=0.03)


@given(st.integers(30, 20_000), st.floats(0.05, 0.9), st.sampled_from([0.01, 0.05]))
def test_it_inverts_the_number_of_rows_and_falls_with_it(n: int, discordance: float, alpha: float) -> None:
    effect = smallest_effect(n, discordance, alpha)
    assert 0 < effect < 1
    assert rows_needed(effect, max(discordance, effect), alpha) == pytest.approx(n, rel=1e-4)
    assert smallest_effect(2 * n, discordance, alpha) < effect


def test_too_few_rows_get_a_sentence() -> None:
    with pytest.raises(ShipworthyError, match=r"5 rows cannot show any difference at alpha=0.01: give it 7 rows"):
        smallest_effect(5, 0.3, 0.01)
