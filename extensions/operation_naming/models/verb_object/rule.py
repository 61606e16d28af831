"""The rule: which words of a sentence make the name."""

import re
from collections.abc import Mapping

TOKEN = re.compile(r"[A-Za-z0-9]+(?:['-][A-Za-z0-9]+)*|[.,;:()]")
# What may stand between the verb and what it acts on: "a list of", "detailed information about one or more".
LEAD_IN = re.compile(
    r"^(?:(?:a|an|the|up to|one or more|all|any|some|of|your|our|this|that|these|those|each|both|specified|given|"
    r"existing|new|current|available|detailed|paginated|single|following|more|additional|list|lists|set|collection|array|page|"
    r"number|batch|summary|information|info|details|detail|description|descriptions|metadata|properties|attributes|"
    r"data|for|about|on|regarding)\s+)*?"
    r"(?:(?:list|lists|set|collection|array|page|number|batch|summary|information|info|details|detail|description|"
    r"descriptions|metadata|properties|attributes|data)\s+(?:of|for|about|on|regarding)\s+)",
    re.IGNORECASE,
)
_DROPPED = """
    a an the one or more all any some your our its their this that these those each both specified given existing new
    current specific single following additional multiple other certain particular
"""
_ENDS = """
    . , ; : ( ) from in into to for with that which by on of using based when if as at under within where whose and
    associated so is are was has have can you used it between via before after about through while without
"""
DROPPED, ENDS = frozenset(_DROPPED.split()), frozenset(_ENDS.split())
VERBS = {
    "returns": "Get", "retrieves": "Get", "gets": "Get", "fetches": "Get", "displays": "Get", "provides": "Get",
    "removes": "Delete", "modifies": "Update", "changes": "Update", "edits": "Update", "adds": "Add",
    "enumerates": "List", "queries": "List", "generates": "Create", "initiates": "Start", "begins": "Start",
    "launches": "Start", "cancels": "Cancel", "describes": "Describe", "this": "Get", "use": "Get",
}  # fmt: skip


def tokens(sentence: str) -> list[str]:
    """Words and the punctuation that ends a phrase."""
    return TOKEN.findall(sentence)


def verb(sentence: list[str], learned: Mapping[str, str]) -> str:
    """The name's verb: as learned from the longest known opening, else from the table, else the word without its -s."""
    for length in (4, 3, 2, 1):
        if found := learned.get(opening(sentence, length)):
            return found
    first = sentence[0].lower()
    return VERBS.get(first) or infinitive(first).capitalize()


def opening(sentence: list[str], length: int) -> str:
    """The first words in lower case, as a key."""
    return " ".join(sentence[:length]).lower() if len(sentence) >= length else ""


def infinitive(word: str) -> str:
    """Without the ending of the third person."""
    for ending, base in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending):
            return word.removesuffix(ending) + base
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def phrase(sentence: list[str]) -> list[str]:
    """The words of the object: what follows the verb up to a preposition or a stop, articles dropped."""
    rest = " ".join(sentence[1:])
    rest = rest[found.end() :] if (found := LEAD_IN.match(rest)) else rest
    object_words: list[str] = []
    for word in rest.split():
        if word.lower() in DROPPED:
            continue
        if word.lower() in ENDS:
            if object_words:
                break
            continue
        object_words.append(word)
    return object_words


def camel(words: list[str]) -> str:
    """The words with a capital each, joined; capitals inside stay."""
    return "".join(part[0].upper() + part[1:] for word in words for part in re.split(r"['-]", word) if part)


def number(name_verb: str, words: list[str], plural: Mapping[str, bool]) -> list[str]:
    """The last word in the plural where names with this verb mostly are, or in the singular where they are not."""
    if not words or name_verb not in plural:
        return words
    last = words[-1]
    if plural[name_verb]:
        return words if last.endswith("s") else [*words[:-1], last[:-1] + "ies" if last.endswith("y") else last + "s"]
    return words if last.lower().endswith(("us", "is", "as")) else [*words[:-1], infinitive(last)]
