"""Which column holds conversations, which the tools; and files of OpenAI's evals, with a conversation and an answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.look.names import shown
from shipworthy.data.look.profile import Column, Profile
from shipworthy.models.causal_lm.chat_format import MalformedError, read_tools
from shipworthy.models.causal_lm.conversation import parse, said

SAMPLE = 200
"""Values that are parsed."""
SHARE = 0.5
"""The least share of them that must be conversations; the rest is rejected with a reason each."""
EVALS = ("input", "ideal")
PAIRS = ("chosen", "rejected")


@dataclass(frozen=True)
class Talks:
    """Conversations.

    Attributes:
        messages: the column that holds them.
        tools: the column of the functions that the assistant may call (empty: none).
        calls: whether messages call functions.
        characters: of the longest conversation, and of the longest answer.
        sound: the share of the sample that can be taught.
        unsound: a column that is called like tools and holds none (empty: there is none).
    """

    messages: str
    tools: str
    calls: bool
    characters: tuple[int, int]
    sound: float
    unsound: str = ""


def find(profile: Profile) -> Talks | None:
    """The first column of which at least half of the values are conversations that end with the assistant's word.

    Raises:
        UsageError: a column holds what Python prints of a list of messages, which is no JSON.
    """
    for column in profile.columns:
        values = profile.values(column, SAMPLE) if column.type in ("json", "string") else pl.Series([], dtype=pl.String)
        texts = [text for text in values.to_list() if text.lstrip().startswith("[")]
        if not texts or len(texts) < SHARE * values.len():
            continue
        _refuse_python(column, texts)
        lengths = [found for text in texts if (found := _lengths(text))]
        if len(lengths) >= SHARE * values.len():
            longest = max(whole for whole, _ in lengths), max(answer for _, answer in lengths)
            calls = any('"tool_calls"' in text or '"function_call"' in text for text in texts)
            tools, unsound = _tools(profile)
            return Talks(column.name, tools, calls, longest, len(lengths) / values.len(), unsound)
    return None


def is_evals(profile: Profile) -> bool:
    """Whether rows are samples of OpenAI's evals: `input`, a list of messages, and `ideal`, the answer, a text."""
    if any(name not in profile for name in EVALS) or profile[EVALS[0]].type != "json":
        return False
    if profile[EVALS[1]].type == "json":
        return False
    values = profile.values(profile[EVALS[0]], SAMPLE).to_list()
    return bool(values) and all(_is_asked(text) for text in values)


def refuse_pairs(profile: Profile) -> None:
    """Refuses pairs of a better and a worse answer.

    Raises:
        UsageError: that they are some.
    """
    if all(name in profile for name in PAIRS):
        raise UsageError(
            f"the columns '{PAIRS[0]}' and '{PAIRS[1]}' hold pairs of a better and a worse answer, and an objective "
            "that learns from pairs is not there yet: name a column to learn with --label."
        )


def _is_asked(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return False
    sound = all({"role", "content"} <= one.keys() for one in found)
    return sound and any(one["role"] == "user" for one in found)


def _lengths(text: str) -> tuple[int, int] | None:
    """Characters of a conversation and of its answer; None if it is none that can be taught."""
    try:
        talk = parse(text, None).answered()
    except MalformedError:
        return None
    return sum(len(str(one.get("content") or "")) for one in talk.messages), len(said(talk.messages[-1:]))


def _tools(profile: Profile) -> tuple[str, str]:
    """The column of tools, and one that is called so and holds none."""
    named = [one for one in profile.columns if one.name.lower() in ("tools", "functions") and one.known]
    for column in named:
        values = profile.values(column, SAMPLE).to_list()
        if sum(_are_tools(str(text)) for text in values) >= SHARE * len(values):
            return column.name, ""
    return "", named[0].name if named else ""


def _are_tools(text: str) -> bool:
    try:
        return read_tools(text) is not None
    except MalformedError:
        return False


def _refuse_python(column: Column, texts: Sequence[str]) -> None:
    python = [text for text in texts if text.lstrip().startswith("[{'") and not _is_json(text)]
    if len(python) >= SHARE * len(texts):
        raise UsageError(
            f"column '{shown(column.name)}' holds what Python prints of a list of messages, which is no JSON "
            f"({shown(python[0])}): write it with json.dumps."
        )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
