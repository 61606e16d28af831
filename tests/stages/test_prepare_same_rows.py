"""`prepare` makes the same dataset of the same rows, whatever their file is called and however it is written."""

import csv
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.artifact import Artifact
from shipworthy.core.sources.schema import Folder
from shipworthy.data.kinds.schema import Conversations, Records, Table
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.xgboost.schema import XGBoost
from tests.stages.people import CLASSES, run
from tests.tiny import write_model
from tests.written import Rows, Way

ROWS = ("train.parquet", "validation.parquet", "test.parquet", "test_answers.parquet")
REPLAYED = ("raw.json", "fitted.json")
"""How a package reads raw rows. Parquet alone has a type for times, which these name."""
PEOPLE_TYPES = {
    "age": pl.Int64, "pay": pl.Float64, "job": pl.String, "firm": pl.String, "town": pl.String, "told": pl.String,
    "day": pl.Date, "at": pl.Datetime("us"), "member": pl.Boolean, "left": pl.String, "label": pl.String,
}  # fmt: skip


TEMPLATE = (
    "{% if tools %}{{ '<|im_start|>tools\n' + tools | tojson + '<|im_end|>\n' }}{% endif %}"
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] }}"
    "{% if message.tool_calls %}{{ message.tool_calls | tojson }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def drawn(*key: object) -> int:
    """A number of many that looks random, always the same."""
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=6).digest(), "big")


def people(n: int = 240) -> Rows:
    """Rows of every kind of column: numbers with gaps, names, many names, free text, times, truth values."""
    words = ["lamp", "red", "broken", "late", "box", "näher", "the", "again", "\"so\"", "a;b", "x,y"]  # fmt: skip
    rows = []
    for i in range(n):
        pick = partial(drawn, i)
        rows.append(
            {
                "age": None if pick("gap") % 9 == 0 else 18 + pick("age") % 60,
                "pay": None if pick("p") % 11 == 0 else (pick("pay") % 90_000) / 7,
                "job": ["clerk", "NA", "None", "Bäcker", "0012"][pick("job") % 5],
                "firm": f"firm {pick('firm') % 60}",
                "town": f"town {pick('town') % 130}",
                "told": " ".join(words[pick("told", k) % len(words)] for k in range(4 + pick("long") % 5)),
                "day": date(2024, 1, 1) + timedelta(days=pick("day") % 200),
                "at": datetime(2024, 1, 1) + timedelta(minutes=37 * i),
                "member": None if pick("m") % 13 == 0 else pick("member") % 2 == 0,
                "left": None if pick("left") % 3 == 0 else f"é\n{pick('l') % 3}",
                "label": "yes" if pick("label") % 5 < 2 else "no",
            }
        )
    return rows


def shown(rows: Rows) -> Rows:
    """Times as ISO text, for files that have no type for them."""
    return [{k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in rows]


WAYS = {
    "another name": Way(name="Other [1] *"),
    "another folder": Way(name="deep/er/b"),
    "marked utf-8": Way(encoding="utf-8-sig"),
    "utf-16": Way(encoding="utf-16"),
    "utf-16 without its mark": Way(encoding="utf-16-be"),
    "cp1252, found out": Way(encoding="cp1252"),
    "cp1252, named": Way(encoding="cp1252", said=True),
    "all in quotes": Way(quoting=csv.QUOTE_ALL),
    "semicolons": Way(delimiter=";", line_end="\r\n"),
    "tabs, gz": Way(delimiter="\t", packed="gz"),
    "bars, zst": Way(delimiter="|", packed="zst"),
    "\\r\\n": Way(line_end="\r\n"),
    "seven files": Way(pieces=7),
    "lines of JSON": Way(kind="jsonl", line_end="\r\n"),
    "lines of JSON without gaps, five files": Way(kind="jsonl", sparse=True, pieces=5, packed="zst"),
    "an array": Way(kind="json", encoding="utf-16"),
    "parquet": Way(kind="parquet"),
    "parquet, three files": Way(kind="parquet", pieces=3),
}
"""None of these changes a byte of what is handed over."""


def table(**settings: Any) -> Table:
    split = Split(test=0.2, validation=0.1, group_columns=["firm"], folds=3, stratify=True)
    known = {"name": "n", "licence": "l", "file": "f", "label": "label", "split": split}
    return Table(**known | settings)


def prepared(project: Path, groups: dict[str, Any], rows: Rows, way: Way) -> Artifact:
    shutil.rmtree(project / "data")
    written = way.write(rows if way.kind == "parquet" else shown(rows), project / "data")
    return run(project, groups | {"data": replace(groups["data"], **written)})


def handed_over(dataset: Artifact, way: Way) -> dict[str, str]:
    """Name → SHA-256 of what other commands read."""
    asked = ROWS if way.kind == "parquet" else ROWS + REPLAYED
    return {name: file["sha256"] for name, file in dataset.manifest.files.items() if name in asked}


def frames(dataset: Artifact) -> list[pl.DataFrame]:
    read = [pl.read_parquet(dataset.file(name)) for name in ROWS]
    return [frame.select(sorted(frame.columns)) for frame in read]


@pytest.fixture
def tiny(project: Path) -> CausalLM:
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(project / "hub", TEMPLATE))))
    fetch(model)
    return model


