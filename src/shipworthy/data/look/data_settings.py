"""The settings of conf/data/NAME.yaml, each with its reason."""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from shipworthy.data.gates.row_settings import Missing
from shipworthy.data.kinds.schema import Records
from shipworthy.data.look.draft import SEVERAL, TABLES, TALKS, Draft, features
from shipworthy.data.look.findings import NAMED_CLASSES, Findings
from shipworthy.data.look.names import listed, shown
from shipworthy.data.look.roles import likely_words
from shipworthy.data.look.settings import Setting
from shipworthy.data.look.trial import Tried

RARE = 0.1
"""A class below this share of the rows is rare."""


def data_settings(look: Findings, split: Mapping[str, Any], tried: Tried | None = None) -> list[Setting]:
    """The settings of conf/data/NAME.yaml.

    Args:
        split: how the rows are divided.
        tried: what came of it (None: it is being tried).
    """
    made = [
        Setting("name", look.name, "What reports call the data."),
        Setting("licence", "unknown", "Whose the data are, and what may be done with them: say it here."),
        Setting("file", look.found.file, "In data/. A folder, or a pattern (tickets/2026-*.csv), will do, too."),
    ]
    if look.found.format:
        made.append(Setting("format", look.found.format, "The files' names don't say how they are written."))
    if look.found.delimiter:
        made.append(Setting("delimiter", look.found.delimiter, "What is between the cells."))
    if look.draft.id:
        made.append(Setting("id", look.draft.id, "It only identifies rows: the model does not see it."))
    made += {**dict.fromkeys(TABLES, _table), TALKS: _talks}.get(look.draft.kind, _texts)(look, tried)
    return [*made, _split(look, split, tried)]


def _table(look: Findings, tried: Tried | None) -> list[Setting]:
    draft = look.draft
    made = [Setting("label", draft.label, _about_label(look, tried)), *_separator(draft)]
    if draft.ignore:
        made.append(Setting("ignore", list(draft.ignore), _about_ignored(look)))
    if draft.missing:
        why = (
            "What counts as a missing value, besides empty cells. If it is a value of its own, take it out; "
            "add others, such as none or unknown."
        )
        made.append(Setting("missing", draft.missing, why))
    most = max((look.profile[name].missing for name in features(look.profile, draft)), default=0.0)
    if draft.missing or most > Missing().max_share:
        most = max(most, _most_marked(look))
    if most > Missing().max_share:
        limit = min(1.0, math.ceil(most * 20) / 20 + 0.05)
        why = f"A column has gaps in {most:.0%} of its rows; the usual limit is 0.5."
        made.append(Setting("gates", [Setting("missing", [Setting("max_share", round(limit, 2))])], why))
    return made


def _separator(draft: Draft) -> list[Setting]:
    why = "What is between the labels of a row; a row where it is empty has none."
    return [Setting("separator", draft.separator, why)] if draft.separator else []


def _most_marked(look: Findings) -> float:
    """The largest share of gaps, marks included."""
    shares = [0.0]
    for name in features(look.profile, look.draft):
        column = look.profile[name]
        values = look.profile.values(column)
        if column.type in ("string", "int") and values.len():
            marked = int(values.cast(pl.String).str.strip_chars().is_in(look.draft.missing).sum()) / values.len()
            shares.append(column.missing + (1 - column.missing) * marked)
    return max(shares)


def _about_label(look: Findings, tried: Tried | None) -> str:
    draft = look.draft
    lines = [f"What is learned: {draft.why}."]
    if draft.others:
        lines[0] += f" It may as well be {listed(draft.others, 4)}: change it here, or call init with --label."
    if tried and tried.classes and draft.kind in SEVERAL:
        rows = sum(tried.rows.values())
        shares = ", ".join(f"{shown(name, 30)} {number / rows:.1%}" for name, number in tried.classes[:6])
        more = ", …" if len(tried.classes) > 6 else ""
        lines.append(f"A row has none, one or several of {len(tried.classes)} labels: {shares}{more} of the rows.")
    elif tried and tried.classes:
        rows = sum(number for _, number in tried.classes)
        shares = ", ".join(f"{shown(name, 30)} {number / rows:.1%}" for name, number in tried.classes[:6])
        lines.append(f"{len(tried.classes)} classes: {shares}{', …' if len(tried.classes) > 6 else ''}.")
        rare = [shown(name, 30) for name, number in tried.classes if number < RARE * rows]
        if rare and len(tried.classes) <= NAMED_CLASSES:
            lines.append(
                f"Rare: {', '.join(rare)}. A model that never says it can be right in most rows: look at the share "
                "of each class that is found, not at accuracy alone; docs/metrics.md names metrics for it, such as "
                "macro_f1."
            )
    return "\n".join(lines)


def _about_ignored(look: Findings) -> str:
    draft = look.draft
    lines = ["Columns that the model does not see:"]
    lines += [f"  {shown(name)}: {why}" for name, why in draft.ignore.items() if name not in draft.leaks]
    if draft.leaks:
        lines += [f"  {shown(name)}: alone it predicts the label nearly perfectly (a leak?)" for name in draft.leaks]
        lines.append(
            "A column that is known when the answer is asked for is no leak: take it out here, and name it in "
            "gates.leak.known_in_advance."
        )
    return "\n".join(lines)


def _texts(look: Findings, tried: Tried | None) -> list[Setting]:
    draft, profile = look.draft, look.profile
    made = [Setting("text", draft.text, "What is read, and compared to find near-duplicates.")]
    if draft.context:
        made.append(Setting("context", draft.context, "Columns that are read as well; a row needs a value in each."))
    made += [Setting("answer", draft.label, _about_label(look, tried)), *_separator(draft)]
    default = Records(name="", licence="", file="x", text="text", answer="answer")
    if profile[draft.text].longest > default.max_words:
        most = math.ceil(profile[draft.text].longest * 1.5 / 500) * 500
        made.append(Setting("max_words", most, "Longer texts are left out; the longest has fewer words."))
    if likely_words(profile.values(profile[draft.text])):
        made.append(Setting("min_words", 0, "Some texts have no words, signs alone: 1 would leave them out."))
    return made


def _talks(look: Findings, tried: Tried | None) -> list[Setting]:
    talks = look.draft.talks
    assert talks is not None
    made = [Setting("messages", talks.messages, "The conversations; their last message is learned.")]
    if talks.tools:
        made.append(Setting("tools", talks.tools, "The functions that the assistant may call."))
    return made


def _split(look: Findings, split: Mapping[str, Any], tried: Tried | None) -> Setting:
    why = {
        "test": "Shares of the rows (from 1 on: numbers of rows). Near-duplicates stay together.",
        "stratify": "Each part has the classes' shares of the whole.",
        "time": "Train comes before validation, validation before test, as in use. Without it: at random.",
        "group_columns": "No value of these is in two parts: the model is asked about new ones, as in use. "
        "Without it rows of one of them stand on both sides, and the result looks better than it is.",
    }
    about = "How the rows are divided."
    if tried and tried.given_up:
        about += f" Not {shown(tried.given_up, 300)}."
    if look.draft.kind in TABLES and not split.get("time") and look.draft.time:
        about += f" '{shown(look.draft.time)}' looks like a time."
    return Setting("split", [Setting(key, value, why.get(key, "")) for key, value in split.items()], about)
