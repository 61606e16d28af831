"""Tries a draft on the rows, as `prepare` would: leaks go, a split is found that fills each part.

Of more than MOST_ROWS rows as many are tried.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.schema import from_plain
from shipworthy.data import build
from shipworthy.data.decimal_mark import mark_of
from shipworthy.data.examples import features_of
from shipworthy.data.fitted.build import kind_of
from shipworthy.data.fitted.encode.column_kinds import facts, judge
from shipworthy.data.fitted.encode.schema import Auto
from shipworthy.data.fitted.interface import FitInput
from shipworthy.data.gates import leak
from shipworthy.data.gates.interface import GateInput
from shipworthy.data.gates.model_settings import Leak
from shipworthy.data.kinds.schema import Conversations, Records, Table
from shipworthy.data.left_out import counts, require_rows
from shipworthy.data.look.draft import CLASSES, LABELS, NUMBERS, SEVERAL, TABLE, TALKS, Draft
from shipworthy.data.look.names import listed, shown
from shipworthy.data.look.raw_file import RawFile
from shipworthy.data.look.settings import Setting, plain
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import types_of
from shipworthy.data.splits import assign
from shipworthy.models.dataset import SPLITS

MOST_ROWS = 50_000
LEAST_SHARE = 0.03
"""Of the rows, in validation and in test each, where a time or groups decide how many they are."""
LEAST_TRAIN = 0.4
MOST_REJECTED = 0.3
"""Of the rows, by groups that straddle a border in time."""
TRIES = 8
"""Rounds in which leaks are looked for, for one may hide another."""
KINDS: dict[str, type[Data]] = {TABLE: Table, NUMBERS: Table, LABELS: Table, TALKS: Conversations}
SEED = 0
SettingsOf = Callable[[Mapping[str, Any]], list[Setting]]
"""Gives the settings of conf/data/ for a way to divide the rows."""


@dataclass(frozen=True)
class Way:
    """One way to divide the rows.

    Attributes:
        settings: `data.split`.
        said: what it is, for a sentence on why it was not taken.
    """

    settings: dict[str, Any]
    said: str


@dataclass
class Tried:
    """What is known of the rows as `prepare` will leave them.

    Attributes:
        split: the settings that work.
        given_up: why a better way to divide them was not taken (empty: it was).
        classes: class or label → rows, the largest first (where answers are such).
        both: whether every split holds each of two classes.
        rows: split → rows that were tried.
        rejected: reason → rows.
        dropped: column → what it holds, of those that are left out by default when columns are encoded.
        strong: sentences on columns that tell much alone, and stay.
        some: whether a part of the rows was tried.
    """

    split: dict[str, Any]
    given_up: str = ""
    classes: list[tuple[str, int]] = field(default_factory=list)
    both: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    strong: list[str] = field(default_factory=list)
    some: bool = False


def tried(made: Draft, found: RawFile, settings: SettingsOf, rows: int) -> Tried:
    """The split that works, after leaks were added to `made.ignore`.

    Args:
        made: its `ignore` and `leaks` are changed.
        settings: those that are tried.
        rows: of the file.

    Raises:
        UsageError: no column is left, or the rows can't be divided.
    """
    for _ in range(TRIES):
        result, leaks = _divided(made, found, settings, rows)
        if not leaks:
            return result
        made.leaks += [name for name in leaks if name not in made.leaks]
        made.ignore |= dict.fromkeys(leaks, "")
    raise UsageError(
        f"{listed(made.leaks)} and more predict '{shown(made.label)}' nearly perfectly: name another --label."
    )


def _divided(made: Draft, found: RawFile, settings: SettingsOf, rows: int) -> tuple[Tried, list[str]]:
    """What the first way to divide the rows that works makes of them, and the leaks among their columns."""
    why: dict[str, list[str]] = {}  # what is wrong → the ways of which it is
    for way in ways(made):
        config = _config(made, found.paths, settings, way, rows)
        with TemporaryDirectory(prefix="shipworthy-") as work:
            store = build.read(config, found.paths, _types(config, found), Path(work) / "rows")
            build.clean_rows(config, store, numbers=made.kind == NUMBERS, labels=made.kind in SEVERAL)
            require_rows(store)
            result = Tried(way.settings, rejected=dict(counts(store)), some=rows > MOST_ROWS)
            if fault := _fault(made, config, store, result):
                why.setdefault(fault, []).append(way.said)
                continue
            if why:
                result.given_up = _told(why)
            return result, _leaks(made, config, store, result)
    raise UsageError(f"the rows can't be divided into train, validation and test: {_told(why)}.")


def _told(why: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{' or '.join(ways)} {fault}" for fault, ways in why.items())


def ways(made: Draft) -> Iterator[Way]:
    """The ways to divide rows, the one that is wished for first."""
    shares: dict[str, Any] = {"test": 0.2, "validation": 0.1}
    classes = {"stratify": True} if made.kind in (TABLE, CLASSES) else {}
    if made.group:
        yield Way({**shares, "group_columns": [made.group]}, f"by '{shown(made.group)}'")
    if made.time:
        yield Way({**shares, "time": made.time}, f"by the time '{shown(made.time)}'")
    yield Way({**shares, **classes}, "at random")
    if classes:
        yield Way(shares, "at random whatever the class")
    yield Way({"test": 0.3, "validation": 0.2}, "at random with larger shares")


def _config(made: Draft, paths: list[Path], settings: SettingsOf, way: Way, rows: int) -> Data:
    # `watched`, which is DVC's, is derived by a resolver that a composed config has.
    given = {"watched": ".", **plain(settings(way.settings))}
    whole: Data = from_plain(KINDS.get(made.kind, Records), given, "data")
    if made.kind == NUMBERS:
        whole = replace(whole, decimal=mark_of(whole, paths, made.label))
    return replace(whole, sample=MOST_ROWS / rows) if rows > MOST_ROWS else whole


def _types(config: Data, found: RawFile) -> dict[str, str]:
    return types_of(config, found.paths)


def _fault(made: Draft, config: Data, store: RowStore, result: Tried) -> str:
    """What is wrong with the rows when they are divided (empty: nothing).

    Raises:
        UsageError: one class is left, however they are divided.
    """
    before, features = store.height, features_of(store)[0]
    split_only = build.split_only_columns(config)
    table = made.kind == TABLE
    try:
        assign.assign(store, config.split, SEED, [name for name in features if name not in split_only], classes=table)
    except ShipworthyError as error:
        return f"does not do: {str(error).partition(';')[0].rstrip('.')}"
    store.drop(assign.GROUP, *split_only)
    found = store.rows.group_by("split", "answer").len().collect(engine="streaming")
    result.rows = {name: int(found.filter(split=name)["len"].sum()) for name in SPLITS}
    if fault := _uneven(config, before, result.rows):
        return fault
    if made.kind in (TABLE, CLASSES):
        whole = found.group_by("answer").agg(pl.col("len").sum()).sort("len", "answer", descending=[True, False])
        result.classes = [(name, int(number)) for name, number in whole.iter_rows()]
        if len(result.classes) < 2:
            raise UsageError(
                f"every row that is left has the label '{shown(result.classes[0][0])}', so there is nothing to learn: "
                "name another column with --label."
            )
        held = {name: set(found.filter(split=name)["answer"]) for name in SPLITS}
        if lacking := [name for name, _ in result.classes if name not in held["train"]]:
            return f"leaves train without a row of the class '{shown(lacking[0])}'"
        result.both = len(result.classes) == 2 and all(len(names) == 2 for names in held.values())
    elif made.kind in SEVERAL:
        result.classes = _label_counts(found)
    return ""


def _label_counts(found: pl.DataFrame) -> list[tuple[str, int]]:
    """Label → rows that have it, the most frequent first, of answers that are JSON lists and how often each stands."""
    single = found.with_columns(pl.col("answer").str.json_decode(pl.List(pl.String))).explode("answer").drop_nulls()
    whole = single.group_by("answer").agg(pl.col("len").sum()).sort("len", "answer", descending=[True, False])
    return [(name, int(number)) for name, number in whole.iter_rows()]


def _uneven(config: Data, before: int, rows: dict[str, int]) -> str:
    total = sum(rows.values())
    if not (config.split.time or config.split.group_columns):
        return "" if all(rows.values()) else "leaves a split empty"
    if total < (1 - MOST_REJECTED) * before:
        return f"leaves out {before - total} of {before} rows"
    if rows["train"] < LEAST_TRAIN * total or min(rows.values()) < LEAST_SHARE * total:
        return f"leaves {rows['train']} rows in train, {rows['validation']} in validation, {rows['test']} in test"
    return ""


def _leaks(made: Draft, config: Data, store: RowStore, result: Tried) -> list[str]:
    """The columns of a table that tell the label nearly perfectly; notes what becomes of the others."""
    if not isinstance(config, Table):
        return []
    types = store.columns
    features = {name: types[name] for name in features_of(store)[0]}
    gaps, numbers = ["", *config.missing], made.kind == NUMBERS
    inputs = GateInput(store.files, features, config.gates.sample, SEED, gaps, numbers=numbers)
    result_of_gate = leak.check(Leak(), inputs)
    found, result.strong = result_of_gate.columns, result_of_gate.warnings
    if found and len(set(found)) == len(features):
        raise UsageError(
            f"every column predicts '{shown(made.label)}' nearly perfectly ({listed(found)}), as copies do: name "
            "another column with --label, or write the recipe by hand with data.gates.leak.known_in_advance."
        )
    if not found:
        _note_dropped(store, features, result)
    return list(dict.fromkeys(found))


def _note_dropped(store: RowStore, features: dict[str, pl.DataType], result: Tried) -> None:
    """What the default encoding leaves out.

    Raises:
        UsageError: it would leave out everything.
    """
    train = store.rows.filter(split="train").drop("split")
    inputs = FitInput(train, {name: kind_of(dtype) for name, dtype in features.items()}, SEED)
    for name, dtype in features.items():
        holds, _, action = judge(facts(inputs, name, dtype, result.rows["train"]), Auto())
        if action == "drop":
            result.dropped[name] = holds
    if len(result.dropped) == len(features):
        told = ", ".join(f"'{shown(name)}' holds {holds}" for name, holds in result.dropped.items())
        raise UsageError(f"no column is left to learn from: {told}.")
