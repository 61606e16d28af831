"""Gate: no feature alone, nor two together, tells the answer nearly perfectly (target leakage)."""

from collections.abc import Mapping
from itertools import combinations
from typing import TypeVar

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import track
from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.model_settings import Leak
from shipworthy.data.gates.one_column import Labelled, is_copy, quarters, told, told_together
from shipworthy.data.gates.pairs import MOST_COLUMNS, promising
from shipworthy.data.gates.words_and_gaps import is_text, told_by_gaps, told_by_words
from shipworthy.data.hash_sampling import folds
from shipworthy.evaluation.intervals import Interval

Key = TypeVar("Key")

SURE = 0.97
"""An interval's lower end above which a feature fails, so that few rows never do."""
SURE_COPY = 0.9
"""The same of a feature that has one value for each class: chance and honest features hardly look like that."""
MAX_AUC_TOGETHER = 0.9995
WEAK = 0.9
"""Below this area of both alone a pair that is none of the strongest is measured, if it looks promising."""
REMEDY = "leave it out (data.ignore), or say that it is known in advance (data.gates.leak.known_in_advance)"


def check(config: Leak, inputs: GateInput) -> GateResult:
    """Ranks the features by what each tells alone, then pairs of them, on a sample of the labelled rows.

    Of answers that are numbers it is measured how well their quarters are told: a copy, or whatever rises or falls with
    the answer, tells them all.

    Raises:
        UsageError: `known_in_advance` names what is no feature.
    """
    if unknown := [name for name in config.known_in_advance if name not in inputs.features]:
        raise UsageError(f"data.gates.leak.known_in_advance names {unknown[0]}, which is no feature: correct it.")
    rows = inputs.sample
    answers = quarters(rows["answer"]) if inputs.numbers else rows["answer"]
    labelled = Labelled(answers, folds(rows["cluster"], config.folds, f"leak {inputs.seed}").to_numpy())
    if len(labelled.sizes) < 2 or not labelled.measured:
        few = f"the answers are {len(labelled.sizes)} classes of too few rows each to look for leaks"
        return GateResult([], rows.height, warnings=[few])
    names = [name for name in inputs.features if name not in config.known_in_advance]
    alone = {name: told(rows[name], labelled) for name in track(names, "features, each alone", len(names))}
    result = GateResult([], rows.height)
    for name, area in _ranked(alone):
        result.measurements.append(_measurement(f"AUC of {name} alone", area, config.max_auc))
        said = f"{name} alone predicts the answer with an AUC of {_shown(area)}"
        copy = not inputs.numbers and is_copy(rows[name], labelled)
        _judge(config, name, said, area, result, copy=copy)
    suspects = [name for name, area in _ranked(alone) if not _fails(config, area, copy=False)]
    suspects = [name for name in suspects if not _parts(config, name, rows[name], labelled, result)]
    if config.strongest:
        _pairs(config, rows, labelled, suspects, alone, result)
    return result


def _parts(config: Leak, name: str, column: pl.Series, labelled: Labelled, result: GateResult) -> bool:
    """Looks at the words of a text, and at the gaps of a column; whether there is something to say of them."""
    before = len(result.violations) + len(result.warnings)
    if is_text(column) and (area := told_by_words(column, labelled)):
        said = f"{name} holds words that predict the answer with an AUC of {_shown(area)}"
        _judge(config, name, said, area, result)
    if column.null_count():
        area, one = told_by_gaps(column, labelled)
        said = (
            f"{name} is filled, or missing, where the answer is {one}, which predicts it with an AUC of {_shown(area)}"
        )
        _judge(config, name, said, area, result)
    return len(result.violations) + len(result.warnings) > before


def _judge(config: Leak, name: str, said: str, area: Interval, result: GateResult, *, copy: bool = False) -> None:
    """Adds the sentence on one feature, if it is strong."""
    if _fails(config, area, copy=copy):
        result.violations.append(f"{said}: {REMEDY}")
        result.columns.append(name)
    elif area.low > config.warn_auc or (area.value > config.max_auc and area.low > SURE_COPY):
        result.warnings.append(f"{said}: is it known when the answer is asked for?")


def _fails(config: Leak, area: Interval, *, copy: bool) -> bool:
    if copy and area.low > SURE_COPY and config.max_auc < 1:
        return True
    return area.value > config.max_auc and area.low > min(SURE, config.max_auc)


def _pairs(
    config: Leak,
    rows: pl.DataFrame,
    labelled: Labelled,
    names: list[str],
    alone: dict[str, Interval],
    result: GateResult,
) -> None:
    """Measures pairs of the strongest, and what looks promising; tells of those that say far more together."""
    strongest = list(combinations(names[: config.strongest], 2))
    looked_at = {name: rows[name] for name in sorted(names[:MOST_COLUMNS])}
    hidden = [pair for pair in promising(looked_at, labelled) if max(alone[one].value for one in pair) < WEAK]
    asked = {tuple(sorted(pair)): pair for pair in (*hidden, *strongest)}.values()
    together = {(a, b): told_together(rows[a], rows[b], labelled) for a, b in asked}
    for (a, b), area in _ranked(together):
        result.measurements.append(_measurement(f"AUC of {a} and {b} together", area, MAX_AUC_TOGETHER))
        best = max(alone[a].value, alone[b].value)
        said = f"{a} and {b} together predict the answer with an AUC of {_shown(area)} (alone {best:.3f})"
        if config.max_auc < 1 and area.value > MAX_AUC_TOGETHER and area.low > SURE:
            result.violations.append(f"{said}: {REMEDY}")
            result.columns.append(a if alone[a].value >= alone[b].value else b)
            continue
        sure = SURE if best >= WEAK else SURE_COPY
        if area.value > config.max_auc and area.low > sure and 1 - area.value < (1 - best) / 2:
            result.warnings.append(f"{said}: are both known when the answer is asked for?")


def _ranked(areas: Mapping[Key, Interval]) -> list[tuple[Key, Interval]]:
    return sorted(areas.items(), key=lambda one: -one[1].value)


def _measurement(name: str, area: Interval, limit: float) -> Measurement:
    return Measurement(name, area.value, limit, area.low, area.high)


def _shown(area: Interval) -> str:
    return f"{area.value:.3f} ({area.low:.3f} to {area.high:.3f})"
