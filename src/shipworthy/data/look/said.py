"""What `init` says of a file: its rows, its columns, and what is proposed."""

from collections.abc import Iterator

from shipworthy.data.look.draft import CLASSES, LABELS, NUMBERS, SEVERAL, TABLE, TAGS, Draft
from shipworthy.data.look.names import listed, shown
from shipworthy.data.look.profile import Column, Profile
from shipworthy.data.look.roles import TEXT_WORDS
from shipworthy.data.look.trial import Tried

MOST_COLUMNS = 40
FEW_ROWS = 30
LONG_WORDS = 300
"""From so many words in its longest value on, a text is said to be long."""


def rows_and_columns(profile: Profile, ids: list[str]) -> Iterator[str]:
    """A line for the file, and one for each column."""
    names = [name for name in profile.names if name not in ids]
    twice = profile.repeated(names)
    again = f", {twice:,} of them equal to an earlier one" if twice else ""
    yield f"{profile.rows:,} rows{again}; {len(profile.columns) + len(profile.unreadable)} columns:"
    shown_columns = profile.columns[:MOST_COLUMNS]
    widest = max(len(shown(one.name, 32)) for one in shown_columns)
    for column in shown_columns:
        yield f"  {shown(column.name, 32):<{widest}}  {_facts(column)}"
    if len(profile.columns) > MOST_COLUMNS:
        yield f"  … and {len(profile.columns) - MOST_COLUMNS} more"
    if profile.unreadable:
        name, why = next(iter(profile.unreadable.items()))
        more = f", and {len(profile.unreadable) - 1} more like it" if len(profile.unreadable) > 1 else ""
        yield f"  '{shown(name, 32)}' can't be read, for it {why}{more}"


def _facts(column: Column) -> str:
    text = "text" if column.words >= TEXT_WORDS else "names"
    kind = {"string": text, "json": "lists or objects"}.get(column.type, column.type)
    long = f", up to {column.longest:,} words" if column.longest >= LONG_WORDS else ""
    gaps = f", {column.missing:.1%} missing" if column.missing else ""
    different = "all different" if column.is_unique else f"{column.distinct:,} different"
    examples = ", ".join(column.examples)
    return f"{kind:<9} {different}{gaps}{long}: {examples}"


def proposal(draft: Draft, tried: Tried) -> Iterator[str]:
    """What was found, one finding a line."""
    yield from _learned(draft)
    if tried.classes:
        several = draft.kind in SEVERAL
        rows = sum(tried.rows.values()) if several else sum(number for _, number in tried.classes)
        told = ", ".join(f"{shown(name, 30)} {number / rows:.1%}" for name, number in tried.classes[:8])
        what = "labels, of which a row may have several" if several else "classes"
        yield f"{what}: {told}{', …' if len(tried.classes) > 8 else ''}"
    groups = ", ".join(tried.split.get("group_columns", []))
    for what, name in (("id", draft.id), ("time", tried.split.get("time", "")), ("groups", groups)):
        if name:
            yield f"{what}: '{shown(name)}'"
    if draft.missing:
        yield f"missing is written as: {listed(draft.missing)}"
    yield from _left_out(draft, tried)
    yield from draft.notes
    tried_on = "rows, of those that were tried" if tried.some else "rows"
    yield f"{tried_on}: {', '.join(f'{number:,} {name}' for name, number in tried.rows.items())}"
    if tried.rows.get("test", 0) < FEW_ROWS:
        yield "so few rows of test that no figure will mean much"
    network = "a small language model (SmolLM2, 135 million parameters) with LoRA"
    classical = {
        TABLE: "XGBoost against the majority and logistic regression",
        NUMBERS: "XGBoost against the median and ridge regression",
        LABELS: "XGBoost, each label on its own, against the most frequent labels",
        TAGS: "TF-IDF and logistic regression, each label on its own",
        CLASSES: "TF-IDF and logistic regression",
    }
    yield f"recipe: {classical.get(draft.kind, network)}"


def _learned(draft: Draft) -> Iterator[str]:
    if draft.talks is not None:
        tools = f", with tools in '{shown(draft.talks.tools)}'" if draft.talks.tools else ""
        yield f"conversations: '{shown(draft.talks.messages)}'{tools}"
        return
    more = f"; it may as well be {listed(draft.others, 3)} (--label)" if draft.others else ""
    yield f"to be learned: '{shown(draft.label)}', for {draft.why}{more}"
    if draft.text:
        yield f"text: {listed([draft.text, *draft.context])}"


def _left_out(draft: Draft, tried: Tried) -> Iterator[str]:
    if draft.leaks:
        yield f"likely leaks, left out: {listed(draft.leaks)} (each predicts the label nearly perfectly)"
    if rest := {name: why for name, why in draft.ignore.items() if name not in draft.leaks}:
        yield "left out: " + "; ".join(f"'{shown(name)}' ({why})" for name, why in list(rest.items())[:8])
    yield from tried.strong[:3]
    if tried.dropped:
        told = (f"'{shown(name)}' ({holds})" for name, holds in tried.dropped.items())
        yield f"left out when columns are encoded: {'; '.join(told)}"
    if tried.given_up:
        yield f"not divided {shown(tried.given_up, 300)}"
    if tried.rejected:
        yield "rows left out: " + ", ".join(f"{number:,} {reason}" for reason, number in tried.rejected.items())
