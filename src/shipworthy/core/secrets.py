"""No secret is ever in a record. They are found by their look, or because the environment holds them."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from shipworthy.core.errors import UsageError

Value = TypeVar("Value")

MASK = "[secret]"
LEAST_CHARACTERS = 8
"""A shorter value of the environment is not looked for: it would be found everywhere."""

LOOKS = {
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{20,}",
    "an API key": r"\bsk-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{16,}",
    "an AWS key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{35}",
    "a Slack token": r"\bxox[a-z]-[A-Za-z0-9-]{10,}",
    "a Slack webhook": r"\bhooks\.slack\.com/services/[A-Za-z0-9/]+",
    "a package index's token": r"\b(?:pypi-[A-Za-z0-9_-]{40,}|npm_[A-Za-z0-9]{36})",
    "a Weights & Biases key": r"\bwandb_v\d_[A-Za-z0-9_]{20,}",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    "a bearer token": r"\bBearer\s+(?=\S*\d)[A-Za-z0-9._~+/=-]{16,}",
    "a login": r"\bAuthorization:\s*Basic\s+[A-Za-z0-9+/=]{8,}",
    "a URL with a password": r"(?<=://)[^\s/:@\"'{}]+:[^\s/@\"'{}]+(?=@)",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
}
"""What it is → how it looks. In a URL only the part before @ is the secret."""
_LOOKS = {what: re.compile(look) for what, look in LOOKS.items()}

_KEYED = re.compile(r"[0-9a-fA-F]{32,}")
"""What is a key in a field of such a name, and elsewhere may be a hash."""
_WORDS = {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "KEY", "APIKEY", "JWT", "WEBHOOK"}
_ENDINGS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "APIKEY")
_ASSIGNED = re.compile(r"^([+ -]?(?:export )?-{0,2}[+~]{0,2}([\w.-]+)=)(['\"]?)(\S{8,})\3$", re.MULTILINE)
"""A line `NAME=value` of a shell, or one word of a command line."""
_QUOTED = re.compile(r"\b([\w.-]+)([\"']?\s*[:=]\s*[\"'])(?=[^\"'\s]*\d)([A-Za-z0-9_+/=.~-]{16,})(?=[\"'])")
"""A name, and its value in quotes that is like nobody's prose."""


def names_one(name: str) -> bool:
    """Whether a variable or a field of this name holds a secret, as `HF_TOKEN` and `model.api_key` do."""
    parts = [part.rstrip("S") if part != "S" else part for part in re.split(r"[_.\d-]+", name.upper())]
    return any(part in _WORDS or part.endswith(_ENDINGS) for part in parts)


def find(text: str, name: str = "") -> str:
    """What secret is in `text`; empty if there is none.

    Args:
        name: of the field that holds it.
    """
    for variable, value in _from_environment():
        if value in text:
            return f"the value of the environment variable {variable}"
    for what, look in _LOOKS.items():
        if look.search(text):
            return what
    return "a key" if names_one(name) and _KEYED.fullmatch(text) else ""


def line_of(text: str, *, by_look: bool = False) -> tuple[str, int] | None:
    """What secret a file holds, and in which line (from 1).

    Args:
        by_look: leave out what only the environment tells, which in a program's source may be any word.
    """
    places = (
        []
        if by_look
        else [(f"the value of the environment variable {n}", text.find(v)) for n, v in _from_environment()]
    )
    places += [(what, found.start()) for what, look in _LOOKS.items() if (found := look.search(text))]
    return next(((what, text.count("\n", 0, place) + 1) for what, place in places if place >= 0), None)


def redact(value: Value, name: str = "") -> Value:
    """The same text or container, with a mask where a secret was; keys of mappings are left as they are.

    Args:
        name: of the field that holds it.
    """
    if isinstance(value, str):
        return _text(value, name)  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return {key: redact(item, str(key)) for key, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return type(value)([redact(item, name) for item in value])
    return value


def refuse(config: Mapping[str, Any]) -> None:
    """Refuses a config that holds a secret, for it is written into every record.

    Raises:
        UsageError: with the key, never the value.
    """
    for key, value in _leaves(config):
        if what := find(str(value), key):
            raise refusal(key, what)


def refusal(key: str, what: str) -> UsageError:
    """The sentence for a secret at a key."""
    return UsageError(
        f"{key} holds {what}, and a config is written into every record of a run: take it out, and hand it over in the "
        "environment."
    )


def _text(text: str, name: str) -> str:
    if names_one(name) and _KEYED.fullmatch(text):
        return MASK
    for _, value in _from_environment():
        text = text.replace(value, MASK)
    for look in _LOOKS.values():
        text = look.sub(MASK, text)
    text = _ASSIGNED.sub(lambda m: f"{m[1]}{MASK}" if names_one(m[2]) and not m[4].isdigit() else m[0], text)
    return _QUOTED.sub(lambda m: f"{m[1]}{m[2]}{MASK}" if names_one(m[1]) else m[0], text)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item, key)
    else:
        yield key, value


def _from_environment() -> tuple[tuple[str, str], ...]:
    """Variable and value, the longest value first."""
    return _values(tuple(os.environ.items()))


@lru_cache(maxsize=1)
def _values(environment: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """A variable that names a file holds no secret itself."""
    found = []
    for name, whole in environment:
        if names_one(name) and not (whole.startswith(("/", "~")) and Path(whole).expanduser().exists()):
            found += [(name, line) for line in whole.splitlines() if len(line.strip()) >= LEAST_CHARACTERS]
    return tuple(sorted(found, key=lambda pair: -len(pair[1])))
