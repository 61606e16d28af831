"""What stands on a command line, as Hydra's grammar needs it: a str is the text that was typed, sign for sign.

`task.system=Billing, or not?` needs no quotes but the shell's: brackets, braces, quotes, `=`, `#`, `$`, backslashes and
spaces are what they are, and `true`, `1e10` and `null` are words. What begins and ends with the same quotation mark and
is one quoted string to Hydra, means its content, as in Hydra. With --multirun a comma between texts asks for a sweep,
and so does choice(…); a text with a comma needs the quotes then. `null` is None where the key may be None.

In lists and mappings of str ([NA, -1], {yes: 1}) Hydra's grammar holds, but a number, a truth value or `null` stays the
text that it is, and a mapping's new keys need no `+`. A key with other signs than letters, digits, `_`, `-`, `.` and
spaces, and one that is a number below 0, can't be written so: such a mapping belongs into a file of conf/.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from shipworthy.config.keys import import_checked_schemas
from shipworthy.config.root import Config
from shipworthy.core.choices import is_group
from shipworthy.core.schema import literal
from shipworthy.core.value_types import Hints, at, bare, has_text_keys, holds_text, is_text, may_be_none, parts_of

OVERRIDE = re.compile(r"(\+{0,2})((?:\\.|[^=\\~])+)=(.*)", re.DOTALL)
CHOICE = re.compile(r"\s*choice\s*\((.*)\)\s*", re.DOTALL)
ELEMENT = re.compile(
    r"""\s*(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*(?=,|$)|(?:\\.|[^,\\]|\\$)*""",
    re.DOTALL,
)
"""Of a sweep or a list: a quoted string, or what comes before the next comma without a backslash."""
LIST = re.compile(r"\s*\[([^\[\]{}]+)\]\s*", re.DOTALL)
"""A list of texts."""


def in_hydras_grammar(overrides: Iterable[str], *, sweep: bool = False) -> list[str]:
    """The overrides, each such that Hydra reads what was typed; what is so already stays.

    Args:
        sweep: whether a comma asks for several runs.
    """
    return [text for override in overrides for text in _rewritten(override, sweep)]


def value_of(override: str) -> str:
    """The text that an override of a str sets, without quotes."""
    value = override.partition("=")[2]
    return str(getattr(_parsed(value), "text", value))


def _rewritten(override: str, sweep: bool) -> list[str]:
    found = OVERRIDE.fullmatch(override)
    if not found or not parts_of(found[2]) or is_group(found[2]) or re.match(r"hydra[./]", found[2]):
        return [override]
    sign, key, value = found.groups()
    import_checked_schemas()
    *above, _ = parts_of(key)
    hints = at((Config,), parts_of(key))
    if not sign and (has_text_keys(hints) or has_text_keys(at((Config,), above))):
        sign = "++"  # Hydra would want it for every new key of a mapping
    if is_text(hints):
        return [f"{sign}{key}={_text(value, hints, sweep)}"]
    if holds_text(hints):
        return _container(sign, key, value, hints)
    return [override]


def _text(value: str, hints: Hints, sweep: bool) -> str:
    if not sweep:
        return _element(value, hints)
    from hydra.core.override_parser.types import Sweep

    if chosen := CHOICE.fullmatch(value):
        value = chosen[1]
    parsed = _parsed(value)
    if isinstance(parsed, Sweep) and not getattr(parsed, "simple_form", False):  # range(…), glob(…), …
        return value
    elements = list(_elements(value))
    if len(elements) > 1:
        elements = [one.strip() for one in elements]
    return ",".join(_element(one.replace("\\,", ","), hints) for one in elements)


def _elements(value: str) -> Iterator[str]:
    """The parts of a value that commas separate."""
    place = 0
    while found := ELEMENT.match(value, place):
        yield found.group()
        if found.end() >= len(value):
            return
        place = found.end() + 1


def _element(value: str, hints: Hints) -> str:
    from hydra.core.override_parser.types import QuotedString

    if may_be_none(hints) and value == "null":
        return value
    parsed = _parsed(value)
    if isinstance(parsed, QuotedString) or (parsed == value and isinstance(parsed, str) and "${" not in value):
        return value
    return quoted(value)


def quoted(text: str) -> str:
    """A text as a quoted string of Hydra's, in which nothing is an interpolation."""
    escaped = re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), literal(text))
    return f"'{escaped}'"


WANTED = {int: "give a whole number", float: "give a number", bool: "give true or false"}


