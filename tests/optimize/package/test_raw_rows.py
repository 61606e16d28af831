"""Raw rows, clean and dirty, are answered by a package as by the project that cleans and asks them itself."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data import build
from shipworthy.data.clean.schema import PII, Cleaning, Cut, Encoding, Truncate, UnicodeForm
from shipworthy.data.duplicates.schema import Duplicates
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.raw_settings import raw_settings
from shipworthy.data.sources.files import types_of
from shipworthy.models.raw_rows import NUMBER_COLUMN, RawRows
from shipworthy.models.tfidf.family import TfidfModel
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.family import XGBoostModel
from shipworthy.models.xgboost.schema import XGBoost
from tests.optimize.package.asked import project
from tests.optimize.package.made import TREES, WORDS, answers, fitted, raw, texts

TABLE = Table(name="n", licence="l", file="a.jsonl", label="y", missing=["unknown"])
TEXTS = Records(name="n", licence="l", file="a.jsonl", text="t", answer="y", one_answer=False)
DIRT: dict[str, list[Any]] = {
    "n": [" 12 ", "NA", "1,234.5", "?", "1e1", "Infinity", "", None, 7, 3.5, "+4", ".5", "unknown", "12.0", "\u00a05"],
    "c": [" red", "red ", "RED", "", None, "unknown", "NA", True, 7, "re\u0301d", "r\u00e9d", "red\u200b", "a\u2028b"],
    "t": ["  two  spaces", "tab\there", "cafe\u0301", "caf\u00e9", "\ufeffbom", "می\u200cخواهم", "a\u2028b", "x\x00y"],
}


def test_rows_of_a_table(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    train = [
        {"n": float(n), "c": ["red", "blue", "r\u00e9d", "true", "7"][i % 5], "y": "yes" if n + i % 5 > 6 else "no"}
        for i, n in enumerate(draw.integers(0, 12, 400))
    ]
    clean, types, raw = project(TABLE, train, tmp_path / "train")
    assert raw["columns"] == {"n": "number", "c": "name"}
    model = XGBoostModel(XGBoost(rounds=20, threads=1))
    features = clean.select("n", "c", "answer")
    model.fit(features, features.head(100), 0)
    folder = fitted(tmp_path / "p", model, TREES, raw)
    dirty = [
        {"n": DIRT["n"][draw.integers(len(DIRT["n"]))], "c": DIRT["c"][draw.integers(len(DIRT["c"]))]}
        for _ in range(1000)
    ]
    asked, _, _ = project(TABLE, [{**row, "y": "yes"} for row in dirty], tmp_path / "asked", types)
    expected = [prediction.text for prediction in model.predict(asked)]
    kept = [int(row.removeprefix("row-")) for row in asked["id"]]
    assert len(kept) > 900
    said = answers(folder, [dirty[row] for row in kept])
    assert [one["prediction"] for one in said] == expected
    assert len(set(expected)) == 2


def test_truth_is_one_whatever_wrote_it(tmp_path: Path) -> None:
    """pandas writes True, spreadsheets TRUE, and a service sends JSON's own."""
    (tmp_path / "a.csv").write_text("held,y\nTrue,a\nFalse,b\n,a\n", encoding="utf-8")
    config = replace(TABLE, file="a.csv")
    types = types_of(config, [tmp_path / "a.csv"])
    store = build.read(config, [tmp_path / "a.csv"], types, tmp_path / "w")
    assert store.rows.collect()["held"].to_list() == ["true", "false", None]
    read = RawRows(raw_settings(config, store, types), ["held"]).read
    for value in (True, "True", " TRUE ", "true"):
        assert read({"held": value}) == {"held": "true"}
    assert [read({"held": value})["held"] for value in (False, None, "", "unknown")] == ["false", None, None, None]
    with pytest.raises(ValueError, match="column held: 'Yes' is neither true nor false"):
        read({"held": "Yes"})


