"""One sentence for what Hydra or OmegaConf refused."""

import re
from collections.abc import Sequence

from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from shipworthy.config.keys import kinds_that_have

SAID = {
    r"Value '.*' of type '\w+' could not be converted to Integer": "give a whole number",
    r"Value '.*' of type '\w+' could not be converted to Float": "give a number",
    r"Value '.*' is not a valid bool .*": "give true or false",
    r"field '.*' is not Optional": "it can't be null: give a value",
    r"Invalid type assigned: \w+ is not a subclass of .*": (
        "it holds settings of its own: set one of them, {key}.SETTING=…, or null to be without it"
    ),
    r"Invalid value assigned: \w+ is not a ListConfig.*": "give a list, in brackets: {key}=[…]",
    r"Cannot set '(?P<key>.*)' because '(?P<above>.*)' is None": (
        "there is no {above} yet: give it with its settings in one, {whole}"
    ),
    r".* does not support deletion": "it can't be taken away: give it another value",
}
"""What OmegaConf says → what to do; the value is in the override already."""


def _remedy(reason: str, key: str) -> str:
    """What to do about what OmegaConf says; itself, where that is not known."""
    for said, remedy in SAID.items():
        if found := re.fullmatch(said, reason):
            named = found.groupdict()
            whole = _whole(named["above"], named["key"]) if named else ""
            return remedy.format(**{"key": key, "above": "", **named, "whole": whole})
    return reason


def _whole(above: str, key: str) -> str:
    """An override that gives a section with one of its settings: `data.clean.pii={email: …}`."""
    names = key.removeprefix(f"{above}.").split(".")
    return f"'{above}={''.join(f'{{{name}: ' for name in names)}…{'}' * len(names)}'"


def one_line(error: BaseException) -> str:
    """The first line of an error's message, without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")


def sentence(error: BaseException, overrides: Sequence[str] = ()) -> str:
    """One sentence for what Hydra or OmegaConf refused, though every key was known to some choice."""
    from hydra.errors import HydraException

    cause = error
    while isinstance(cause, HydraException) and (deeper := cause.__cause__ or cause.__context__):
        cause = deeper
    full_key = str(getattr(cause, "full_key", None) or "")
    reason = one_line(cause)
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and (found := kinds_that_have(full_key)):
        reason = f"the chosen {full_key.partition('.')[0]} does not have it, only {' and '.join(found)} has"
    meant = [text for text in overrides if _is_meant(text, full_key, str(error))]
    values = [text for text in meant if f"'{text.partition('=')[2]}'" in str(error)]
    given = (values or meant or [""])[-1]  # of one key the last one counts, unless another's value is named
    key = given.lstrip("+~").partition("=")[0] or full_key
    reason = _remedy(reason, key)
    return f"{given or full_key}: {reason}." if given or full_key else f"{reason}."


def _is_meant(text: str, full_key: str, error: str) -> bool:
    """Whether an error may be about an override."""
    key = text.lstrip("+~").partition("=")[0]
    return key == full_key or f"'{key}'" in error or text in error
