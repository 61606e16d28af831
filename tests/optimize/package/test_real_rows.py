"""1,000 raw rows of each data set, as they are and dirty: its package answers what the project answers."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipworthy.config.compose import compose
from shipworthy.data.kinds.schema import Table, Text
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import batches, types_of
from shipworthy.models.protocol import Fittable
from shipworthy.models.tfidf.family import TfidfModel
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.family import XGBoostModel
from shipworthy.models.xgboost.schema import XGBoost
from tests.conftest import ROOT
from tests.optimize.package.asked import number, project
from tests.optimize.package.echo import echo
from tests.optimize.package.made import TREES, WORDS, answers, fitted, language

ROWS = 1000
GAPS = ["NA", "?", " n/a ", "", "#DIV/0!", "Infinity", "-inf", None]
INSIDE = ["\u00a0", "  ", "\t", "\r\n", "\u2028", "\x00", "\x07", "\ufeff", "\u200b", "\u200d", " \U0001f600 "]


def raw_rows(config: Data, count: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The first rows of a data set, and the types of its columns."""
    paths = [ROOT / "data" / config.file]
    if not paths[0].is_file():
        pytest.skip(f"data/{config.file} is not here: run `shipworthy fetch`")
    types = types_of(config, paths)
    frame = next(batches(config, paths, types, count)).select(*types)
    return frame.head(count).to_dicts(), types


def dirty_number(draw: random.Random, value: Any) -> Any:
    return draw.choice([value, str(value), f"\u00a0{value} ", f"+{value}", draw.choice(GAPS)])


def dirty_name(draw: random.Random, value: Any) -> Any:
    text = str(value)
    return draw.choice(
        [value, f" {text}\u00a0", text.upper(), text.lower(), f"{text}\x07", f"\ufeff{text}", "?", "", None]
    )


def dirty_text(draw: random.Random, value: Any) -> Any:
    found = str(value).split(" ")
    for _ in range(draw.randint(0, 3)):
        found.insert(draw.randrange(len(found) + 1), draw.choice(INSIDE))
    return draw.choice(["", " ", "\ufeff"]) + " ".join(found) + draw.choice(["", "  ", "\r", "\u00ad"])


def dirty(config: Data, types: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as people's programs may write them; some lack a key where it may be missing."""
    draw = random.Random(0)
    made = []
    for row in rows:
        found = {}
        for name, value in row.items():
            if name in (getattr(config, "label", ""), getattr(config, "answer", "")):
                found[name] = value
            elif isinstance(config, Text):
                found[name] = dirty_text(draw, value)
            elif draw.random() > 0.05:
                change = dirty_number if types[name].startswith(("int", "float")) else dirty_name
                found[name] = change(draw, value)
        made.append(found)
    return made


def compare(
    config: Data, rows: list[dict[str, Any]], types: dict[str, str], work: Path,
    make: Callable[[list[str]], Fittable], code: Path,
) -> None:  # fmt: skip
    """Trains on the rows beyond the first thousand, and asks the first, as they are and dirty, both ways."""
    train, types, raw = project(config, rows[ROWS:], work / "train", types)
    shown = list(raw["columns"])
    model = make(shown)
    features = train.select(*shown, "answer")
    model.fit(features, features.head(200), 0)
    folder = fitted(work / "p", model, code, raw)
    for name, given in (("raw", rows[:ROWS]), ("dirty", dirty(config, types, rows[:ROWS]))):
        asked, _, _ = project(config, given, work / name, types)
        assert asked.height > 0.9 * ROWS
        expected = [(one.text, one.probabilities) for one in model.predict(asked.select(shown))]
        said = answers(folder, [given[number(row)] for row in asked["id"]])
        assert [(one["prediction"], one["probabilities"]) for one in said] == expected
        assert len({text for text, _ in expected}) > 1


def test_adult(tmp_path: Path) -> None:
    config = compose(["experiment=adult_xgboost"]).data
    assert isinstance(config, Table)
    rows, types = raw_rows(config, 3 * ROWS)
    compare(config, rows, types, tmp_path, lambda _: XGBoostModel(XGBoost(rounds=20, threads=1)), TREES)


def test_sarcasm(tmp_path: Path) -> None:
    config = compose(["data=sarcasm", "task=sarcasm"]).data
    assert isinstance(config, Text)
    config = replace(config, min_words=0, duplicates=replace(config.duplicates, minhash=None))
    rows, types = raw_rows(config, 3 * ROWS)
    compare(config, rows, types, tmp_path, lambda _: TfidfModel(Tfidf(template="{question}")), WORDS)


def test_operations_are_asked_of_a_language_model(tmp_path: Path) -> None:
    made = compose([])
    config, task = made.data, made.task
    assert isinstance(config, Text)
    config = replace(config, min_words=0, refuse_literal=False, one_answer=False)
    rows, types = raw_rows(config, ROWS)
    saved = {"system": task.system, "prompt": task.prompt, "control_tokens": ["<|im_start|>", "<|im_end|>"]}
    for name, given in (("raw", rows), ("dirty", dirty(config, types, rows))):
        asked, _, raw = project(config, given, tmp_path / name, types)
        folder = language(tmp_path / f"p-{name}", saved, raw)
        with echo() as url:
            said = answers(folder, [given[number(row)] for row in asked["id"]], "--url", url)
        found = [json.loads(one["prediction"])["messages"][-1]["content"] for one in said]
        columns = asked.select(config.text, *config.context).iter_rows(named=True)
        assert found == [task.prompt.format(**row) for row in columns]
        assert len(found) > 0.8 * ROWS