@pytest.mark.parametrize("cut", [None, {"columns": {"t": {"max_characters": 20, "keep": "both"}}}])
def test_rows_of_text(tmp_path: Path, cut: dict[str, Any] | None) -> None:
    config = replace(TEXTS, min_words=0)
    if cut:
        config = replace(config, clean=Cleaning(truncate=Truncate({"t": Cut(max_characters=20, keep="both")})))
    words = ["caf\u00e9", "two spaces", "tab here", "می\u200cخواهم", "a b", "bom", "plain words of some length here"]
    train = [{"t": f"{words[i % 7]} {words[i // 7 % 7]} {i}", "y": "even" if i % 7 % 2 else "odd"} for i in range(210)]
    clean, types, raw = project(config, train, tmp_path / "train")
    assert raw["columns"] == {"t": "text"}
    model = TfidfModel(Tfidf(template="{t}", min_count=1))
    rows = clean.select("t", "answer")
    model.fit(rows, rows, 0)
    folder = fitted(tmp_path / "p", model, WORDS, raw)
    dirty = [{"t": f"{DIRT['t'][i % 8]}  {words[i % 7]}\n{i} and something longer than that"} for i in range(300)]
    asked, _, _ = project(config, [{**row, "y": "even"} for row in dirty], tmp_path / "asked", types)
    expected = [(prediction.text, prediction.probabilities) for prediction in model.predict(asked.select("t"))]
    kept = [int(row.removeprefix("row-")) for row in asked["id"]]
    said = answers(folder, [dirty[row] for row in kept])
    assert [(one["prediction"], one["probabilities"]) for one in said] == expected
    assert len(kept) > 30


DAMAGED = ["caf\u00c3\u00a9", "\u00e2\u20ac\u0153quoted\u00e2\u20ac\u009d", "caf\u00e9", "ascii", "\ufb01ne \u00b2"]
PERSONAL = ["ann@mail.example.org", "+49 30 901820", "4111 1111 1111 1111", "192.168.0.254", "(202) 456-1111", "12"]


def test_what_changes_text_is_replayed(tmp_path: Path) -> None:
    cleaning = Cleaning(
        encoding=Encoding("repair"),
        unicode=UnicodeForm("NFKC"),
        truncate=Truncate({"t": Cut(max_characters=60, keep="end")}),
        pii=PII(email="reject", ip="keep", region="US"),
    )
    config = replace(TEXTS, clean=cleaning, min_words=0, duplicates=Duplicates(minhash=None))
    draw = np.random.default_rng(0)
    numbers = [" ".join(map(str, draw.integers(0, 99, 9))) for _ in range(1000)]
    dirty = [
        {"t": f"{draw.choice(DAMAGED)} {said} {draw.choice(PERSONAL)} {i}\u00a0x"} for i, said in enumerate(numbers)
    ]
    clean, _, settings_ = project(config, [{**row, "y": "even"} for row in dirty], tmp_path / "x")
    rows = RawRows(settings_, ["t"])
    assert clean.height > 600
    for identity, text in clean.select("id", "t").iter_rows():
        assert rows.read(dirty[int(identity.removeprefix("row-"))])["t"] == text
    read = " ".join(clean["t"])
    for seen in ("caf\u00e9", "<PHONE>", "<CARD>", "192.168.0.254", "quoted"):
        assert seen in read
    assert "\u00c3" not in read


def test_truth_values_and_whole_numbers_of_a_source(tmp_path: Path) -> None:
    types = {"b": "bool?", "n": "int?", "y": "string?"}
    rows = [{"b": True, "n": 5, "y": "a"}, {"b": False, "n": None, "y": "b"}, {"b": None, "n": 2**60 + 1, "y": "b"}]
    clean, _, saved = project(TABLE, rows, tmp_path / "x", types)
    raw_rows = RawRows(saved, ["b", "n"])
    assert [raw_rows.read(row) for row in rows] == clean.select("b", "n").to_dicts()
    for other in ({"b": "TRUE", "n": "5"}, {"b": " true ", "n": " +5 "}):
        assert raw_rows.read(other) == {"b": "true", "n": 5}
    with pytest.raises(ValueError, match="column b: 'yes' is neither true nor false"):
        raw_rows.read({"b": "yes"})
    with pytest.raises(ValueError, match="column b: a list or an object is no name"):
        raw_rows.read({"b": [True]})


def test_numbers_and_truth_values_in_a_question(tmp_path: Path) -> None:
    config = replace(TEXTS, context=["price", "count", "paid"], min_words=0, duplicates=Duplicates(minhash=None))
    types = {"t": "string?", "price": "float?", "count": "int?", "paid": "bool?", "y": "string?"}
    prices = [1e-5, 3.2e-7, 1e16, 0.1, 2.0, 12345.678, -1.5e300]
    rows = [{"t": f"t {i}", "price": price, "count": i, "paid": i % 2 == 0} for i, price in enumerate(prices)]
    clean, _, saved = project(config, [{**row, "y": "a"} for row in rows], tmp_path / "x", types)
    shown = ["t", "price", "count", "paid"]
    read = RawRows(saved, shown).read
    assert [read(row) for row in rows] == clean.select(shown).to_dicts()
    assert read({**rows[4], "price": "2", "count": " 04 ", "paid": "FALSE"})["price"] == "2.0"


