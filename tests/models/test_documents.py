"""Documents in chunks: what is scored, sampled and timed are documents."""

from collections.abc import Sequence

import polars as pl
import pytest

from shipworthy.evaluation.latency import one_by_one
from shipworthy.models import documents
from shipworthy.models.dataset import seen, unseen
from shipworthy.models.protocol import Prediction
from shipworthy.models.rows import GROUP
from shipworthy.models.vote import winner

ROWS = pl.DataFrame(
    {
        "id": ["b", *(f"a#{i}" for i in (1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9)), "a#12z", "c#1", "c#2"],
        "chunk_of": ["b", *["a"] * 11, "a#12z", "c", "c"],
        "text": [str(i) for i in range(15)],
        "answer": ["B", *["A"] * 11, "Z", "C", "C"],
    }
)
"""As the dataset has them, sorted by id: chunk 10 comes before chunk 2."""


def predictions(*texts: str) -> list[Prediction]:
    return [Prediction(text, {"x": 0.5, "y": 0.5}) for text in texts]


@pytest.mark.parametrize(
    ("answers", "place"), [(["x"], 0), (["x", "y", "y"], 1), (["x", "y", "y", "x"], 0), (["y", "x", "z"], 0)]
)
def test_the_most_frequent_answer_wins_and_of_as_frequent_ones_the_earliest(answers: list[str], place: int) -> None:
    assert winner(answers) == place


def test_chunks_stand_in_their_own_order() -> None:
    assert documents.chunks(ROWS) == [[0], [1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3], [12], [13, 14]]
    asked = documents.documents(ROWS)
    assert asked["id"].to_list() == ["b", "a", "a#12z", "c"]
    assert asked["answer"].to_list() == ["B", "A", "Z", "C"]
    assert asked["text"].to_list() == ["0", "1", "12", "13"] and "chunk_of" not in asked.columns


def test_each_document_has_one_vote() -> None:
    # Chunks 2 to 9 are rows 4 to 11, chunks 10 and 11 rows 2 and 3; of c both say something else.
    said = ["B", "x", "y", "y", "x", *["q"] * 3, *["w"] * 4, "Z", "first", "second"]
    assert len(said) == ROWS.height
    found = documents.voted(ROWS, predictions(*said))
    assert [one.text for one in found] == ["B", "w", "Z", "first"]
    assert [one.probabilities is None for one in found] == [False, True, False, True]
    with pytest.raises(ValueError, match="14 predictions beside 15 rows"):
        documents.voted(ROWS, predictions(*said[1:]))


def test_documents_are_chosen_and_repeated_whole() -> None:
    assert documents.first(ROWS, 2)["id"].to_list() == ROWS["id"][:12].to_list()
    assert documents.chosen(ROWS, pl.Series("id", ["c", "b"]))["id"].to_list() == ["c#1", "c#2", "b"]
    again = documents.repeated(ROWS, 6)
    groups = documents.chunks(again)
    assert [len(own) for own in groups] == [1, 11, 1, 2, 1, 11]
    assert again[groups[5]]["text"].to_list() == ROWS[documents.chunks(ROWS)[1]]["text"].to_list()
    assert documents.summed(ROWS, [1.0] * 15) == [1, 11, 1, 2]


def test_without_chunks_each_row_is_a_document() -> None:
    rows = ROWS.drop("chunk_of")
    said = predictions(*"abcdefghijklmno")
    assert documents.documents(rows) is rows and documents.voted(rows, said) is said
    assert documents.chunks(rows) == [[i] for i in range(15)]
    assert documents.first(rows, 3).equals(rows[:3])
    assert documents.chosen(rows, pl.Series("id", ["c#2", "b"])).equals(rows[[14, 0]])
    assert documents.repeated(rows, 20).equals(pl.concat([rows, rows[:5]]))


def test_a_search_sees_all_chunks_of_a_document_or_none() -> None:
    many = pl.concat([ROWS.with_columns(pl.format(f"{i} {{}}", pl.col("id", "chunk_of"))) for i in range(30)])
    parts = seen(many, 0.5), unseen(many, 0.5)
    assert sum(part.height for part in parts) == many.height
    assert not set(parts[0]["chunk_of"]) & set(parts[1]["chunk_of"]) and all(part.height for part in parts)
    whole = many.filter(pl.col("id") == pl.col("chunk_of")).drop("chunk_of")
    assert seen(whole, 0.5)["id"].to_list() == [one for one in parts[0]["id"] if one in set(whole["id"])]


def test_a_request_is_a_document() -> None:
    asked: list[list[str]] = []

    class Model:
        def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
            asked.append(rows["id"].to_list())
            return predictions(*rows["id"])

    assert len(one_by_one(Model(), ROWS)) == 4
    assert [len(ids) for ids in asked] == [1, 1, 11, 1, 2]


def test_rows_of_one_group_fall_on_one_side():
    rows = pl.DataFrame({"id": [f"row {n}" for n in range(300)], GROUP: [f"row {n // 3 * 3}" for n in range(300)]})
    left, right = seen(rows, 0.5), unseen(rows, 0.5)
    assert left.height + right.height == 300 and min(left.height, right.height) > 90
    assert not {*left[GROUP]} & {*right[GROUP]}