def differing(project: Path, groups: dict[str, Any], rows: Rows, ways: dict[str, Way]) -> list[str]:
    """The ways that give another dataset than plain CSV does."""
    plain = prepared(project, groups, rows, Way())
    assert set(ROWS) <= plain.manifest.files.keys()
    expected = {kind: handed_over(plain, Way(kind)) for kind in ("csv", "parquet")}
    found = {name: handed_over(prepared(project, groups, rows, way), way) for name, way in ways.items()}
    return [name for name in ways if found[name] not in expected.values()]


@pytest.mark.parametrize("settings", [{}, {"split": Split(test=0.2, validation=0.1, time="at")}], ids=["", "by time"])
def test_a_table(project: Path, settings: dict[str, Any]) -> None:
    groups = {"task": CLASSES, "data": table(**settings), "model": XGBoost()}
    ways = {name: replace(way, types=PEOPLE_TYPES) for name, way in WAYS.items()}
    assert differing(project, groups, people(), ways) == []
    assert "fitted.json" in prepared(project, groups, people(), Way()).manifest.files


def test_the_columns_of_a_table_keep_their_order_and_nothing_else_follows_from_it(project: Path) -> None:
    groups = {"task": CLASSES, "data": table(), "model": XGBoost()}
    plain = frames(prepared(project, groups, people(), Way()))
    for kind, pieces in (("csv", 1), ("jsonl", 2)):
        way = Way(kind=kind, pieces=pieces, order=range(len(PEOPLE_TYPES), 0, -1))
        found = frames(prepared(project, groups, people(), way))
        assert all(one.equals(other) for one, other in zip(found, plain, strict=True)), kind


def tickets(n: int = 60) -> Rows:
    """Questions with answers, of which some are near-duplicates, contradict each other, or lack something."""
    things = ["lamp", "Bücher", "card", "bike", "pötte", "tent"]
    rows = []
    for i in range(n):
        pick = partial(drawn, "ticket", i)
        said = f'The {things[pick("t") % 6]} {i if i % 10 else ""} arrived\nlate; again, {pick("x")} said "no".'
        rows.append(
            {
                "who": f"user {pick('who') % 20}" if i % 4 else ("" if i % 8 else None),
                "shop": f"shop {pick('shop') % 3}",
                "text": None if i == 7 else said,
                "team": ["0012", "TRUE", "null"][pick("team") % 3],
                "seen": pick("seen") % 9,
            }
        )
    return rows


TEXT_WAYS = {
    **{name: WAYS[name] for name in ("another folder", "utf-16", "cp1252, found out", "semicolons", "bars, zst")},
    **{name: WAYS[name] for name in ("seven files", "lines of JSON without gaps, five files", "an array", "parquet")},
    "columns turned round": Way(order=(5, 4, 3, 2, 1)),
    "columns turned round, JSON": Way(kind="jsonl", order=(5, 4, 3, 2, 1)),
}
TALK = TextToText(name="t", description="d", baselines=["majority"], max_length=300, prompt="{shop}: {text}")


def test_texts(project: Path, tiny: CausalLM) -> None:
    data = Records(
        name="n", licence="l", file="f", text="text", context=["shop", "seen"], answer="team",
        split=Split(test=8, validation=6, group_columns=["who"], folds=2),
    )  # fmt: skip
    assert differing(project, {"task": TALK, "data": data, "model": tiny}, tickets(), TEXT_WAYS) == []


def talks(n: int = 40) -> Rows:
    """Conversations with tools or without."""
    call = {"type": "function", "function": {"name": "find", "arguments": {"what": "näh", "most": 3}}}
    tool = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}]
    rows = []
    for i in range(n):
        asked = [{"role": "user", "content": f"Where is my {drawn('talk', i)}?"}]
        middle = [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "name": "find", "content": "{}"},
        ]
        used = i % 3 < 2
        messages = [*asked, *(middle if used else []), {"role": "assistant", "content": f"At {i},\n {i}."}]
        rows.append({"messages": messages, "tools": tool if used else None, "shop": f"s{i % 12}"})
    return rows


TALK_WAYS = {
    "lines of JSON": Way(kind="jsonl", line_end="\r\n", packed="gz"),
    "lines of JSON without gaps, ten files": Way(kind="jsonl", sparse=True, pieces=20),
    "an array": Way(kind="json", encoding="utf-16", order=(3, 2, 1)),
    "semicolons, columns turned round": Way(delimiter=";", order=(3, 2, 1), quoting=csv.QUOTE_ALL),
    "cp1252": Way(encoding="cp1252", said=True, pieces=3, line_end="\r\n"),
}


def test_conversations(project: Path, tiny: CausalLM) -> None:
    task = replace(TALK, prompt="", messages="messages", tools="tools", max_length=900)
    split = Split(test=6, validation=4, group_columns=["shop"])
    data = Conversations(name="n", licence="l", file="f", tools="tools", split=split)
    assert differing(project, {"task": task, "data": data, "model": tiny}, talks(), TALK_WAYS) == []