def test_a_table_knows_its_columns_and_text_looks_at_its_own(tmp_path: Path) -> None:
    config = replace(TABLE, ignore=["note"])
    rows = [{"id": 1, "n": 1, "c": "x", "note": "z", "y": "a"}, {"id": 2, "n": 2, "c": "y", "note": "z", "y": "b"}]
    _, _, saved = project(replace(config, id="id"), rows, tmp_path / "x")
    rows_of_table = RawRows(saved, ["n", "c"])
    assert rows_of_table.read(rows[0]) == {"n": 1, "c": "x"}
    assert rows_of_table.read({"c": "x"}) == {"n": None, "c": "x"}
    assert rows_of_table.read({" n": 1, "c\u00a0": "x", "\ufeffid": 7}) == {"n": 1, "c": "x"}
    with pytest.raises(ValueError, match="a row names the column n twice"):
        rows_of_table.read({"n ": 1, "n": 1})
    with pytest.raises(ValueError, match="there is no column nn; the columns are n, c"):
        rows_of_table.read({"nn": 1})
    rows_of_text = RawRows(texts("t"), ["t"])
    assert rows_of_text.read({"t": "x", "y": "answer", "else": 1}) == {"t": "x"}
    assert rows_of_text.read({" t ": "x"}) == {"t": "x"}
    for lacking, why in (({}, "a row lacks t"), ({"t": None}, "a row lacks t"), ({"t": ""}, "t is empty")):
        with pytest.raises(ValueError, match=why):
            rows_of_text.read(lacking)


CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.floats(-9, 9),
    st.sampled_from(DIRT["n"] + DIRT["c"]),
    st.text(max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(cell=CELL)
def test_a_name_is_read_as_prepare_reads_it(cell: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("rows")
    text = json.loads(json.dumps(cell).encode("utf-8", "replace"))
    if isinstance(text, str) and any(0xD800 <= ord(c) < 0xE000 for c in text):
        return
    config = replace(TABLE, clean=replace(TABLE.clean, encoding=None))
    types = {"c": "string?", "n": "int?", "y": "string?"}
    rows, _, raw = project(config, [{"c": text, "n": 1, "y": "a"}], folder / "x", types)
    assert RawRows(raw, ["c"]).read({"c": text})["c"] == (rows["c"][0] if rows.height else None)


def test_what_is_no_number_is_said_with_its_column() -> None:
    rows = RawRows(raw({"age": "number", "x": "name"}), ["age", "x"])
    with pytest.raises(ValueError, match="column age: 'old' is no number"):
        rows.read({"age": "old"})
    assert rows.read({"age": "NA", "x": " x "}) == {"age": None, "x": "x"}
    german = RawRows({**raw({"age": "number"}), "decimal": ","}, ["age"])
    assert [german.read({"age": age})["age"] for age in ("3,5", 3.5, "1.234")] == [3.5, 3.5, 1234.0]


def test_without_its_settings_rows_are_taken_as_they_are_and_that_is_said(tmp_path: Path) -> None:
    model = TfidfModel(Tfidf(template="{t}", min_count=1))
    rows = pl.DataFrame({"t": ["red box", "blue tin"] * 20, "answer": ["a", "b"] * 20})
    model.fit(rows, rows.head(10), 0)
    folder = fitted(tmp_path / "p", model, WORDS, texts("t"))
    (folder / "raw.json").unlink()
    line = json.dumps({"t": "red box"}).encode()
    done = subprocess.run([sys.executable, str(folder / "predict")], input=line, capture_output=True, check=True)
    assert json.loads(done.stdout)["prediction"] == "a"
    assert done.stderr.decode() == "predict: raw.json is missing here, so that rows are taken as they are.\n"


def test_a_server_is_sent_numbers_as_they_were_written(tmp_path: Path) -> None:
    """A number of JSON has a point whatever stands before the decimals in the data; as text it would be none."""
    draw = np.random.default_rng(0).normal(size=200)
    rows = pl.DataFrame({"x": draw, "answer": np.where(draw > 0, "a", "b")})
    model = XGBoostModel(XGBoost(rounds=5, threads=1))
    model.fit(rows, rows.head(50), 0)
    folder = fitted(tmp_path / "p", model, TREES, {**raw({"x": NUMBER_COLUMN}), "decimal": ","})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-u", str(folder / "predict"), "--serve", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdout.readline().startswith(b"serving on")
        asked = [{"x": 1.5}, {"x": "1,5"}, {"x": -1.5}, {"x": None}, {"x": "1.5"}]
        alone, served = answers(folder, asked), answers(folder, asked, "--url", f"http://127.0.0.1:{port}")
        server.kill()
    assert served == alone
    assert [one.get("prediction") for one in alone[:3]] == ["a", "a", "b"]
    assert "'1.5' is no number" in alone[4]["error"]
