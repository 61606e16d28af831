"""What a reader of an ablation must know before trusting its figures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shipworthy.evaluation import figures
from shipworthy.track.ablation.decisions import MEASURE, SIMPLER, Decision
from shipworthy.track.ablation.design import Training
from shipworthy.track.ablation.interactions import Interaction
from shipworthy.track.ablation.words import width

DRAWN = ("subsample", "colsample")
"""Shares by which a family's training draws rows and columns; 1: it does not."""


def cautions(
    planned: Sequence[Training],
    ended: Mapping[Training, Any],
    same: Sequence[tuple[str, ...]],
    equal: Sequence[tuple[str, ...]],
    model: Mapping[str, Any],
    found: Sequence[Decision],
    interactions: Sequence[Interaction],
    metric: str,
) -> list[str]:
    """In sentences, what weighs most first.

    Args:
        planned: all trainings.
        ended: those that came to an end.
        same: the variants that are the same model on every seed.
        equal: those of which other models score the same on every row.
        model: the recipe's config of it.
        metric: the deciding one's name.
    """
    return [
        *_missing(planned, ended, found),
        *_nothing_drawn(ended, same, model),
        *_scored_alike(equal),
        *_wide(found, metric),
        *_without_rows(found),
        *_dependent(interactions),
        *_several(found),
    ]


def _missing(planned: Sequence[Training], ended: Mapping[Training, Any], found: Sequence[Decision]) -> Iterator[str]:
    missing = [one.name for one in planned if one not in ended]
    if missing:
        seeds = len({one.seed for one in planned})
        rest = ", ".join(f"{one.name} on {one.seeds} of {seeds} seeds" for one in found if one.seeds < seeds)
        names = "; ".join(missing[:4]) + (f"; and {len(missing) - 4} more" if len(missing) > 4 else "")
        yield (
            f"{len(missing)} of {len(planned)} trainings did not come to an end ({names})"
            f"{f', so that there are pairs of {rest}' if rest else ''}: it is said below why those that failed did."
        )


def _nothing_drawn(
    ended: Mapping[Training, Any], same: Sequence[tuple[str, ...]], model: Mapping[str, Any]
) -> Iterator[str]:
    variants = {one.changed for one in ended}
    if not same:
        return
    of = "" if len(same) == len(variants) else f" of {_names(same)}"
    whole = [f"model.{name}=1" for name in DRAWN if model.get(name) == 1]
    why = f" (with {' and '.join(whole)})" if whole and () in same else ""
    then = (
        "So the intervals count the rows alone, and one seed says as much as many."
        if len(same) == len(variants)
        else "So their seeds count once, and the intervals know of chance only what the others draw."
    )
    yield (
        f"Seeds change nothing: the models{of} are the same byte for byte; nothing in them is drawn by chance{why}. "
        f"{then}"
    )


def _scored_alike(equal: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if equal:
        yield (
            f"Seeds change no score: the models of {_names(equal)} differ, and score alike on every validation row, so "
            "that the intervals count the rows alone."
        )


def _names(variants: Sequence[tuple[str, ...]]) -> str:
    return ", ".join(" + ".join(one) or "the recipe" for one in variants)


def _wide(found: Sequence[Decision], metric: str) -> Iterator[str]:
    wide = [one for one in found if one.advice == MEASURE and one.spread and one.half_width > (one.claim.margin or 0.0)]
    if wide:
        worst = max(wide, key=lambda one: one.half_width)
        assert worst.spread is not None and worst.claim.margin is not None
        share = worst.spread.share_of_rows(worst.difference.level)
        of = "validation rows" if share > 0.5 else "seeds"
        yield (
            f"{', '.join(one.name for one in wide)}: the interval reaches up to {width(metric, worst.half_width)} "
            f"either way, where {figures.amount(metric, worst.claim.margin)} may be lost; it is for too few {of} that "
            "it is so wide."
        )


def _without_rows(found: Sequence[Decision]) -> Iterator[str]:
    if any(one.spread and one.spread.units == 1 for one in found):
        yield "Nothing is known of single rows, so the intervals count the seeds alone: other rows may differ."


def _dependent(interactions: Sequence[Interaction]) -> Iterator[str]:
    shown = [" and ".join(one.of) for one in interactions if one.shown]
    if shown:
        yield (
            f"{'; '.join(shown)} depend on one another: an effect averaged over both settings of the other is true "
            "for neither, so their effects are those at the recipe's own settings."
        )


def _several(found: Sequence[Decision]) -> Iterator[str]:
    simpler = [one.name for one in found if one.advice == SIMPLER]
    if len(simpler) > 1:
        yield (
            f"{', '.join(simpler)} may each be dropped, which says nothing of dropping all of them: drop one, and "
            "ablate again."
        )
