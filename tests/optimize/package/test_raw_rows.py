"""Raw rows, clean and dirty, are answered by a package as by the project that cleans and asks them itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data import build
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.raw_settings import raw_settings
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import types_of
from shipworthy.models.raw_rows import RawRows
from shipworthy.models.tfidf.family import TfidfModel
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.family import XGBoostModel
from shipworthy.models.xgboost.schema import XGBoost
from tests.optimize.package.made import TREES, WORDS, answers, fitted, raw

TABLE = Table(name="n", licence="l", file="a.jsonl", label="y", missing=["unknown"])
TEXTS = Records(name="n", licence="l", file="a.jsonl", text="t", answer="y", one_answer=False)
DIRT: dict[str, list[Any]] = {
    "n": [" 12 ", "NA", "1,234.5", "?", "1e1", "Infinity", "", None, 7, 3.5, "+4", ".5", "unknown", "12.0", "\u00a05"],
    "c": [" red", "red ", "RED", "", None, "unknown", "NA", True, 7, "re\u0301d", "r\u00e9d", "red\u200b", "a\u2028b"],
    "t": ["  two  spaces", "tab\there", "cafe\u0301", "caf\u00e9", "\ufeffbom", "می\u200cخواهم", "a\u2028b", "x\x00y"],
}


def project(config: Data, rows: list[dict[str, Any]], work: Path, types: dict[str, str] | None = None) -> Any:
    """The cleaned rows, as `prepare` makes them, the types of their columns, and the settings for raw rows."""
    work.mkdir(parents=True)
    path = work / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    types = types or types_of(config, [path])
    store = build.read(config, [path], types, work / "w")
    build.clean_rows(config, store)
    return store.rows.collect().sort("id"), types, raw_settings(config, store, types)


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


@pytest.mark.parametrize("cut", [None, {"columns": {"t": {"max_characters": 20, "keep": "both"}}}])
def test_rows_of_text(tmp_path: Path, cut: dict[str, Any] | None) -> None:
    from shipworthy.data.clean.schema import Cleaning, Cut, Truncate

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
    expected = [(prediction.text, prediction.score) for prediction in model.predict(asked.select("t"))]
    kept = [int(row.removeprefix("row-")) for row in asked["id"]]
    said = answers(folder, [dirty[row] for row in kept])
    assert [(one["prediction"], one["score"]) for one in said] == expected
    assert len(kept) > 30


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
