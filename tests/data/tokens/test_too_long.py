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
    # A row is cut alike whatever stands beside it.
    assert Encoder(asked, chats)(rows[:1])["prompt_ids"].to_list() == encoded["prompt_ids"][:1].to_list()


def test_an_answer_that_has_no_room_is_not_cut(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a"], "split": ["train"], "text": ["word " * 60], "answer": ["X" * 40]})
    encoded = Encoder(task(max_length=200, max_new_tokens=20, too_long="truncate"), chat(tmp_path))(rows)
    assert encoded["_reason"].to_list() == ["too long"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"too_long": "chunk"}, "task.too_long=chunk: choose"),
        ({"keep": "both"}, "no effect beside task.too_long=reject"),
        ({"too_long": "truncate", "messages": "m"}, "conversations are never cut"),
        ({"too_long": "truncate", "prompt": "{a} {b}"}, "name the column of task.prompt that is cut, of a, b"),
        ({"too_long": "truncate", "cut": "c"}, "task.cut=c: name the column"),
        ({"too_long": "truncate", "max_new_tokens": 400}, "leaves no room for a prompt"),
    ],
)
def test_settings_that_cannot_cut_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        task(**change)


def test_nothing_is_said_where_all_fit(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a"], "split": ["train"], "text": ["short"], "answer": ["X"]})
    assert too_long.warnings(Encoder(task(), chat(tmp_path))(rows).lazy(), task(), "text") == []
