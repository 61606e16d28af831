"""The list of runs in lines: one table, or, ranked by a metric, one for each group that may be ranked together."""

from collections.abc import Sequence

from shipworthy.track.runs import query
from shipworthy.track.runs.ground import Group, groups
from shipworthy.track.runs.registry import Run
from shipworthy.track.runs.table import table, usual


def listing(
    shown: Sequence[Run], columns: Sequence[str], everyone: Sequence[Run], width: int, sort: str = ""
) -> list[str]:
    """The lines.

    Args:
        shown: in their order.
        columns: of the table (none: the usual ones).
        everyone: the project's runs, from which ids are told apart.
        width: characters of a line, at most.
        sort: the key that they are sorted by, `-` before it where the largest comes first.
    """
    ids = [one.id for one in everyone]
    ordered = query.ordered(shown, sort) if sort else shown
    apart = groups(ordered)
    if len(apart) < 2 or not sort or not query.by_metric(sort.removeprefix("-"), ordered):
        return [*table(ordered, columns or usual(ordered), ids, width), *_unlike(apart)]
    lines: list[str] = []
    for group in apart:
        lines += [
            f"{group.ground.named}{told(group, apart)}:",
            *table(group.runs, columns or usual(ordered), ids, width),
            "",
        ]
    if rest := [one for one in ordered if one.value is None]:
        lines += ["without a metric:", *table(rest, columns or usual(ordered), ids, width), ""]
    return [
        *lines,
        "Each is ranked among its own: what was measured on other rows, or by another metric, is not better.",
    ]


def told(group: Group, among: Sequence[Group]) -> str:
    """What tells a group from one whose words are the same: other rows of that number."""
    same = [one for one in among if one.ground.named == group.ground.named]
    return f" (sample {group.ground.sample[:6]})" if len(same) > 1 else ""


def _unlike(apart: Sequence[Group]) -> list[str]:
    """What forbids to rank the runs of a table, in a line."""
    if len(apart) < 2:
        return []
    parts = [f"{one.ground.named}{told(one, apart)} of {len(one.runs)}" for one in apart]
    return ["", f"Not to be ranked together: {', '.join(parts)}; `sort=-metric` ranks each apart."]
