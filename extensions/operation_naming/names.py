"""CamelCase names and their words."""

import re

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def words(name: str) -> list[str]:
    """The words of a CamelCase name: "DescribeDBInstances" → Describe, DB, Instances."""
    return WORD.findall(name)


def verb(name: str) -> str:
    """The first word of a name; empty where the text starts with none."""
    found = WORD.match(name.strip())
    return found.group() if found else ""
