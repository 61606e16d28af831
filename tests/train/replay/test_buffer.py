"""What is replayed: own answers to what is practised, or one's own rows; never what is measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.network import load_network
from shipworthy.train.general.suite import MEASURED, suite
from shipworthy.train.replay import file
from shipworthy.train.replay.buffer import prepare
from shipworthy.train.replay.kept import FILE, table
from shipworthy.train.replay.schema import Replay
from tests.tiny import write_model

OWN = Replay(share=0.2, new_tokens=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


def lines(path: Path, *rows: object) -> str:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_own_answers_are_of_the_practised_half_and_made_once(folder: Path, tmp_path: Path) -> None:
    chat, network = Chat(folder), load_network(folder)
    found = prepare(OWN, chat, network, tmp_path, rows=18)
    assert len([row.id for row in found]) == len(found) == 18
    assert all(name.startswith("general:") and name.endswith("-practice") for name in [row.id for row in found])
    measured = {tuple(chat.prompt_ids("", item.prompt)) for item in suite(MEASURED)}
    assert not measured & {tuple(row.prompt) for row in found}
    assert all(1 <= len(row.answer) <= 3 for row in found)
    kept = table(tmp_path)
    assert kept["id"].to_list() == [row.id for row in found] and kept["answer_ids"].to_list() == [
        row.answer for row in found
    ]

    # A resumed run, whose network is another by now, replays the same.
    network.model.norm.weight.data.mul_(-1)
    assert prepare(OWN, chat, network, tmp_path, rows=18) == found
    with pytest.raises(ArtifactError, match="begin a new run"):
        prepare(OWN, chat, network, tmp_path, rows=27)


def test_nothing_is_made_where_nothing_is_replayed(folder: Path, tmp_path: Path) -> None:
    assert prepare(Replay(), Chat(folder), load_network(folder), tmp_path, rows=0) == []
    assert not any(tmp_path.iterdir()) and table(tmp_path).is_empty()


def test_own_rows_are_read_with_their_system_prompt(folder: Path, tmp_path: Path) -> None:
    chat, row = Chat(folder), {"prompt": "Name a colour.", "answer": "Blue."}
    name = lines(tmp_path / "rows.jsonl", row, "", {**row, "system": "Be brief."})
    config = Replay(share=0.1, file=name)
    found = prepare(config, chat, load_network(folder), tmp_path, rows=5)
    assert [one.answer for one in found] == [chat.answer_ids("Blue.")] * 2
    assert [one.prompt for one in found] == [
        chat.prompt_ids("", row["prompt"]),
        chat.prompt_ids("Be brief.", row["prompt"]),
    ]
    before = file.inputs(config)
    lines(tmp_path / "rows.jsonl", {**row, "answer": "Red."})
    assert list(before) == [name] and file.inputs(config) != before and file.inputs(Replay()) == {}
    with pytest.raises(ArtifactError, match="begin a new run"):
        prepare(config, chat, load_network(folder), tmp_path, rows=5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 2: give an object such as"),
        ({"prompt": "Why?"}, "line 2: give an object such as"),
        ({"prompt": "Why?", "answer": ""}, "line 2: give an object such as"),
        ({"prompt": "Why?", "answer": 5}, "line 2: give an object such as"),
        ({"prompt": "Why?", "answer": "So.", "label": "x"}, "line 2: give an object such as"),
        (
            {"prompt": "What is the capital of Portugal?", "answer": "Lisbon"},
            "is a question by which forgetting",
        ),
    ],
)
def test_a_row_that_cannot_be_replayed_is_named(tmp_path: Path, row: object, said: str) -> None:
    name = lines(tmp_path / "rows.jsonl", {"prompt": "Why?", "answer": "So."}, row)
    with pytest.raises(UsageError, match=said):
        file.texts(name)


def test_files_that_are_missing_or_empty_or_too_long(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        file.inputs(Replay(share=0.1, file=str(tmp_path / "none.jsonl")))
    with pytest.raises(UsageError, match="holds no row"):
        file.texts(lines(tmp_path / "empty.jsonl"))
    long = lines(tmp_path / "long.jsonl", {"prompt": "a" * 3000, "answer": "b"})
    with pytest.raises(UsageError, match=r"line-000001 has \d+ tokens, and the model sees 2048"):
        prepare(Replay(share=0.1, file=long), Chat(folder), load_network(folder), tmp_path, rows=5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"share": 1.0}, "from 0 to below 1"),
        ({"share": -0.1}, "from 0 to below 1"),
        ({"file": "x.jsonl"}, "has no effect while trainer.replay.share=0"),
        ({"new_tokens": 9}, "has no effect while trainer.replay.share=0"),
        ({"share": 0.1, "file": "x.jsonl", "new_tokens": 9}, "whose answers are written already"),
        ({"share": 0.1, "new_tokens": 0}, "above 0"),
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Replay(**changes)


def test_the_tables_of_tokens_are_read_without_a_network(tmp_path: Path) -> None:
    held = {"id": ["general:a"], "prompt": ["p"], "answer": ["b"], "prompt_ids": [[1, 2]], "answer_ids": [[3]]}
    write_json(tmp_path / FILE, {**held, "template": "t"})
    assert table(tmp_path).to_dict(as_series=False) == {key: held[key] for key in held}
    assert read_json(tmp_path / FILE)["template"] == "t"
