"""What follows from several runs, in sentences: who is best, or what it would take to know, and the next command."""

import shlex
from collections.abc import Sequence
from math import ceil, inf

from scipy.stats import norm

from shipworthy.core.commands import command
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.power import POWER, Candidate
from shipworthy.track.quantities import money, seconds
from shipworthy.track.runs import formatting, ground
from shipworthy.track.runs.pairs import Pair, data, pairs
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.ranking import Ranking, rankings, short, trained_mb
from shipworthy.track.runs.registry import Run, differences

FAR = 100
"""So many times the rows that there are, and it is no advice to get them."""
MORE = "validation rows (data.split.validation) or seeds (--multirun seed=1,2,3)"
LONGEST = 300


def concluded(runs: Sequence[Run], here: ProjectPaths) -> list[str]:
    """Of a comparison: what is to be done, what differs, and what each cost."""
    found = rankings(runs)
    if not found:
        return ["None of them has a result: nothing follows."]
    if len(runs) == 2 and len(found) == 2 and (one := _on_common_rows(runs)):
        found = [one]
    said = [sentence for one in found for sentence in conclusion(one, here)]
    if len(found) > 1:
        why = ground.apart(found[1].best, found[0].best)
        said.insert(
            0, f"They cannot be ranked together, for of {short(found[0].best)} and {short(found[1].best)} {why}."
        )
        said += _alike(found[0].best, found[1].best, here)
    if len(runs) == 2:
        said += [_differ(*runs), _costs(*runs)]
    return said


def _on_common_rows(runs: Sequence[Run]) -> Ranking | None:
    """Of two runs that share a part of their rows, by that part."""
    (pair,) = pairs(runs)
    if pair.claim is None:
        return None
    best, other = (pair.run, pair.reference) if pair.claim.gain > 0 else (pair.reference, pair.run)
    task = str((best.record["config"].get("task") or {}).get("kind", ""))
    return Ranking(ground.Ground(best.metric, task, pair.claim.n, "common"), best, pairs([best, other]))


def _alike(one: Run, other: Run, here: ProjectPaths) -> list[str]:
    """How two runs can be made comparable."""
    if one.metric != other.metric:
        return ["Train one of them again with the other's task.metric to compare them."]
    overrides = (other.record.get("recipe") or {}).get("overrides")
    if data(one) != data(other) or overrides is None:
        return ["Train one of them again on the other's dataset to compare them."]
    part = ("validation_share", "trainer.validation_rows")
    own = [text for text in overrides if text.partition("=")[0] not in part]
    own += [f"{key}={one.config[key]}" for key in part if one.config.get(key) != other.config.get(key)]
    return [f"On the same rows: `{command(shlex.join(['train', *own]), workspace=here.artifacts)}`."]


def _differ(one: Run, other: Run) -> str:
    changed = formatting.change(differences(one, other))
    parts = [f"in {formatting.shortened(changed, LONGEST)}"] if changed else []
    code = [run.record.get("code", {}).get("source") for run in (one, other)]
    parts += [
        f"in {what}"
        for what, differs in (("their datasets", data(one) != data(other)), ("the code", code[0] != code[1]))
        if differs
    ]
    return f"From {short(one)} to {short(other)} they differ {', '.join(parts)}." if parts else "They were made alike."


def _costs(*runs: Run) -> str:
    parts = [
        f"{short(one)} took {seconds(one.seconds)}" + (f" and {money(one.cost, one.currency)}" if one.cost else "")
        for one in runs
    ]
    return f"{', '.join(parts)}."


def conclusion(found: Ranking, here: ProjectPaths) -> list[str]:
    """What was shown, and the command to go on with; sentences."""
    best, rivals = found.best, found.rivals
    on = f"by {found.ground.words} of validation"
    if not found.others:
        return [f"{short(best)} is the only one that was measured {on}."]
    if not rivals:
        others = (
            against(found.others[0]) if len(found.others) == 1 else f"each of the other {len(found.others)} is worse"
        )
        return [f"{short(best)} is the best {on}: {others}.", f"Adopt it: {_select(best, here)}."]
    ahead = max(rivals, key=lambda one: -one.claim.gain if one.claim else inf)
    worse = len(found.others) - len(rivals)
    shown = f" ({worse} other{'s are' if worse > 1 else ' is'} worse)" if worse else ""
    names = ", ".join(short(one.run) for one in rivals)
    return [
        f"That {short(best)} is better than {names} was not shown {on}{shown}: {against(ahead)}.",
        *filter(None, [more_rows(ahead.claim)]),
        _instead([best, *(one.run for one in rivals if one.values and one.values[0] == one.values[1])], here),
    ]


def against(pair: Pair) -> str:
    """`73c428c7 has -0.7 points [-3.1, +1.7] against 7743d34d, p = 0.5, on 150 rows (1 won, 2 lost)`."""
    if pair.claim is None:
        return f"{short(pair.run)} cannot be tested against {short(pair.reference)}, for {pair.why_not}"
    one = pair.claim
    holm = f" for {one.tests} tests (Holm)" if one.tests > 1 else ""
    return f"{short(pair.run)} has {one.figures}{holm} against {short(pair.reference)}, {one.rows}"


def more_rows(claim: Claim | None) -> str:
    """How many rows would show a difference of the size that was seen; empty where nothing was tested."""
    if claim is None:
        return ""
    needed = rows_to_show(claim)
    if needed is None:
        same = "They are right on the same rows" if claim.wins == claim.losses == 0 else "No lead was seen"
        return f"{same}: no number of rows would show a difference of this size."
    if needed > FAR * claim.n:
        return f"A difference so small would take more than {FAR} times the {claim.n:,} rows that there are."
    return (
        f"A difference of that size takes about {needed:,} validation rows to be shown ({POWER:.0%} power, "
        f"alpha {claim.alpha:g}), {needed / claim.n:.1f} times the {claim.n:,} that there are."
    )


def rows_to_show(claim: Claim) -> int | None:
    """Rows on which the difference that was seen is significant in 80% of cases; None where it is none.

    By the normal distribution: the standard deviation of a row's difference follows from the width of the interval.
    """
    ends = claim.difference
    spread = (ends.high - ends.low) / (2 * float(norm.isf((1 - ends.level) / 2))) * claim.n**0.5
    needed = Candidate(abs(claim.gain), spread).rows(claim.alpha / claim.tests)
    return None if needed == inf or not spread else max(claim.n + 1, round_up(needed))


def round_up(value: float) -> int:
    """Two digits count: 2,837 → 2,900."""
    size: int = 10 ** max(0, len(str(ceil(value))) - 2)
    return int(ceil(value / size) * size)


def _instead(equals: Sequence[Run], here: ProjectPaths) -> str:
    """What to take as long as nothing was shown: the best, and of equally good ones the smaller, or the quicker one."""
    sizes = {one.id: trained_mb(one) or 0.0 for one in equals}
    small, large = min(sizes.values()), max(sizes.values())
    least = min(equals, key=lambda one: (sizes[one.id] if small else 0.0, one.seconds))
    why = ""
    if len(equals) > 1:
        smaller = f"the smallest, {small:.3g} MB trained against {large:.3g}" if large > 1.01 * small > 0 else ""
        why = f" (of {len(equals)} with the same value {smaller or f'it took least time, {seconds(least.seconds)}'})"
    return f"Keep {short(least)}{why}, {_select(least, here)}, or measure again with more {MORE}."


def _select(run: Run, here: ProjectPaths) -> str:
    return f"`{command(f'runs select {short(run)}', workspace=here.artifacts)}`"
