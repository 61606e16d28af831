"""What a judge's reply says, read strictly: what is no such JSON says nothing, and is not guessed."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

A, B, TIE = "A", "B", "tie"
LOWEST, HIGHEST = 1, 5
FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL)
"""How many models wrap JSON; nothing may stand around it."""


def winner(reply: str) -> str | None:
    """A, B or TIE of a reply such as {"winner": "A"}; further keys, such as a reason, are left aside."""
    found = _object(reply).get("winner")
    return found if found in (A, B, TIE) else None


def grades(reply: str, criteria: Sequence[str]) -> list[int] | None:
    """The grade of each criterion, a whole number from 1 to 5, of a reply such as {"correct": 4, "clear": 5}."""
    found = _object(reply)
    read = [found.get(name) for name in criteria]
    sound = [one for one in read if isinstance(one, int) and not isinstance(one, bool) and LOWEST <= one <= HIGHEST]
    return sound if len(sound) == len(criteria) else None


def _object(reply: str) -> Mapping[str, Any]:
    """The one JSON object that a reply is; empty where it is none, or names a key twice."""
    text = reply.strip()
    if fenced := FENCED.fullmatch(text):
        text = fenced[1]
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)
