"""Whether a step that rejects rows moves the share of a class by more than chance does.

A step that rejects n of N rows without regard to the answer takes a hypergeometric number of the K rows of a class, for
rows are drawn without replacement. Each step and class is tested on both sides; the level is divided by the number of
tests (Bonferroni). Counted are the rows of all splits together, so that nothing is told of the test split.
"""

from collections.abc import Sequence
from typing import Any

from scipy.stats import hypergeom

from shipworthy.data.row_operations import StepCount

LEVEL = 0.01
"""The chance that any class of any step is reported although all steps reject rows at random."""


def class_shares(steps: Sequence[StepCount]) -> list[dict[str, Any]]:
    """For each step that rejected rows of a class: the share of each class before and after it.

    Returns:
        JSON: step, rejected (rows), classes; of each class name, before, after (shares from 0 to 1), p (after
        correction), and whether it moved by more than chance.
    """
    told = [one for one in steps if len(one.answers) > 1 and any(out for _, out in one.answers.values())]
    tests = sum(len(one.answers) for one in told)
    return [_of_step(one, tests) for one in told]


def warnings(shares: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for each step that moved classes by more than chance; it names the one that moved most."""
    found = []
    for step in shares:
        moved = [one for one in step["classes"] if one["moved"]]
        if moved:
            most = max(moved, key=lambda one: abs(one["after"] - one["before"]))
            found.append(
                f"'{step['step']}' moves the share of {most['name']} from {most['before']:.2%} to {most['after']:.2%} "
                f"(p = {most['p']:.2g}), more than chance: see 'class shares' in data.html"
            )
    return found


def _of_step(step: StepCount, tests: int) -> dict[str, Any]:
    whole = sum(before for before, _ in step.answers.values())
    gone = sum(out for _, out in step.answers.values())
    classes = []
    for name, (before, out) in sorted(step.answers.items()):
        p = min(1.0, tests * two_sided(out, whole, before, gone))
        after = (before - out) / (whole - gone) if whole > gone else 0.0
        classes.append({"name": name, "before": before / whole, "after": after, "p": p, "moved": p < LEVEL})
    return {"step": step.name, "rejected": gone, "classes": classes}


def two_sided(out: int, whole: int, before: int, gone: int) -> float:
    """The p-value of `out` rows of a class among `gone` that were drawn from `whole`, of which it has `before`."""
    drawn = hypergeom(whole, before, gone)
    return min(1.0, 2 * float(min(drawn.cdf(out), drawn.sf(out - 1))))
