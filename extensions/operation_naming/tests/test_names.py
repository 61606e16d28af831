"""The words of CamelCase names."""

import pytest
from shipworthy.extensions.operation_naming.names import verb, words


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("DescribeDBInstances", ["Describe", "DB", "Instances"]),
        ("getItem", ["get", "Item"]),
        ("ListV2Keys", ["List", "V2", "Keys"]),
    ],
)
def test_words_of_a_name(name: str, parts: list[str]) -> None:
    assert words(name) == parts
    assert verb(name) == parts[0]
    assert verb("`GetItem`") == ""
