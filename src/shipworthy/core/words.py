"""The words of a command that takes no config, read by the text that its help prints.

    shipworthy reproduce RUN [code=run|present] [tolerance=0.001] [workspace=artifacts]
    shipworthy runs select RUN [alias=champion] [note=TEXT]

Each line that begins with `shipworthy` is a form: a verb, if it has one, and what follows. RUN is a word to be given,
`RUN…` one or more; `key=` sets something, `--flag` says yes. What is in brackets may be left out: then a key has
its first value in small letters or digits, or none. `[KEY=VALUE…]` takes conditions on whatever keys there are.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError

PROGRAM = "shipworthy"
PART = re.compile(r"\[[^\]]*\]|\S+")
OPERATOR = re.compile(r"[=<>~!]")


@dataclass(frozen=True)
class Name:
    """A word that is given as it is; `label` says of what."""

    label: str
    needed: bool
    many: bool

    @property
    def condition(self) -> bool:
        """Whether it is a condition on a key."""
        return "=" in self.label


@dataclass(frozen=True)
class Key:
    """What `key=value` sets: the values that it may have (none: any), and the one that it has otherwise."""

    values: tuple[str, ...]
    default: str
    needed: bool


@dataclass(frozen=True)
class Form:
    """One way to ask, as `text` writes it down."""

    text: str
    verb: str
    names: tuple[Name, ...]
    keys: Mapping[str, Key]
    flags: frozenset[str]


@dataclass(frozen=True)
class Asked:
    """What was asked for: the verb (empty: none), the names in their order, every key with its value, the flags."""

    verb: str
    names: list[str]
    keys: dict[str, str]
    flags: frozenset[str] = field(default_factory=frozenset)

    def __getitem__(self, key: str) -> str:
        """The value of a key; empty where it was not given and is nothing otherwise."""
        return self.keys[key]


def forms(usage: str) -> list[Form]:
    """The forms of a usage."""
    return [form for line in usage.splitlines() if line.startswith(f"{PROGRAM} ") for form in _forms(line)]


def _forms(line: str) -> Iterator[Form]:
    verbs, names, keys, flags = [""], [], {}, set()
    for part in PART.findall(line)[2:]:
        inner, free = part.strip("[]"), part.startswith("[")
        label, sign, value = inner.partition("=")
        if inner.startswith("--"):
            flags.add(inner)
        elif sign and label.islower():
            values = tuple(value.split("|"))
            default = values[0] if free and re.fullmatch(r"[a-z0-9][a-z0-9_.]*", values[0]) else ""
            keys[label] = Key(values if len(values) > 1 else (), default, not free)
        elif inner.islower():
            verbs = inner.split("|")
        else:
            names.append(Name(inner.rstrip("…"), not free, inner.endswith("…")))
    yield from (Form(line, verb, tuple(names), keys, frozenset(flags)) for verb in verbs)


def read(usage: str, words: Sequence[str]) -> Asked:
    """What the words ask for.

    Raises:
        UsageError: it is none of the forms; the sentence names the nearest word, or the form.
    """
    form, rest = _chosen(usage, words)
    names, keys, flags = [], {key: known.default for key, known in form.keys.items()}, set()
    conditions = any(name.condition for name in form.names)
    for word in rest:
        key, sign, value = word.partition("=")
        if word.startswith("--"):
            if word not in form.flags:
                raise UsageError(f"there is no option {word}: {_nearest(word, [*form.flags, '--help'], form)}")
            flags.add(word)
        elif sign and key in form.keys:
            if form.keys[key].values and value not in form.keys[key].values:
                raise UsageError(f"{word}: give one of {', '.join(form.keys[key].values)}.")
            keys[key] = value
        elif sign and key.isidentifier() and not conditions:
            near = _nearest(key, [*form.keys], form).replace("?", "=?")
            raise UsageError(f"{key}= is unknown: {near}")
        else:
            names.append(word)
    _count(form, names, keys)
    return Asked(form.verb, names, keys, frozenset(flags))


def _chosen(usage: str, words: Sequence[str]) -> tuple[Form, list[str]]:
    """The form whose verb is the first word, else the one without a verb; and what is left of the words."""
    found = {form.verb: form for form in forms(usage)}
    first = next((word for word in words if not OPERATOR.search(word) and not word.startswith("--")), "")
    if first and first in found:
        rest = [*words]
        rest.remove(first)
        return found[first], rest
    bare = found.get("")
    if bare is None or (first and all(name.condition for name in bare.names) and len(found) > 1):
        verbs = [verb for verb in found if verb]
        what = f"{PROGRAM} {usage.split()[1]}"
        close = difflib.get_close_matches(first, verbs, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it is {what} {' or '.join(verbs)}; {what} --help says more."
        raise UsageError(f"there is no `{what} {first}`: {hint}" if first else hint)
    return bare, [*words]


def _count(form: Form, names: Sequence[str], keys: Mapping[str, str]) -> None:
    least = sum(name.needed for name in form.names)
    most = None if any(name.many for name in form.names) else len(form.names)
    missing = [key for key, known in form.keys.items() if known.needed and not keys[key]]
    if len(names) < least or (most is not None and len(names) > most) or missing:
        raise UsageError(f"it is {form.text}.")


def _nearest(word: str, known: Sequence[str], form: Form) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"it is {form.text}."
