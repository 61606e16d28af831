"""Rows of conversations: what is malformed, what is cleaned, what was asked and answered."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data import build
from shipworthy.data.clean.schema import PII, Cleaning, Length, Limits
from shipworthy.data.kinds.schema import Conversations
from shipworthy.data.row_store import RowStore

SYSTEM = {"role": "system", "content": "You run a shop."}
CALL = {"type": "function", "function": {"name": "find", "arguments": {"mail": ["ada@example.org"], "most": 3}}}
TALK = [
    SYSTEM,
    {"role": "user", "content": "Where is the parcel of ada@example.org?"},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "name": "find", "content": '{"place": "Leeds"}'},
    {"role": "assistant", "content": "It is in Leeds,\n  on its way."},
]


def config(**change: Any) -> Conversations:
    settled: dict[str, Any] = {"name": "n", "licence": "l", "file": "f.jsonl"}
    return Conversations(**settled | change)


def poured(folder: Path, conversations: list[Any], workers: int = 1) -> RowStore:
    told = [one if isinstance(one, str) else json.dumps(one) for one in conversations]
    rows = pl.DataFrame({"id": [f"r{i}" for i in range(len(told))], "messages": told})
    return RowStore(rows, folder, batch_rows=2, workers=workers)


def clean_rows(folder: Path, conversations: list[Any], made: Conversations | None = None) -> RowStore:
    store = poured(folder, conversations)
    build.clean_rows(made or config(), store)
    return store


def why(store: RowStore) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["reason"], row["detail"]) for row in pl.concat(store.rejected()).iter_rows(named=True)}


def question(text: str, answer: str) -> list[dict[str, str]]:
    return [SYSTEM, {"role": "user", "content": text}, {"role": "assistant", "content": answer}]


def test_a_sound_conversation_keeps_its_lines_and_gets_its_answer(tmp_path: Path) -> None:
    row = clean_rows(tmp_path, [TALK]).rows.collect().row(0, named=True)
    assert json.loads(row["messages"]) == TALK
    assert row["answer"] == TALK[-1]["content"]
    said = row["asked"].split("\n")
    assert said[0] == TALK[1]["content"]
    assert '"find"' in said[1]
    assert said[2] == TALK[3]["content"]
    assert "shop" not in row["asked"]


def test_what_is_no_conversation_is_rejected_with_its_reason(tmp_path: Path) -> None:
    calls = [{"role": "assistant", "content": "So.", "tool_calls": 5}]
    parts = [{"role": "assistant", "content": [{"type": "image_url", "image_url": {}}]}]
    store = clean_rows(
        tmp_path, [TALK, "[", "[]", TALK[:2], [{"content": "?"}], [*TALK[:4], {"role": "assistant"}], calls, parts]
    )
    assert why(store) == {
        f"r{i}": ("malformed conversation", detail)
        for i, detail in (
            (1, "messages is not JSON (Expecting value: line 1 column 2 (char 1))"),
            (2, "the conversation has no message"),
            (3, "the last message is not the assistant's"),
            (4, "message 1 has no role (it has content)"),
            (5, "message 5 (assistant) has no text as its content"),
            (6, "message 1 has tool_calls that are no list"),
            (
                7,
                "message 1 (assistant) has no text as its content, but a part of type 'image_url': only text is read",
            ),
        )
    }


def test_what_follows_the_last_turn_that_is_taught_is_left_out(tmp_path: Path) -> None:
    unwanted = [{"role": "user", "content": "And?"}, {"role": "assistant", "content": "NO", "weight": 0}]
    none = [{"role": "user", "content": "So?"}, {"role": "assistant", "content": "NO", "weight": 0}]
    store = clean_rows(tmp_path, [[*TALK, *unwanted], none])
    row = store.rows.collect().row(0, named=True)
    assert (row["answer"], json.loads(row["messages"])) == (TALK[-1]["content"], TALK)
    assert why(store)["r1"][1] == "every message of the assistant has weight 0, so that none is taught"


@pytest.mark.parametrize("workers", [1, 2])
def test_personal_data_is_masked_in_every_message_and_in_arguments(tmp_path: Path, workers: int) -> None:
    answered = [*TALK[:-1], {"role": "assistant", "content": "Write to bob@example.org or eve@example.org."}]
    rest = [question("Do you sell tea in bags?", "We do."), question("When do you open on Sundays?", "At ten.")]
    store = poured(tmp_path, [answered, *rest], workers)
    facts = build.clean_rows(config(clean=Cleaning(unicode=None, pii=PII()), workers=workers), store)
    row = store.rows.collect().row(0, named=True)
    told = json.loads(row["messages"])
    assert told[1]["content"] == "Where is the parcel of <EMAIL>?"
    assert told[2]["tool_calls"][0]["function"] == {"name": "find", "arguments": {"mail": ["<EMAIL>"], "most": 3}}
    assert (row["answer"], row["asked"].count("<EMAIL>")) == ("Write to <EMAIL> or <EMAIL>.", 2)
    assert facts["clean"]["pii: email"] == 4


def test_a_cleaner_rejects_for_any_message(tmp_path: Path) -> None:
    damaged = question("Is the cafÃ© open?", "Yes.")
    long = question("Tell me all.", "word " * 30)
    limits = Cleaning(unicode=None, length=Length({"messages": Limits(max_words=20)}))
    store = clean_rows(tmp_path, [TALK, damaged, long], config(clean=limits))
    assert {row: reason for row, (reason, _) in why(store).items()} == {"r1": "damaged encoding", "r2": "length"}
    with pytest.raises(UsageError, match="names 'asked', which is no column of text here .these are: messages"):
        clean_rows(tmp_path / "b", [TALK], config(clean=Cleaning(length=Length({"asked": Limits(max_words=9)}))))


@pytest.mark.parametrize("cleaning", [Cleaning(encoding=None, unicode=None), Cleaning(encoding=None)])
def test_cleaners_that_reject_nothing_are_no_hindrance(tmp_path: Path, cleaning: Cleaning) -> None:
    row = clean_rows(tmp_path, [TALK], config(clean=cleaning)).rows.collect().row(0, named=True)
    lines = "\n  " if cleaning.unicode is None else " "
    assert row["answer"] == f"It is in Leeds,{lines}on its way."


def test_two_answers_to_one_question_are_both_taught_unless_one_is_right(tmp_path: Path) -> None:
    rows = [question("Say hello to our guests.", "Hello."), question("Say hello to our guests.", "Welcome!"), TALK]
    both = clean_rows(tmp_path / "a", rows)
    assert why(both) == {}
    assert both.rows.collect()["cluster"].to_list() == ["r0", "r0", "r2"]
    one = clean_rows(tmp_path / "b", rows, config(one_answer=True))
    assert {row: reason for row, (reason, _) in why(one).items()} == {"r0": "contradiction", "r1": "contradiction"}


def test_what_was_said_twice_is_taught_once(tmp_path: Path) -> None:
    rows = [question("Do you sell green tea?", "We do."), question("do you sell green  tea", "We do.")]
    assert why(clean_rows(tmp_path, rows)) == {"r1": ("exact duplicate", "of r0")}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": "x"}, "data.text and data.answer are made of the conversation"),
        ({"answer": "x"}, "data.text and data.answer are made of the conversation"),
        ({"context": ["asked"]}, "f.jsonl: the dataset's own column 'asked' is made of the conversation: rename yours"),
    ],
)
def test_a_config_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build.selection(config(**change), {"messages": "json"}, Path("f.jsonl"))
