"""What the name of a column says of its role; a name alone decides nothing, values must allow it."""

import re

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
PARTS = re.compile(r"[^a-z0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ANSWERS = _words(
    "label labels target class y outcome answer truth gold ideal category intent sentiment diagnosis species churn "
    "churned survived fraud default defaulted choice vote"
)
"""Words that people call by what is to be predicted."""
LISTS = _words("labels tags genres categories topics keywords themes skills symptoms diagnoses errors")
"""Words for several answers to a row."""
RESULTS = _words(
    "result status grade quality risk rating stage level approved cancelled returned converted clicked subscribed "
    "recommended passed winner won late failure failed income team topic origin price score"
)
"""Words for what often is, and as often is not."""
IDS = _words("id ids uuid guid key index idx identifier obs nr no number code row unnamed")
"""Words for what identifies rows."""
OWNERS = _words(
    "user customer client patient person subject session account household member student employee participant "
    "speaker author device machine store shop company school individual visitor buyer seller owner"
)
"""Words for those of whom there may be several rows."""
BIRTHS = _words("birth born dob birthday birthdate")
"""Words for times that are a fact about a row, not its place in time."""
TIMES = _words("time timestamp date datetime day month year quarter week hour")
"""Words for a time: hardly ever what is asked for."""
PEOPLE = _words("sex gender race age ethnicity")
"""Words for what is known of a person, hardly ever what is asked for."""
TEXTS = _words("text body message content description comment review question prompt instruction title")
"""Words for a text that is read."""
REPLIES = _words("answer output completion response reply target summary translation label ideal")
"""Words for a text that answers."""


def words(name: str) -> list[str]:
    """The words of a column's name in lower case: `customerId` and `Customer ID` are customer, id."""
    return [part for part in PARTS.split(CAMEL.sub(" ", name).lower()) if part]


def holds(name: str, known: frozenset[str]) -> bool:
    """Whether one of the words is in a name."""
    return not known.isdisjoint(words(name))


def ends_in(name: str, known: frozenset[str]) -> bool:
    """Whether a name's last word is one of these."""
    found = words(name)
    return bool(found) and found[-1] in known


def shown(text: str, most: int = 60) -> str:
    """A name or value as a comment or a line of output holds it: on one line, not too long."""
    safe = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def listed(names: list[str], most: int = 6) -> str:
    """Some names in a sentence."""
    told = ", ".join(f"'{shown(name, 40)}'" for name in names[:most])
    return told + (f" and {len(names) - most} more" if len(names) > most else "")
