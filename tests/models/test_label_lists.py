import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError, ShipworthyError
from shipworthy.models.label_lists import indicators, lists, names, predicted, written


def test_an_answer_is_written_in_one_way() -> None:
    assert written(["b", "ä", "b", "a"]) == '["a", "b", "ä"]' and written([]) == "[]"
    assert lists(pl.DataFrame({"answer": [written(["b", "a"]), "[]"]})) == [["a", "b"], []]


@pytest.mark.parametrize("answer", ["red", "3", "[1]", '{"a": 1}'])
def test_what_is_no_list_is_refused(answer: str) -> None:
    with pytest.raises(ArtifactError, match="is no list of labels: make the dataset with a task of multi_label"):
        lists(pl.DataFrame({"answer": ['["a"]', answer]}))


def test_labels_as_a_table() -> None:
    given = [["b"], [], ["a", "b"], ["new"]]
    assert names(given[:3]) == ["a", "b"]
    assert indicators(given, ["a", "b"]).tolist() == [[0, 1], [0, 0], [1, 1], [0, 0]]
    with pytest.raises(ShipworthyError, match="No row of train has a label"):
        names([[], []])


def test_labels_that_are_more_likely_than_not_are_said() -> None:
    first, second = predicted(["a", "b", "c"], np.array([[0.6, 0.5, 0.9], [0.1, 0.2, 0.3]]))
    assert (first.text, second.text) == ('["a", "c"]', "[]")
    assert first.probabilities == {"a": 0.6, "b": 0.5, "c": 0.9}
