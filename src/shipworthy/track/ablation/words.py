"""What an ablation found, in sentences whose sign can't be misread, and which say what to do."""

from collections.abc import Mapping, Sequence
from math import ceil

from shipworthy.evaluation import claims, figures
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric, title
from shipworthy.track.ablation.decisions import ADOPT, DROP, KEEP, LEAVE, MEASURE, NOTHING, SIMPLER, Decision
from shipworthy.track.ablation.interactions import Interaction, Simple
from shipworthy.track.ablation.settings import Setting

Settings = Mapping[str, Sequence[Setting]]
"""Change → what it sets."""


def decision(found: Decision, name: str, design: str, sets: Sequence[Setting], rows: int) -> str:
    """Such as `without it (model.max_depth 6 → 2) accuracy falls by 1.2 points: keep it`.

    Args:
        name: of the metric.
        sets: what the change sets.
        rows: that trainings were validated on.
    """
    it = "with it" if design == "add_one" else "without it"
    what = f" ({', '.join(map(str, sets))})" if sets else ""
    beside = f", with {' and '.join(found.beside)} as in the recipe," if found.beside else ""
    return f"{it}{what}{beside} {_came(found, name, design)}{_do(found, name, design, rows)}"


def _came(found: Decision, name: str, design: str) -> str:
    if found.advice == NOTHING:
        return "the model is the same, byte for byte: the change had no effect at all; it may not reach the model"
    if found.spread is None:
        return f"{title(name)} is not known: too few trainings came to an end"
    if found.claim.words in (claims.BETTER, claims.WORSE):
        return moves(name, found.difference)
    margin = figures.amount(name, _margin(found), found.claim.within)
    if found.claim.words == claims.EQUAL:
        return f"{title(name)} changes by less than {margin} either way"
    if found.claim.words == claims.NOT_WORSE:
        return f"{title(name)} gets worse by less than {margin}, if at all"
    return f"no change of {title(name)} was shown, nor that it is below {margin}"


def _do(found: Decision, name: str, design: str, rows: int) -> str:
    less = ""
    if found.claim.words == claims.WORSE and found.claim.within_margin:
        less = f" (it is less than the {figures.amount(name, _margin(found), found.claim.within)} that may be lost)"
    return {
        KEEP: f": keep it{less}",
        DROP: ": drop it",
        ADOPT: ": adopt it",
        LEAVE: ": leave it out" + ("" if found.claim.words == claims.WORSE else ", the recipe is simpler so"),
        SIMPLER: ": it may be dropped, the recipe is simpler so",
        NOTHING: ": check its name and where it is read, or drop it",
        MEASURE: f": measure again {needed(found, rows)}",
    }[found.advice]


def _margin(found: Decision) -> float:
    assert found.claim.margin is not None
    return found.claim.margin


def needed(found: Decision, rows: int) -> str:
    """What would decide it: `with 8 seeds`, `on 900 validation rows (now 293), for more seeds would not do`."""
    if found.spread is None:
        return "once its trainings come to an end"
    if found.more is None:
        return "with far more validation rows; a campaign of this size can't decide it"
    on = f"on about {many(found.more.times, rows):,} validation rows (now {rows:,})"
    if found.more.times == 1.0:
        return f"with {found.more.seeds} seeds (now {found.seeds})"
    if found.more.seeds == found.seeds:
        return f"{on}; more seeds would not do"
    return f"{on} and with {found.more.seeds} seeds (now {found.seeds})"


def many(times: float, rows: int) -> int:
    """So many times the rows, with two digits that count."""
    value = times * rows
    unit: int = 10 ** max(0, len(str(int(value))) - 2)
    return ceil(value / unit) * unit


def moves(name: str, difference: Interval) -> str:
    """`accuracy falls by 1.2 points`; of a metric whose less is better also whether that is good."""
    rises = difference.value > 0
    judged = "" if metric(name).GREATER_IS_BETTER else " (worse)" if rises else " (better)"
    return f"{title(name)} {'rises' if rises else 'falls'} by {size(name, difference)}{judged}"


def size(name: str, difference: Interval) -> str:
    """How large a difference is, without its sign: `1.2 points`."""
    return figures.difference(name, difference).partition(" [")[0].lstrip("+-")


def width(name: str, value: float) -> str:
    """Half an interval, or a deviation: `2.6 points`."""
    return size(name, Interval(value, value, value))


def interaction(found: Interaction, name: str, sets: Settings) -> str:
    """What either does beside the other, and whether that differs: `depth raises accuracy by 0.18 points at …`."""
    told = "; ".join(_simple(found.simple[first : first + 2], name, sets) for first in (0, 2))
    shown = figures.difference(name, found.difference)
    p = figures.probability(found.claim.p_value, found.claim.alpha)
    if found.shown:
        return f"{told}. They depend on one another: the two effects differ by {shown}, {p}."
    return f"{told}. That they depend on one another was not shown ({shown}, {p})."


def _simple(both: Sequence[Simple], name: str, sets: Settings) -> str:
    """Of a decision what it does, the sign turned: the changes take decisions back."""
    told = []
    for one in both:
        brings = Interval(-one.difference.value, -one.difference.high, -one.difference.low, one.difference.level)
        place = ", ".join(f"{s.key} {(s.after if one.made else s.before) or 'unset'}" for s in sets[one.other])
        does = "raises" if brings.value > 0 else "lowers"
        told.append(
            (f"{does} {title(name)} by", f"{size(name, brings)} at {place}" if brings.value else f"0 at {place}")
        )
    first, second = told
    again = "by" if first[0] == second[0] else second[0].replace(title(name), "it")
    return f"{both[0].name} {first[0]} {first[1]}, and {again} {second[1]}"


def recipe(name: str, values: Sequence[float]) -> str:
    """`the recipe's accuracy is 85.0%, standard deviation 0.4 points over 3 seeds (validation)`; empty of none."""
    from statistics import mean, stdev

    if not values:
        return ""
    spread = ""
    if len(values) > 1:
        deviation = stdev(values)
        spread = f", {'the same on' if not deviation else f'standard deviation {width(name, deviation)} over'}"
        spread += f" {len(values)} seeds"
    return f"the recipe's {title(name)} is {figures.figure(name, mean(values))}{spread} (validation)"
