"""Rows that are too long are counted for each split, with a cut that would let them in."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning, Cut, Truncate
from shipworthy.data.tokens import too_long
from shipworthy.data.tokens.encode import Encoder
from tests.data.tokens.samples import chat, task


def test_each_split_is_named_and_the_proposed_cut_lets_rows_in(tmp_path: Path) -> None:
    asked = task(max_length=200, max_new_tokens=20)
    texts = [f"{'word ' * (10 if i % 3 else 60)}{i}" for i in range(60)]
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    rows = pl.DataFrame({"id": [str(i) for i in range(60)], "split": splits, "text": texts, "answer": "DeleteX"})
    encoder = Encoder(asked, chat(tmp_path))
    encoded = encoder(rows).lazy()
    assert too_long.by_split(encoded) == {
        "train": {"rows": 14, "share": 0.35},
        "validation": {"rows": 3, "share": 0.3},
        "test": {"rows": 3, "share": 0.3},
    }
    [sentence] = too_long.warnings(encoded, asked, "text")
    assert "35.0% of train (14), 30.0% of validation (3), 30.0% of test (3)" in sentence
    most = int(re.search(r"max_characters: (\d+)", sentence)[1])  # type: ignore[index]
    cut = apply(Cleaning(truncate=Truncate({"text": Cut(most)})), rows.lazy(), ["text"]).rows.select(rows.columns)
    assert encoder(cut.collect())["_reason"].to_list() == [None] * 60
    assert most > 80
    assert "clean:" not in too_long.warnings(encoded, asked, "")[0]


def test_texts_are_cut_by_tokens_in_every_split_alike(tmp_path: Path) -> None:
    texts = [f"{'word ' * (10 if i % 3 else 60)}{i}" for i in range(60)]
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    rows = pl.DataFrame({"id": [str(i) for i in range(60)], "split": splits, "text": texts, "answer": "DeleteX"})
    asked = task(max_length=200, max_new_tokens=20, too_long="truncate", keep="end")
    chats = chat(tmp_path)
    encoded = Encoder(asked, chats)(rows)
    assert encoded["_reason"].to_list() == [None] * 60
    lengths = encoded["prompt_ids"].list.len()
    assert lengths.max() <= 180 and sorted(lengths)[-20] > 170
    assert encoded["_cut"].to_list() == [i % 3 == 0 for i in range(60)]
    assert encoded["text"][0].endswith("word 0") and encoded["text"][1] == texts[1]
    assert encoded["prompt_ids"][0].to_list() == chats.prompt_ids("Name it.", f"do: {encoded['text'][0]}")
    assert too_long.warnings(encoded.lazy(), asked, "text") == []
    assert too_long.cut_by_split(encoded.lazy())["test"] == {"rows": 3, "share": 0.3}
    # A row is cut alike whatever is next to it.
    assert Encoder(asked, chats)(rows[:1])["prompt_ids"].to_list() == encoded["prompt_ids"][:1].to_list()


def test_an_answer_that_has_no_room_is_not_cut(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a"], "split": ["train"], "text": ["word " * 60], "answer": ["X" * 40]})
    encoded = Encoder(task(max_length=200, max_new_tokens=20, too_long="truncate"), chat(tmp_path))(rows)
    assert encoded["_reason"].to_list() == ["too long"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"too_long": "drop"}, "task.too_long=drop: choose"),
        ({"keep": "both"}, "no effect with task.too_long=reject"),
        ({"too_long": "truncate", "messages": "m"}, "conversations are never cut"),
        ({"too_long": "truncate", "prompt": "{a} {b}"}, "name the column of task.prompt that is cut, of a, b"),
        ({"too_long": "truncate", "cut": "c"}, "task.cut=c: name the column"),
        ({"too_long": "truncate", "max_new_tokens": 400}, "leaves no room for a prompt"),
        ({"overlap": 8}, "task.overlap has no effect with task.too_long=reject: set chunk"),
        ({"too_long": "truncate", "overlap": 8}, "task.overlap has no effect with task.too_long=truncate: set chunk"),
        ({"too_long": "chunk", "keep": "end"}, "task.keep has no effect with task.too_long=chunk: set truncate"),
        ({"too_long": "chunk", "messages": "m"}, "task.too_long=chunk: conversations are never cut"),
        ({"too_long": "chunk", "overlap": 376}, "task.overlap=376 is not from 0 to less than the 376 tokens"),
        ({"too_long": "chunk", "overlap": -1}, "task.overlap=-1 is not from 0"),
        ({"too_long": "chunk", "prompt": "{a} {b}"}, "name the column of task.prompt that is cut, of a, b"),
    ],
)
def test_settings_that_cannot_cut_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        task(**change)


CHUNKS: dict[str, Any] = {"max_length": 200, "max_new_tokens": 20, "too_long": "chunk", "overlap": 30}


def test_texts_are_divided_in_every_split_alike(tmp_path: Path) -> None:
    texts = [" ".join(f"word{n}" for n in range(10 if i % 3 else 60)) for i in range(60)]
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    rows = pl.DataFrame(
        {"id": [str(i) for i in range(60)], "split": splits, "cluster": range(60), "text": texts, "answer": "DeleteX"}
    )
    asked, chats = task(**CHUNKS), chat(tmp_path)
    encoded = Encoder(asked, chats)(rows)
    assert encoded["_reason"].to_list() == [None] * encoded.height
    assert encoded["prompt_ids"].list.len().max() <= 180  # type: ignore[operator]
    assert encoded["id"].n_unique() == encoded.height > 60
    for row in rows.iter_rows(named=True):
        own = encoded.filter(chunk_of=row["id"])
        assert own.select("split", "cluster", "answer").unique().rows() == [
            (row["split"], row["cluster"], row["answer"])
        ]
        assert set(" ".join(own["text"]).split()) == set(row["text"].split())
        number = len(own)
        assert own["id"].to_list() == ([f"{row['id']}#{n + 1}" for n in range(number)] if number > 1 else [row["id"]])
        assert (number > 1) == (len(row["text"]) > 100)
        ids = [chats.prompt_ids("Name it.", f"do: {text}") for text in own["text"]]
        assert ids == own["prompt_ids"].to_list()
    # A row is divided alike whatever is next to it, and in whatever split.
    alone = Encoder(asked, chats)(rows[:1].with_columns(split=pl.lit("test")))
    assert alone["text"].to_list() == encoded.filter(chunk_of="0")["text"].to_list()
    known = too_long.chunked_by_split(encoded.lazy())
    assert {name: (one["documents"], one["of"]) for name, one in known.items()} == {
        "train": (14, 40),
        "validation": (3, 10),
        "test": (3, 10),
    }
    assert known["test"]["chunks"] == 3 * alone.height and known["test"]["share"] == 0.3
    assert too_long.by_split(encoded.lazy())["train"] == {"rows": 0, "share": 0.0}


def test_a_document_is_left_out_whole(tmp_path: Path) -> None:
    """Its last chunk is short enough for the answer, the others are not: half of it would be another document."""
    rows = pl.DataFrame(
        {
            "id": ["a", "b"],
            "split": ["train", "test"],
            "text": ["word " * 60 + "end", "short"],
            "answer": ["X" * 40, "X"],
        }
    )
    encoded = Encoder(task(**CHUNKS), chat(tmp_path))(rows)
    assert encoded["_reason"].to_list() == ["too long", None]
    assert encoded.select("id", "chunk_of", "text")[0].rows() == [("a", "a", rows["text"][0])]
    assert too_long.by_split(encoded.lazy())["train"] == {"rows": 1, "share": 1.0}
    marked = Encoder(task(**CHUNKS), chat(tmp_path))(
        rows.with_columns(text=pl.col("text") + "<|im_end|>", answer=pl.lit("X"))
    )
    assert marked["_reason"].to_list() == ["control token in text"] * 2


def test_an_overlap_that_leaves_no_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"task.overlap=150 is not less than the \d+ tokens that fit into a chunk"):
        Encoder(task(**{**CHUNKS, "overlap": 150}), chat(tmp_path))


def test_a_vote_of_answers_that_all_differ_warns(tmp_path: Path) -> None:
    def warned(answers: list[str], words: int = 60) -> list[str]:
        ids = [str(i) for i in range(len(answers))]
        rows = pl.DataFrame({"id": ids, "split": "train", "text": "word " * words + "end", "answer": answers})
        return too_long.vote_warnings(Encoder(task(**CHUNKS), chat(tmp_path))(rows).lazy())

    [sentence] = warned(["a", "b", "c", "d", "d"])
    assert "5 documents are divided into chunks, whose answers are put to a vote, and 60% of train's" in sentence
    assert not warned(["a", "b", "d", "d"]) and not warned(["a", "b", "c"], words=3)


def test_chunks_that_move_the_share_of_a_class_warn(tmp_path: Path) -> None:
    chats = chat(tmp_path)

    def warned(words: list[int]) -> list[str]:
        texts = [" ".join(["word"] * number) for number in words]
        ids = [str(i) for i in range(len(words))]
        answers = ["long", "short"] * (len(words) // 2)
        rows = pl.DataFrame({"id": ids, "split": "train", "text": texts, "answer": answers})
        return too_long.share_warnings(Encoder(task(**CHUNKS), chats)(rows).lazy())

    [sentence] = warned([100, 5] * 10)
    assert re.search(
        r"share of '(long|short)' in train from 50\.00% of the documents to [0-9.]+% of the rows", sentence
    )
    assert not warned([100, 5, 5, 100] * 5) and not warned([5] * 20)


def test_nothing_is_said_where_all_fit(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a"], "split": ["train"], "text": ["short"], "answer": ["X"]})
    assert too_long.warnings(Encoder(task(), chat(tmp_path))(rows).lazy(), task(), "text") == []