def unread(text: str, why: str) -> str:
    """The sentence for an override that Hydra's grammar can't read.

    Args:
        why: in Hydra's words.
    """
    found = OVERRIDE.fullmatch(text)
    hints = at((Config,), parts_of(found[2])) if found else ()
    wanted = {WANTED.get(bare(hint), "") for hint in hints} - {""}
    if len(wanted) == 1:
        return f"{text}: {wanted.pop()}."
    if hints:
        return f"{text}: its value can't be read ({why}): close its brackets and quotes, or put all of it in quotes."
    return f"{text} is neither group=choice nor key=value ({why})."


def _parsed(value: str) -> Any:
    """What Hydra reads in a value (`QuotedString`, `Sweep`, a str, a number …); None where it reads nothing."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(f"x={value}")._value
    except HydraException:
        return None


def _list(value: str) -> str:
    """A list of texts with signs that Hydra's grammar lacks, with quotes; what is none stays."""
    found = LIST.fullmatch(value)
    if not found:
        return value
    return f"[{','.join(_quoted_element(one.strip()) for one in _elements(found[1]))}]"


def _quoted_element(text: str) -> str:
    from hydra.core.override_parser.types import QuotedString

    return text if isinstance(_parsed(text), QuotedString) else quoted(text)


def _container(sign: str, key: str, value: str, hints: Hints) -> list[str]:
    """A list or mapping in which every element is a text; keys that Hydra would read as numbers are set one by one."""
    tree = _tree(f"x={value}")
    if tree is None:
        return [f"{sign}{key}={_list(value)}"]
    texts, keys = _lone(tree, "primitive"), _lone(tree, "dictKey")
    if keys and has_text_keys(hints) and (pairs := _pairs(tree)) is not None:
        return [f"++{key}.{_escaped(name)}={quoted(text)}" for name, text in pairs]
    written = f"x={value}"
    for start, stop in sorted(texts, reverse=True):
        written = f"{written[:start]}{quoted(written[start:stop])}{written[stop:]}"
    return [f"{sign}{key}={written[2:]}"]


def _tree(override: str) -> Any:
    """The syntax tree of an override, or None."""
    from hydra.core.override_parser.overrides_visitor import HydraErrorListener
    from hydra.errors import HydraException
    from hydra.grammar.gen.OverrideLexer import CommonTokenStream, InputStream, OverrideLexer
    from hydra.grammar.gen.OverrideParser import OverrideParser

    lexer = OverrideLexer(InputStream(override))
    parser = OverrideParser(CommonTokenStream(lexer))
    for one in (lexer, parser):
        one.removeErrorListeners()
        one.addErrorListener(HydraErrorListener())
    try:
        return parser.override()
    except HydraException:
        return None


def _contexts(tree: Any, rule: str) -> list[Any]:
    """The parts of a tree that a rule of the grammar made."""
    from hydra.grammar.gen.OverrideParser import OverrideParser

    found = [tree] if OverrideParser.ruleNames[getattr(tree, "getRuleIndex", lambda: 0)()] == rule else []
    return found + [one for child in getattr(tree, "children", None) or () for one in _contexts(child, rule)]


def _lone(tree: Any, rule: str) -> list[tuple[int, int]]:
    """Where a number, truth value or null stands alone; first place, and the place behind the last."""
    from hydra.grammar.gen.OverrideLexer import OverrideLexer

    kinds = (OverrideLexer.INT, OverrideLexer.FLOAT, OverrideLexer.BOOL, OverrideLexer.NULL)
    tokens = [
        [child.symbol for child in one.children if child.symbol.type != OverrideLexer.WS]
        for one in _contexts(tree, rule)
    ]
    return [(one[0].start, one[0].stop + 1) for one in tokens if len(one) == 1 and one[0].type in kinds]


def _pairs(tree: Any) -> list[tuple[str, str]] | None:
    """Key and value of a mapping of plain texts; None if Hydra's dotted keys cannot say one of the keys."""
    from hydra.core.override_parser.overrides_parser import create_functions
    from hydra.core.override_parser.overrides_visitor import HydraOverrideVisitor
    from hydra.core.override_parser.types import QuotedString

    visitor, found = HydraOverrideVisitor(create_functions()), []
    for pair in _contexts(tree, "dictKeyValuePair"):
        name, value = pair.dictKey().getText().strip(), pair.element()
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) or value.primitive() is None:
            return None
        read = visitor.visitPrimitive(value.primitive())
        text = read.text if isinstance(read, QuotedString) else read if isinstance(read, str) else value.getText()
        found.append((name, text.strip()))
    return found


def _escaped(name: str) -> str:
    return name.replace(".", "\\.")
