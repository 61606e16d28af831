"""Statistical power: the smallest difference that a test split of a given size can show."""

from math import sqrt

from scipy.optimize import brentq
from scipy.stats import norm

from shipworthy.core.errors import ShipworthyError


def rows_needed(effect: float, discordance: float, alpha: float, power: float = 0.8) -> float:
    """Rows with which the two-sided McNemar test finds a paired difference with the given power.

    Miettinen 1968 (Biometrics 24:339) in the form of Connor 1987 (Biometrics 43:207):
    n = (z(alpha/2) sqrt(psi) + z(beta) sqrt(psi - delta^2))^2 / delta^2.

    Args:
        effect: delta, the difference of the two shares (0 < delta <= psi).
        discordance: psi, the share of rows that exactly one of the two gets right.
        alpha: significance level, two-sided.
        power: the probability of finding it (0 to 1).
    """
    z_alpha, z_beta = norm.isf(alpha / 2), norm.isf(1 - power)
    return float((z_alpha * sqrt(discordance) + z_beta * sqrt(discordance - effect**2)) ** 2 / effect**2)


def smallest_effect(n: int, discordance: float, alpha: float, power: float = 0.8) -> float:
    """The smallest paired difference (share of rows, 0 to 1) that a McNemar test on `n` rows finds with that power.

    A difference can't be greater than the discordance: where `n` rows show none as small as that, the discordance is
    taken to be as large as the difference.

    Raises:
        ShipworthyError: so few rows that not even a difference of 1 would be significant.
    """

    def gap(effect: float) -> float:
        return rows_needed(effect, max(discordance, effect), alpha, power) - n

    if gap(1.0) > 0:
        raise ShipworthyError(
            f"A test split of {n} rows cannot show any difference at alpha={alpha}: "
            f"give it {int(rows_needed(1.0, 1.0, alpha, power)) + 1} rows or more (data), or raise task.criteria.alpha."
        )
    return float(brentq(gap, 1e-9, 1.0, xtol=1e-12))
