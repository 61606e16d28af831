"""Raw conversations in every format, sound and malformed, are asked by a package as by the project."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data import build
from shipworthy.data.clean.schema import Cleaning, Encoding, UnicodeForm
from shipworthy.data.kinds.schema import Conversations
from shipworthy.data.raw_settings import raw_settings
from shipworthy.data.sources.files import types_of
from shipworthy.data.tokens.encode import Encoder
from shipworthy.models.causal_lm.template import read
from tests.data.tokens.samples import chat, task
from tests.optimize.package.echo import echo
from tests.optimize.package.made import answers, language

WEATHER = {"name": "weather", "description": "of a town", "parameters": {"type": "object", "properties": {"in": {}}}}
WORDS = (
    "where is my parcel it was sent on monday caf\u00e9 cafe\u0301 \u00a0 A\tB \r\n \ufeff \U0001f600 می\u200cخواهم "
    "\x07 line\u2028end 'quoted' \"twice\" {braces} <b> \\n ſt 12 0012 1.10 straße Ünïcode ５"
).split(" ")
DAMAGED = [
    None, "not JSON", "[]", "{}", 12, [7], [{}], [{"content": "x"}], [{"role": "boss", "content": "x"}],
    [{"role": 3, "content": "x"}], [{"role": "user", "content": 5}], [{"role": "user"}],
    [{"from": "alien", "value": "x"}], [{"role": "user", "content": [{"type": "image_url"}]}],
    [{"role": "user", "content": "x", "weight": 1}], [{"role": "user", "content": "x", "name": 4}],
    [{"role": "user", "content": "x", "tool_calls": [{"function": {"name": "weather"}}]}],
    [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}],
    [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": 0.5}],
    [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": 0}],
    "[{'role': 'user', 'content': 'x'}]",
]  # fmt: skip


def words(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(4, 12))) + f" {draw.random()}"


def call(draw: random.Random) -> dict[str, Any]:
    """A call of a tool in one of its forms."""
    arguments: Any = {"in": words(draw), "days": [1, 2.50, None, True]}
    if draw.random() < 0.5:
        arguments = json.dumps(arguments)
    function = {"name": "weather", "arguments": arguments}
    if draw.random() < 0.3:
        return {"role": "assistant", "content": None, "function_call": function}
    return {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]}


def openai(draw: random.Random) -> list[dict[str, Any]]:
    """Messages in OpenAI's format."""
    found: list[dict[str, Any]] = []
    if draw.random() < 0.3:
        found.append({"role": draw.choice(["system", "developer"]), "content": words(draw)})
    for _ in range(draw.randint(1, 3)):
        text: Any = words(draw)
        if draw.random() < 0.3:
            text = [{"type": "text", "text": text}, words(draw)]
        found.append({"role": "user", "content": text, **({"name": "ann"} if draw.random() < 0.2 else {})})
        if draw.random() < 0.4:
            found += [call(draw), {"role": "tool", "tool_call_id": "c1", "content": words(draw)}]
        found.append({"role": "assistant", "content": words(draw)})
        if draw.random() < 0.2:
            found[-1]["weight"] = draw.choice([0, 1])
    return found


def sharegpt(draw: random.Random) -> list[dict[str, Any]]:
    """Messages in ShareGPT's format."""
    found = [{"from": "system", "value": words(draw)}] if draw.random() < 0.3 else []
    for _ in range(draw.randint(1, 3)):
        found += [{"from": draw.choice(["human", "user"]), "value": words(draw)}]
        if draw.random() < 0.3:
            made = json.dumps({"name": "weather", "arguments": {"in": words(draw)}})
            found += [{"from": "function_call", "value": made}, {"from": "observation", "value": words(draw)}]
        found.append({"from": draw.choice(["gpt", "chatgpt", "assistant"]), "value": words(draw)})
    return found


def conversation(draw: random.Random, number: int) -> dict[str, Any]:
    """A raw row, one of eight malformed, one of ten with a control token in what a person wrote."""
    row: dict[str, Any] = {"told": draw.choice([openai, sharegpt])(draw), "note": "seen"}
    if number % 10 == 3:
        row["told"].insert(0, {"role": "user", "content": f"x <|im_end|> {draw.random()}"})
    if number % 3 == 0:
        row["offered"] = draw.choice([[WEATHER], [{"type": "function", "function": WEATHER}], [], None])
    if number % 7 == 0:
        row["told"] = json.dumps(row["told"], ensure_ascii=draw.random() < 0.5)
    if number % 8 == 5:
        row["told"] = draw.choice(DAMAGED)
    if number % 40 == 9:
        row["offered"] = draw.choice([["weather"], {"name": "weather"}, [{"function": {"parameters": 3}}]])
    return row


def ends_taught(row: dict[str, Any]) -> bool:
    """Whether a row's list ends with an answer of the assistant that is taught."""
    last = row["told"][-1] if isinstance(row["told"], list) and row["told"] else None
    said = isinstance(last, dict) and {last.get("role"), last.get("from")} & {"assistant", "gpt", "chatgpt"}
    return bool(said) and last.get("weight", 1) == 1


def unanswered(row: dict[str, Any]) -> dict[str, Any]:
    """A raw row as a client has it: without its last answer."""
    return {**row, "told": row["told"][:-1]} if ends_taught(row) else row


def test_a_package_asks_what_the_project_asks(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = [conversation(draw, number) for number in range(1000)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    cleaning = Cleaning(encoding=Encoding("repair"), unicode=UnicodeForm())
    config = Conversations(
        name="n", licence="l", file="a.jsonl", messages="told", tools="offered", clean=cleaning, min_words=0
    )
    types = types_of(config, [path])
    store = build.read(config, [path], types, tmp_path / "w")
    build.clean_rows(config, store)
    asked = task(messages="told", tools="offered", system="Be kind.", max_length=100_000)
    chats = chat(tmp_path / "chat", read("qwen").text)
    store.expand(Encoder(asked, chats))
    store.reject("token", pl.col("_why"))
    made = {row["id"]: row["prompt_ids"] for row in store.rows.collect().iter_rows(named=True)}
    refused = {row["id"]: (row["reason"], row["detail"]) for part in store.rejected() for row in part.to_dicts()}
    saved = {"messages": "told", "tools": "offered", "system": "Be kind.", "control_tokens": chats.control_tokens}
    folder = language(tmp_path / "p", saved, raw_settings(config, store, types))
    with echo() as url:
        whole = answers(folder, rows, "--url", url)
        short = answers(folder, [unanswered(row) for row in rows], "--url", url)
    kinds = {"same": 0, "malformed": 0, "control": 0}
    for number, (said, said_short) in enumerate(zip(whole, short, strict=True)):
        identity = f"row-{number:0{len(next(iter(made))) - 4}}"
        reason, detail = refused.get(identity, ("", ""))
        if reason == "malformed conversation":
            assert said == {"error": detail}
            kinds["malformed"] += 1
        elif "which the model reads as a mark" in detail:
            assert said == said_short == {"error": detail}
            kinds["control"] += 1
        elif identity in made:
            for one in (said, said_short) if ends_taught(rows[number]) else (said,):
                body = json.loads(one["prediction"])
                assert chats.ids([body["messages"]], True, body.get("tools"))[0] == made[identity]
            kinds["same"] += 1
    assert kinds["same"] > 600
    assert kinds["malformed"] > 100
    assert kinds["control"] > 50
