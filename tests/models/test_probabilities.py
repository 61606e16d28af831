import numpy as np
import pytest

from shipworthy.models.probabilities import Probabilities, known_classes, matrix, most_likely, of_rows, of_two
from shipworthy.models.protocol import Prediction

ABC = ("a", "b", "c")
VALUES = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])


def test_they_are_a_mapping() -> None:
    first, _ = of_rows(ABC, VALUES)
    assert first == {"a": 0.2, "b": 0.5, "c": 0.3} and list(first) == list(ABC) and len(first) == 3
    assert first["b"] == 0.5 and first.get("z") is None and "z" not in first
    with pytest.raises(KeyError, match="z"):
        first["z"]
    assert repr(first) == "{'a': 0.2, 'b': 0.5, 'c': 0.3}"


def test_the_most_likely_class_of_equals_the_first() -> None:
    assert most_likely(ABC, VALUES) == [Prediction("b", dict(zip(ABC, VALUES[0], strict=True))),
                                        Prediction("a", dict(zip(ABC, VALUES[1], strict=True)))]  # fmt: skip
    assert most_likely(ABC, VALUES[:0]) == []


def test_of_two_classes_the_second_says_all() -> None:
    found = of_two(np.array([0.0, 0.1, 0.5, 0.7, 1.0], dtype=np.float32))
    assert found[:, 1].tolist() == np.array([0.0, 0.1, 0.5, 0.7, 1.0], dtype=np.float32).tolist()
    assert found.sum(axis=1).tolist() == [1.0] * 5
    assert [one.text for one in most_likely(["no", "yes"], found)] == ["no", "no", "no", "yes", "yes"]


def test_a_matrix_of_named_classes() -> None:
    given = of_rows(ABC, VALUES)
    assert matrix(given, ABC) is not None and (matrix(given, ABC) == VALUES).all()
    assert matrix(given, ("c", "z")).tolist() == [[0.3, 0.0], [0.2, 0.0]]
    assert matrix([given[0], {"z": 1.0}], ("a", "z")).tolist() == [[0.2, 0.0], [0.0, 1.0]]
    assert matrix([given[0], None], ABC) is None
    assert matrix([], ABC).shape == (0, 3)


def test_the_classes_that_any_row_names() -> None:
    given = of_rows(ABC, VALUES)
    assert known_classes(given) == ABC
    assert known_classes([*given, {"z": 1.0, "a": 0.0}]) == ("a", "b", "c", "z")
    assert known_classes([Probabilities(("b",), VALUES[0, 1:2]), *given]) == ("b", "a", "c")
    assert known_classes([]) == ()
