"""The prepare stage on small real files: questions in a JSONL file with a tiny language model, and a table."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.sources.schema import Folder
from shipworthy.data import build, parts
from shipworthy.data.contamination.schema import Benchmark, Contamination
from shipworthy.data.fitted.encode.schema import Auto, Encode
from shipworthy.data.fitted.schema import Fitting
from shipworthy.data.kinds.schema import Conversations, Records, Table
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.questions import last_turns
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.dataset import SPLITS, files, info, scan, split, table
from shipworthy.models.documents import chunks, documents
from shipworthy.models.rows import GROUP
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.transform.transformation import raw_validation
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import baseline, prepare
from tests.conftest import ROOT
from tests.data.tokens.samples import shared
from tests.stages.people import CLASSES, people, run
from tests.stages.workspaces import workspace
from tests.tiny import write_model

NOUNS = ["bucket", "table", "queue", "topic", "stream", "index", "cluster", "volume", "image", "role", "key", "alarm"]
VERBS = {"Deletes": "Delete", "Creates": "Create", "Lists": "List", "Starts": "Start"}
TALK = TextToText(name="t", description="d", baselines=["majority"], max_length=160, prompt="{service}: {description}")


@pytest.fixture
def talk(project: Path) -> dict[str, Any]:
    """The groups of a pipeline with a text task; the raw file has 48 sound operations and some faults."""
    operations = {
        f"{verb}{noun.title()}": f"{says} a {noun}; {noun}{verb} has {verb}{i} for {i}{verb}."
        for i, noun in enumerate(NOUNS)
        for says, verb in VERBS.items()
    }
    rows = [("ec2", "Nothing", ""), ("ec2", "GetLong", f"Gets {'very ' * 30} long.")]
    rows += [("s3", name, text) for name, text in operations.items()]
    raw = [
        {
            "place": hashlib.sha256(f"{service}/2020-01-01/{name}".encode()).hexdigest()[:16],
            "service": service.upper(),
            "description": text,
            "operation": name,
        }
        for service, name, text in rows
    ]
    pl.DataFrame(raw).write_ndjson(project / "data" / "raw.jsonl")
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(project / "hub"))))
    fetch(model)
    return {
        "task": TALK,
        "data": Records(
            name="n",
            licence="l",
            file="raw.jsonl",
            id="place",
            text="description",
            context=["service"],
            answer="operation",
            min_words=3,
            split=Split(test=8, validation=4, group_columns=["answer"]),
        ),
        "model": model,
    }


def test_text_becomes_the_tokens_that_are_trained_on(project: Path, talk: dict[str, Any]) -> None:
    dataset = run(project, talk)
    known = info(dataset)
    rejected = pl.read_parquet(dataset.file("rejected.parquet"))
    assert known.rows == {"train": 36, "validation": 4, "test": 8}
    assert dict(rejected["reason"].value_counts().iter_rows()) == {"empty": 1, "too long": 1}
    assert "to train on" in rejected.filter(reason="too long")["detail"][0]

    train, test = (pl.read_parquet(dataset.file(f"{name}.parquet")) for name in ("train", "test"))
    assert test.columns == ["id", "service", "description", "cluster", "prompt_ids"]
    hidden = pl.read_parquet(dataset.file("test_answers.parquet"))
    assert hidden["id"].to_list() == test["id"].to_list()
    assert not set(hidden["answer"]) & set(train["answer"])
    assert all(ids[-1] == known.eos_id for ids in train["answer_ids"])
    assert known.statistics["tokens"]["train"]["trained on"] == train["answer_ids"].list.len().sum()
    assert "answer" not in known.statistics["tokens"]["test"]

    page = dataset.file("data.html").read_text(encoding="utf-8")
    assert page.count('<div class="tokens">') == 10
    # Byte by byte: the tiny tokenizer has no merges. The answer's first letter is trained on, the prompt's is not.
    assert '<span class="trained">&lt;|im_end|&gt;</span></div>' in page
    assert "<span>&lt;|im_start|&gt;</span>" in page


@pytest.mark.parametrize("action", ["drop", "fail", "warn"])
def test_train_rows_that_a_benchmark_holds_go_and_are_named(project: Path, talk: dict[str, Any], action: str) -> None:
    known = run(project, talk)
    texts = pl.read_parquet(known.file("train.parquet"))["description"].to_list()[3:5]
    (project / "held_out.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    asked = Contamination(action=action, benchmarks=[Benchmark(str(project / "held_out.jsonl"), "text")])
    groups = talk | {"data": replace(talk["data"], contamination=asked)}
    if action == "fail":
        with pytest.raises(ShipworthyError, match="data.contamination.action") as error:
            run(project, groups)
        kept = project / "artifacts" / "dataset.refused" / "contamination.parquet"
        assert str(kept) in str(error.value)
        assert pl.read_parquet(kept).height == 2
        return
    dataset = run(project, groups)
    rejected = pl.read_parquet(dataset.file("rejected.parquet")).filter(reason="contamination")
    assert rejected.height == (2 if action == "drop" else 0)
    assert all("held_out.jsonl" in why for why in rejected["detail"])
    left = pl.read_parquet(dataset.file("train.parquet"))["description"]
    assert left.is_in(texts).sum() == (0 if action == "drop" else 2)
    assert "held_out.jsonl" in dataset.file("data.html").read_text(encoding="utf-8")


def test_a_family_that_reads_words_gets_the_same_split_without_tokens(project: Path, talk: dict[str, Any]) -> None:
    spoken = run(project, talk)
    ids = [pl.read_parquet(spoken.file(f"{name}.parquet"))["id"].to_list() for name in ("validation", "test")]
    dataset = run(project, talk | {"model": Tfidf(template=TALK.prompt)})
    known = info(dataset)
    assert (known.problem, known.template_sha256, known.eos_id) == ("text_to_text", "", None)
    assert [pl.read_parquet(dataset.file(f"{name}.parquet"))["id"].to_list() for name in ("validation", "test")] == ids
    test = pl.read_parquet(dataset.file("test.parquet"))
    assert test.columns == ["id", "service", "description", "cluster"]
    with pytest.raises(UsageError, match="task.prompt names {servce}, which is none of the columns"):
        run(project, talk | {"model": Tfidf(template="{servce}"), "task": replace(TALK, prompt="{servce}")})


def check_split(dataset: Path) -> int:
    """The exit code of the program that checks a dataset by its files alone."""
    return subprocess.run([sys.executable, ROOT / "scripts" / "check_split", dataset], check=False).returncode


def test_conversations_become_prompts_without_the_answer_that_test_hides(project: Path, talk: dict[str, Any]) -> None:
    told = [
        [
            {"role": "user", "content": f"{says} a {noun}?"},
            {"role": "assistant", "content": f"Which {noun}?"},
            {"role": "user", "content": f"The {i}th, called {noun}{verb}."},
            {"role": "assistant", "content": f"{verb}{noun}{i}"},
        ]
        for i, noun in enumerate(NOUNS)
        for says, verb in VERBS.items()
    ]
    lines = [json.dumps({"messages": one, "shop": f"s{i % 12}"}) for i, one in enumerate(told)]
    (project / "data" / "talks.jsonl").write_text("\n".join([*lines, '{"messages": []}']))
    task = replace(TALK, prompt="", messages="messages", turns="all", max_length=400)
    data = Conversations(
        name="n", licence="l", file="talks.jsonl", split=Split(test=8, validation=4, group_columns=["shop"])
    )
    dataset = run(project, {"task": task, "data": data, "model": talk["model"]})
    known = info(dataset)
    assert known.rows == {"train": 2 * 36, "validation": 4, "test": 8}
    assert pl.read_parquet(dataset.file("rejected.parquet"))["reason"].to_list() == ["malformed conversation"]
    train, test = (pl.read_parquet(dataset.file(f"{name}.parquet")) for name in ("train", "test"))
    hidden = pl.read_parquet(dataset.file("test_answers.parquet"))
    assert test.columns == ["id", "messages", "asked", "cluster", "prompt_ids"]
    for before, answer in zip(test["messages"], hidden["answer"], strict=True):
        assert [one["role"] for one in json.loads(before)] == ["user", "assistant", "user"]
        assert answer not in before
    assert set(train["id"].str.slice(-2)) == {"#1", "#2"}
    assert all(ids[-1] == known.eos_id for ids in train["answer_ids"])

    assert check_split(dataset.path) == 0

    last = last_turns(task, train)
    assert (last.height, set(last["id"].str.slice(-2))) == (36, {"#2"})
    assert last_turns(replace(task, turns="last"), train) is train

    groups = {"task": task, "data": data, "model": talk["model"]}
    for change, sentence in (
        ({"task": TALK}, "with the answer at the end: set task.messages=messages task.tools='' task.prompt=''"),
        ({"task": replace(task, messages="told")}, "with the answer at the end: set task.messages=messages"),
        ({"model": Tfidf(template="{asked}")}, "Conversations need a model that chats"),
        ({"data": talk["data"]}, "task.messages=messages: the data are no conversations; set task.prompt"),
    ):
        with pytest.raises(UsageError, match=sentence):
            run(project, groups | change)


def test_the_same_seed_gives_the_same_dataset(project: Path, talk: dict[str, Any]) -> None:
    first = run(project, talk).manifest.files
    assert run(project, talk).manifest.files == first
    assert run(project, talk, seed=6).manifest.files != first


def test_truncation_that_would_eat_the_answer_is_a_rejection(project: Path, talk: dict[str, Any]) -> None:
    said = "No row of train is left of 50 in all: 49 too long .'.*': .* tokens of prompt .*, 1 empty"
    with pytest.raises(ShipworthyError, match=said):
        run(project, talk | {"task": replace(TALK, max_length=20)})
    assert not (project / "artifacts" / "dataset").exists()


TALKS = Conversations(name="n", licence="l", file="talks.jsonl", tools="tools", split=Split(test=0.2, validation=0.2))
CHATS = replace(TALK, prompt="", messages="messages", tools="tools", max_length=400)


@pytest.mark.parametrize(
    ("message", "tools", "why"),
    [
        ({"speaker": "me"}, None, "20 malformed conversation .'.*': message 1 has no role .it has speaker.."),
        ({}, ["find"], '20 malformed conversation .*tool 1 of tools is no JSON Schema of a function but "find"'),
        ({}, [{"name": "find"}], "20 tools dropped .*the chat template writes nothing of the tool 'find'"),
    ],
)
def test_where_all_rows_are_rejected_it_says_why_and_keeps_them(
    project: Path, talk: dict[str, Any], message: dict[str, Any], tools: Any, why: str
) -> None:
    def lines(message: dict[str, Any], tools: Any) -> str:
        asked = [message or {"role": "user", "content": f"Where is the {noun}?"} for noun in [*NOUNS, *VERBS, *"abcd"]]
        answer = {"role": "assistant", "content": "Here."}
        told = [{"messages": [one, answer | {"content": f"Here, {i}."}], "tools": tools} for i, one in enumerate(asked)]
        return "\n".join(map(json.dumps, told))

    groups = {"task": CHATS, "data": TALKS, "model": talk["model"]}
    (project / "data" / "talks.jsonl").write_text(lines(message, tools))
    with pytest.raises(ShipworthyError, match=why) as error:
        run(project, groups)
    kept = project / "artifacts" / "dataset.refused" / "rejected.parquet"
    assert str(error.value).endswith(f"Every rejected row, with its reason: {kept}")
    assert pl.read_parquet(kept).height == 20
    (project / "data" / "talks.jsonl").write_text(lines({}, None))
    groups |= {"task": replace(CHATS, tools=""), "data": replace(TALKS, tools="")}
    assert info(run(project, groups)).rows == {"train": 12, "validation": 4, "test": 4}
    assert not kept.exists()


def test_many_rows_that_go_are_said_with_their_reasons(
    project: Path, talk: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lengthen(project)
    dataset = run(project, talk)
    warnings = info(dataset).statistics["warnings"]
    told = capsys.readouterr().out
    assert all(f"warning: {sentence}" in told for sentence in warnings)
    assert "52% of the rows (26 of 50) are left out: 1 empty (2%), 25 too long (50%)" in warnings[0]
    assert "rows longer than task.max_length=160 tokens are left out, " in warnings[1]
    assert "in the data's config: clean: {truncate: {columns: {description: {max_characters: " in warnings[1]
    assert info(dataset).statistics["left out"]["reasons"]["too long"] == {"rows": 25, "share": 0.5}
    assert "52% of the rows" in dataset.file("data.html").read_text(encoding="utf-8")


LONG = {"task": replace(TALK, max_new_tokens=30, too_long="chunk", cut="description", overlap=10)}


def lengthen(project: Path) -> None:
    """Makes every second of the sound rows longer than what fits into a prompt."""
    rows = pl.read_ndjson(project / "data" / "raw.jsonl").to_dicts()
    for row in rows[2::2]:
        row["description"] += " ".join(f" {row['operation']}{i}" for i in range(12))
    pl.DataFrame(rows).write_ndjson(project / "data" / "raw.jsonl")


def test_long_texts_become_chunks_of_every_split(
    project: Path, talk: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lengthen(project)
    dataset = run(project, talk | LONG)
    known = info(dataset)
    raw = pl.read_ndjson(project / "data" / "raw.jsonl").rows_by_key("place", named=True, unique=True)
    cleaned = {name: " ".join(row["description"].split()) for name, row in raw.items()}
    of = 0
    for name in SPLITS:
        rows = split(dataset, name)
        about = known.statistics["chunked"][name]
        assert about["of"] == rows["chunk_of"].n_unique() and 0 < about["documents"] < about["of"]
        assert about["chunks"] == rows.filter(pl.col("id") != pl.col("chunk_of")).height > about["documents"]
        of += about["of"]
        for document, own in rows.group_by("chunk_of"):
            assert own["cluster"].n_unique() == 1
            texts = own[chunks(own)[0]]["description"].to_list()
            assert len(shared(cleaned[str(document[0])], texts)) == len(texts) - 1
        assert rows["prompt_ids"].list.len().max() <= 130  # type: ignore[operator]
    assert of == 49, "the empty row alone is left out"
    assert known.statistics["left out"] == {
        "rows": 1,
        "of": 50,
        "share": 0.02,
        "reasons": {"empty": {"rows": 1, "share": 0.02}},
    }
    assert split(dataset, "test")["id"].equals(scan(dataset, "test_answers").collect()["id"])
    kept = raw_validation(dataset)
    assert kept["id"].equals(split(dataset, "validation")["chunk_of"].unique().sort())
    assert all(row["description"] == cleaned[row["id"]] for row in kept.iter_rows(named=True))
    assert check_split(dataset.path) == 0
    page = dataset.file("data.html").read_text(encoding="utf-8")
    assert "Divided into chunks, whose answers are put to a vote: " in page and "chunks of texts or repetitions" in page
    told = capsys.readouterr().out
    assert (
        "warning: 25 documents are divided into chunks" in told and "100% of train's documents have an answer" in told
    )


def test_baselines_of_every_kind_answer_documents(project: Path, talk: dict[str, Any]) -> None:
    lengthen(project)
    task = replace(LONG["task"], baselines=["majority", "nearest", "few_shot"], shots=2)
    dataset = run(project, talk | {"task": task})
    baseline.run(task=task, model=talk["model"], seed=0, workspace=workspace(project, "baseline"))
    for name in task.baselines:
        answered = pl.read_parquet(project / "artifacts" / "baseline" / "predictions" / f"{name}.test.parquet")
        assert answered["id"].to_list() == documents(split(dataset, "test"))["id"].to_list()
        assert answered.height == info(dataset).statistics["chunked"]["test"]["of"]


def test_where_nothing_is_too_long_chunks_change_nothing_but_a_column(project: Path, talk: dict[str, Any]) -> None:
    rows = pl.read_ndjson(project / "data" / "raw.jsonl")
    rows.filter(pl.col("operation") != "GetLong").write_ndjson(project / "data" / "raw.jsonl")
    plain = {name: split(run(project, talk), name) for name in SPLITS}
    dataset = run(project, talk | LONG)
    for name in SPLITS:
        found = split(dataset, name)
        assert found["chunk_of"].equals(found["id"])
        assert found.drop("chunk_of").equals(plain[name])
    assert {one["documents"] for one in info(dataset).statistics["chunked"].values()} == {0}
    assert not dataset.json("split_check.json")["rewritten"] and check_split(dataset.path) == 0


def test_texts_that_are_cut_pass_the_check_of_splits(project: Path, talk: dict[str, Any]) -> None:
    lengthen(project)
    asked = replace(TALK, max_new_tokens=30, too_long="truncate", cut="description")
    dataset = run(project, talk | {"task": asked})
    assert info(dataset).statistics["cut"]["test"]["rows"] > 0
    assert check_split(dataset.path) == 0


def test_ids_that_chunks_would_share_with_a_row_are_refused(project: Path, talk: dict[str, Any]) -> None:
    lengthen(project)
    rows = pl.read_ndjson(project / "data" / "raw.jsonl").with_columns(place=pl.format("{}", pl.int_range(pl.len())))
    clash = pl.when(pl.col("place") == "3").then(pl.lit("2#1")).otherwise("place").alias("place")
    rows.with_columns(clash).write_ndjson(project / "data" / "raw.jsonl")
    with pytest.raises(ShipworthyError, match="A row that is made of another has an id that the source has '2#1'"):
        run(project, talk | LONG)


def test_a_column_that_has_the_name_of_the_documents_is_refused(project: Path, talk: dict[str, Any]) -> None:
    rows = pl.read_ndjson(project / "data" / "raw.jsonl").rename({"description": "chunk_of"})
    rows.write_ndjson(project / "data" / "raw.jsonl")
    asked = {"data": replace(talk["data"], text="chunk_of"), "task": replace(TALK, prompt="{service}")}
    with pytest.raises(UsageError, match="the dataset keeps names such as 'chunk_of' for itself"):
        run(project, talk | asked)


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"model": XGBoost()}, "model 'xgboost' reads no text"),
        (
            {"task": TextToText(name="t", description="d", baselines=["majority"], prompt="{servce}")},
            "{servce}, which is none of the columns",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    project: Path, talk: dict[str, Any], part: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        run(project, talk | part)


def test_a_table_becomes_classes(project: Path) -> None:
    rows = {"age": list(range(60)), "job": ["a", "?", "b"] * 20, "pay": ["yes", "no"] * 30}
    frame = pl.DataFrame(rows)
    pl.concat([frame, frame[:5]]).write_csv(project / "data" / "t.csv")
    data = Table(name="n", licence="l", file="t.csv", label="pay", missing=["?"], split=Split(test=0.2, stratify=True))
    dataset = run(project, {"task": CLASSES, "data": data, "model": XGBoost()})
    known = info(dataset)
    assert (known.problem, known.classes, known.categorical) == ("classification", ["no", "yes"], ["job"])
    assert sum(known.rows.values()) == 65
    assert known.eos_id is None
    test = pl.read_parquet(dataset.file("test.parquet"))
    assert test.columns == ["id", "age", "job", "cluster"]
    assert test["job"].null_count() > 0
    assert dataset.manifest.inputs.keys() == {"data/t.csv"}
    assert pl.read_parquet(dataset.file("rejected.parquet")).height == 0
    assert "<h2>Classes</h2>" in dataset.file("data.html").read_text(encoding="utf-8")
    dataset = run(project, {"task": CLASSES, "data": replace(data, repeated="drop"), "model": XGBoost()})
    assert info(dataset).rows == {"train": 42, "validation": 6, "test": 12}
    rejected = pl.read_parquet(dataset.file("rejected.parquet"))
    assert rejected.height == 5
    assert json.loads(rejected["row"][0])["age"] == 0


def test_what_a_tables_columns_hold_is_found_on_train_and_said(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {
        "ticket": [f"T{i}" for i in range(600)],
        "town": [f"town {i % 150}" for i in range(600)],
        "told": [f"2024-{1 + i * 31 % 12:02}-{1 + i * 17 % 28:02}T10:00:00" for i in range(600)],
        "note": [f"the {VERBS[list(VERBS)[i // 7 % 4]]} of the {NOUNS[i // 5 % 12]} number {i}" for i in range(600)],
        "age": [20 + i % 50 for i in range(600)],
        "pay": [("yes", "no")[i * 7919 % 100 < 40 + 20 * (i % 2)] for i in range(600)],
    }
    pl.DataFrame(rows).write_csv(project / "data" / "t.csv")
    data = Table(name="n", licence="l", file="t.csv", label="pay", split=Split(test=0.2, validation=0.1))
    dataset = run(project, {"task": CLASSES, "data": data, "model": XGBoost()})
    known = info(dataset)
    assert {"town", "told month", "note text 16", "age"} <= set(known.features) and known.categorical == []
    assert {"ticket", "told", "note"}.isdisjoint(known.features)
    chosen = {one["column"]: one["action"] for one in known.statistics["fitted"]["columns"]}
    assert chosen == {"ticket": "drop", "town": "target", "told": "calendar", "note": "text", "age": "keep"}
    assert "left out: ticket (data.html says why; data.fitted.encode.auto.columns.NAME=keep" in capsys.readouterr().out
    page = dataset.file("data.html").read_text(encoding="utf-8")
    assert "<h2>What the columns of train hold</h2>" in page and "<td>ids</td>" in page and "left out" in page
    assert dataset.json("split_check.json")["rewritten"] and check_split(dataset.path) == 0
    assert {"fitted.json", "raw_validation.parquet"} <= dataset.manifest.files.keys()
    auto = Auto({"ticket": "keep", "town": "keep", "told": "drop", "note": "drop"})
    kept = run(
        project, {"task": CLASSES, "data": replace(data, fitted=Fitting(encode=Encode(auto=auto))), "model": XGBoost()}
    )
    assert info(kept).features == ["ticket", "town", "age"]


def test_a_spreadsheet_with_a_decimal_comma_is_a_table_of_numbers(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{n % 13},{n:03};{n}.000,5;{'yes' if n % 13 > 5 else 'no'}\r\n" for n in range(1, 201))
    (project / "data" / "t.csv").write_bytes(("x;paid (€);pay\r\n" + rows).encode("cp1252"))
    data = Table(name="n", licence="l", file="t.csv", label="pay", split=Split(test=0.2, validation=0.1))
    dataset = run(project, {"task": CLASSES, "data": data, "model": XGBoost()})
    assert info(dataset).columns == {"x": "float?", "paid (€)": "float?", "pay": "string?"}
    train = pl.read_parquet(dataset.file("train.parquet"))
    assert train["x"].dtype == pl.Float64 and train["paid (€)"].max() > 100_000
    assert json.loads(dataset.file("raw.json").read_text(encoding="utf-8"))["decimal"] == ","
    assert "numbers are read with a decimal comma; data.decimal=. changes that" in capsys.readouterr().out


def test_columns_that_only_the_split_needs_are_no_features(project: Path) -> None:
    dataset = run(project, people(project))
    known = info(dataset)
    assert known.features == ["age", "job"]
    assert known.columns == {"age": "int", "job": "string", "firm": "string", "day": "date", "pay": "string"}
    train, test = split(dataset, "train"), split(dataset, "test")
    assert train.columns == ["id", "age", "job", "answer", "cluster", "fold", GROUP]
    assert test.columns == ["id", "age", "job", "cluster", GROUP]
    grouped = dict(table(dataset, "split_check").select("id", "group").iter_rows())
    assert dict(test.select("id", GROUP).iter_rows()).items() <= grouped.items()
    assert set(train["fold"]) == {0, 1, 2}
    record = dataset.json("split_check.json")
    assert record["counts"]["firm"] == {"values": 57, "in two splits": 0}
    assert dataset.manifest.inputs.keys() == {"data/people"}


def test_an_id_that_rows_are_divided_by_is_no_feature(project: Path) -> None:
    paid = {"n": list(range(100, 200)), "age": list(range(100)), "pay": ["yes", "no", "yes", "no"] * 25}
    pl.DataFrame(paid).write_csv(project / "data" / "n.csv")
    divided = Split(test=0.2, validation=0.2, time="n")
    data = Table(name="n", licence="l", file="n.csv", label="pay", id="n", split=divided)
    dataset = run(project, {"task": CLASSES, "data": data, "model": XGBoost()})
    assert info(dataset).features == ["age"]
    assert split(dataset, "test")["id"].to_list() == [str(n) for n in range(180, 200)]


def test_a_split_after_time(project: Path) -> None:
    dataset = run(project, people(project, split=Split(test=0.2, validation=0.1, time="day")))
    times = (
        pl.read_parquet(dataset.file("split_check.parquet"))
        .group_by("split")
        .agg(low=pl.col("time").min(), high=pl.col("time").max())
    )
    ranges = {name: (low, high) for name, low, high in times.iter_rows()}
    assert ranges["train"][1] < ranges["validation"][0] <= ranges["validation"][1] < ranges["test"][0]
    rejected = pl.read_parquet(dataset.file("rejected.parquet"))
    assert sum(info(dataset).rows.values()) + rejected.height == 400


def test_batches_and_workers_make_the_same_bytes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(project, people(project))
    monkeypatch.setattr(prepare.build, "read", partial(build.read, batch_rows=60))
    again = run(project, people(project, workers=2))
    assert again.manifest.files == first.manifest.files


def test_large_splits_are_sharded_and_read_as_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(project, people(project))
    tables = {name: split(whole, name) for name in SPLITS}
    monkeypatch.setattr(parts, "GROUP_ROWS", 20)
    monkeypatch.setattr(parts, "SHARD_ROWS", 40)
    sharded = run(project, people(project))
    shards = files(sharded, "train")
    assert len(shards) > 3
    assert {pl.read_parquet(part).height for part in shards[:-1]} == {40}
    for name in SPLITS:
        assert split(sharded, name).equals(tables[name])
        assert scan(sharded, name).collect().equals(tables[name].drop(GROUP))


KILLED = """
import os, signal, sys
from pathlib import Path
from shipworthy.data.splits import check
from tests.stages import people as t
check.check_disjoint = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
t.run(Path.cwd(), t.people(Path.cwd()))
"""


def test_after_a_kill_a_new_start_makes_the_same_dataset(project: Path) -> None:
    first = run(project, people(project))
    shutil.rmtree(first.path)
    line, env = [sys.executable, "-c", KILLED], {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(line, cwd=project, env=env, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = list((project / "artifacts").iterdir())
    assert len(left) == 1 and left[0].name.startswith(".dataset.")
    assert run(project, people(project)).manifest.files == first.manifest.files
    assert [path.name for path in (project / "artifacts").iterdir()] == ["dataset"]


def test_repeated_rows_keep_the_shares_of_the_file_and_dropping_them_warns(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """20,000 rows of 2,000 combinations, of which 6.5% leave: dropped as duplicates far more would."""
    draws = np.random.default_rng(0)
    plan = draws.integers(0, 4, 20_000)
    columns = {"plan": plan, "seats": draws.integers(0, 20, 20_000), "months": draws.integers(0, 25, 20_000)}
    leaves = draws.random(20_000) < 0.02 + 0.03 * plan
    pl.DataFrame({**columns, "churn": np.where(leaves, "yes", "no")}).write_csv(project / "data" / "t.csv")
    data = Table(name="n", licence="l", file="t.csv", label="churn")
    groups = {"task": CLASSES, "data": data, "model": XGBoost()}
    kept = run(project, groups)
    assert sum(info(kept).rows.values()) == 20_000
    for name in ("train", "validation"):
        part = split(kept, name)
        assert abs((part["answer"] == "yes").mean() - leaves.mean()) < 2 * (0.065 * 0.935 / part.height) ** 0.5
    assert "more than chance" not in capsys.readouterr().out
    dropped = run(project, groups | {"data": replace(data, repeated="drop")})
    assert "'exact duplicate' moves the share of" in capsys.readouterr().out
    (step,) = info(dropped).statistics["class shares"]
    assert step["step"] == "exact duplicate"
    assert "<h2>Class shares</h2>" in dropped.file("data.html").read_text(encoding="utf-8")
