"""What people say of the same rows, and how far a judge agrees with them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core import json_lines
from shipworthy.core.errors import UsageError
from shipworthy.evaluation import figures
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.judges.questions import BASELINE, SIDES, TUNED, Rows
from shipworthy.evaluation.judges.replies import HIGHEST, LOWEST, TIE
from shipworthy.evaluation.measures import AGREEMENT
from shipworthy.evaluation.resampling import Resampling, of_statistic

WINNERS = (TUNED, BASELINE, TIE)
LOW = 0.4
"""Up to here Landis and Koch 1977, Biometrics 33:159, call an agreement fair, or less."""
FEW = 50


@dataclass(frozen=True)
class Label:
    """What a person says of a row.

    Attributes:
        place: of the row, in `Rows`.
        winner: whose answer is better (None: it was not asked).
        score: from 1 to 5, of the answer of `side`.
    """

    place: int
    winner: str | None = None
    score: int | None = None
    side: str = TUNED


@dataclass(frozen=True)
class Labels:
    """What a file of labels holds.

    Attributes:
        labels: those of rows that are judged.
        elsewhere: labels of rows of the test split that were not drawn.
        outdated: labels of answers that the candidates give no more.
    """

    labels: Sequence[Label]
    elsewhere: int
    outdated: int


def read(path: Path, name: str, rows: Rows, known: Sequence[str]) -> Labels:
    """The labels of a file: CSV with a header, or JSON lines.

    A line has the row's `id`, and `winner` (tuned, baseline, tie) or `score` (1 to 5; of the tuned model's answer,
    unless `of` says baseline). Where it has `tuned` or `baseline`, the texts that the person saw, it counts only as
    long as these are the answers.

    Args:
        name: what messages call the file.
        known: the ids of the whole test split.

    Raises:
        UsageError: a line is none of these, or of a row that there is not.
    """
    places, every = {id_: place for place, id_ in enumerate(rows.ids)}, set(known)
    labels, elsewhere, outdated = [], 0, 0
    seen: set[tuple[Any, ...]] = set()
    for number, line in _lines(path):
        where = f"judge.labels={name}, line {number}"
        id_ = str(line.get("id") or "")
        if id_ not in every:
            raise UsageError(f"{where}: '{id_}' is the id of no row of the test split; correct it, or drop the line.")
        one = _label(where, line, places.get(id_, -1))
        if (key := (id_, one.winner is None, one.side)) in seen:
            raise UsageError(f"{where}: '{id_}' is labelled twice; keep one of the two.")
        seen.add(key)
        if one.place < 0:
            elsewhere += 1
        elif any(line.get(side) and line[side].strip() != rows.answers[side][one.place].strip() for side in SIDES):
            outdated += 1
        else:
            labels.append(one)
    return Labels(labels, elsewhere, outdated)


def agreement(judge: Sequence[Any], people: Sequence[Any], *, scores: bool, seed: int) -> dict[str, Any] | None:
    """How far a judge agrees with people on the same rows; None without rows.

    Cohen's kappa (1960, Educ. Psychol. Meas. 20:37), of scores weighted by the square of the distance (1968, Psychol.
    Bull. 70:213).

    Returns:
        {"n", "share", "kappa" (None: where all say the same it has no value), "remarks"}
    """
    if not judge:
        return None
    said = list(range(LOWEST, HIGHEST + 1)) if scores else sorted({*judge, *people})
    place = {one: number for number, one in enumerate(said)}
    pairs_N2 = np.array([[place[mine], place[theirs]] for mine, theirs in zip(judge, people, strict=True)])
    apart_KK = np.subtract.outer(np.arange(len(said)), np.arange(len(said)))
    weights_KK = (apart_KK**2 if scores else apart_KK != 0).astype(np.float64)
    share = wilson(int((pairs_N2[:, 0] == pairs_N2[:, 1]).sum()), len(judge))
    found = None
    if len(np.unique(pairs_N2)) > 1:
        counted = partial(_kappa, weights_KK)
        found = Interval.of(of_statistic(pairs_N2.astype(np.float64), counted, Resampling(len(judge), seed=seed)))
    return {
        "n": len(judge),
        "share": share.to_json(),
        "kappa": found.to_json() if found else None,
        "remarks": list(_remarks(len(judge), found)),
    }


def _kappa(
    weights_KK: NDArray[np.float64], pairs_D2: NDArray[np.float64], counts_BD: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cohen's kappa of many samples at once, as sklearn.metrics.cohen_kappa_score has it of one; NaN without a value.

    Args:
        weights_KK: how far apart two sayings are.
        pairs_D2: what each said, by its place, from 0.
        counts_BD: how often each pair counts.
    """
    kinds = len(weights_KK)
    first_DK, second_DK = (np.eye(kinds)[pairs_D2[:, i].astype(int)] for i in (0, 1))
    apart_B = counts_BD @ weights_KK[tuple(pairs_D2.T.astype(int))]
    by_chance_B = np.einsum("bi,ij,bj->b", counts_BD @ first_DK, weights_KK, counts_BD @ second_DK)
    found_B = np.full(len(counts_BD), np.nan)
    np.divide(apart_B * counts_BD.sum(axis=1), by_chance_B, out=found_B, where=by_chance_B > 0)
    return 1 - found_B


def _remarks(n: int, kappa: Interval | None) -> Iterator[str]:
    if kappa is None:
        yield "judge and people say the same of every row, or nothing but one thing, so that kappa has no value"
    elif kappa.value < LOW:
        shown = figures.interval(AGREEMENT, kappa)
        yield f"the judge agrees with people little more than chance (kappa {shown}): base no decision on it"
    if n < FEW:
        yield f"{n} labels are few to compare a judge with: label {FEW} rows or more"


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Number (from 1) and content of each line."""
    if path.suffix == ".csv":
        reader = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig", errors="replace"), newline=""))
        for line in reader:
            yield reader.line_num, line
        return
    for number, text in json_lines.texts(path):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"judge.labels={path.name}, line {number} is no JSON object: correct it.")
        yield number, found


def _label(where: str, line: Mapping[str, Any], place: int) -> Label:
    winner, score, side = line.get("winner") or None, line.get("score"), line.get("of") or TUNED
    if score in (None, ""):
        if winner not in WINNERS:
            raise UsageError(f"{where}: give winner, one of {', '.join(WINNERS)}, or score, from 1 to 5.")
        return Label(place, winner=winner)
    if str(score) not in map(str, range(LOWEST, HIGHEST + 1)) or side not in SIDES or winner:
        raise UsageError(
            f"{where}: give either winner, or score, a whole number from 1 to 5, with of tuned or baseline."
        )
    return Label(place, score=int(score), side=side)
