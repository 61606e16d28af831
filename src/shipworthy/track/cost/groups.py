"""Runs that belong together: all of one task and model, and those of one campaign."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from shipworthy.track.cost.cost import Cost, Price, campaign_folder, of_campaign, together
from shipworthy.track.runs.ground import apart
from shipworthy.track.runs.registry import Run

KINDS = ("experiment", "campaign")


@dataclass(frozen=True)
class Group:
    """Runs, and what they cost together.

    Attributes:
        kind: one of `KINDS`.
        best: the finished one with the best metric on validation, of those that were measured as the newest one was
            (None: none finished).
    """

    kind: str
    name: str
    runs: list[Run]
    cost: Cost
    best: Run | None


def experiment(run: Run) -> str:
    """Task and model of a run."""
    return f"{(run.record['config'].get('task') or {}).get('name', '?')}, {run.name or '?'}"


def groups(costs: Iterable[tuple[Run, Cost]], price: Price | None = None) -> list[Group]:
    """Experiments, then campaigns, each by name; a trial belongs to both.

    An experiment costs what its runs did; a campaign also what its workers did between them.

    Args:
        price: of another machine for the same hours (None: as noted).
    """
    known = list(costs)
    campaigns = _by("campaign", [(run, cost) for run, cost in known if run.campaign], lambda run: run.campaign)
    return [*_by("experiment", known, experiment), *(_with_its_workers(group, price) for group in campaigns)]


def _with_its_workers(group: Group, price: Price | None) -> Group:
    folder = campaign_folder(group.runs[0].folder.parent, group.name)
    return replace(group, cost=of_campaign(folder, group.runs, price)) if folder else group


def _by(kind: str, known: list[tuple[Run, Cost]], name: Callable[[Run], str]) -> list[Group]:
    found: dict[str, list[tuple[Run, Cost]]] = {}
    for run, cost in known:
        found.setdefault(name(run), []).append((run, cost))
    return [
        Group(kind, key, [run for run, _ in pairs], together(cost for _, cost in pairs), _best(pairs))
        for key, pairs in sorted(found.items())
    ]


def _best(pairs: list[tuple[Run, Cost]]) -> Run | None:
    measured = [(run, run.value) for run, _ in pairs if run.value is not None]
    if not measured:
        return None
    newest = max((run for run, _ in measured), key=lambda run: run.began)
    alike = [(run, value) for run, value in measured if not apart(newest, run)]
    return (max if newest.more_is_better else min)(alike, key=lambda one: one[1])[0]
