"""Evaluation texts in train: against the plain way, in any order, by any number of workers; and what follows."""

import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Template

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.data.contamination import check as module
from shipworthy.data.contamination.check import check
from shipworthy.data.contamination.schema import Contamination, Near
from shipworthy.data.duplicates import documents
from shipworthy.data.normalize import words
from tests.data.duplicates import plain

LONG = [f"w{i}" for i in range(20)]
RUN = " ".join(LONG[:13])


def frame(texts: dict[str, str | None]) -> pl.LazyFrame:
    return pl.LazyFrame({"id": list(texts), "text": list(texts.values())}, schema={"id": pl.String, "text": pl.String})


def found(train: dict[str, str | None], test: dict[str, str | None], **settings) -> list[tuple]:
    result = check(frame(train), {"test": frame(test)}, "text", Contamination(**settings))
    return result.pairs.rows()


def test_planted_finds_are_named() -> None:
    train = {
        "a": f"before {RUN.upper()}! after",
        "b": " ".join(LONG[:12]) + " and so on",
        "c": "It deletes the bucket that you own, they say.",
        "d": "Yes!",
        "e": "yes or no",
        "f": None,
        "g": "???",
    }
    test = {
        "s": "Deletes the bucket that you own.",
        "t": f"other {RUN} words",
        "u": "yes",
        "v": "!!!",
        "w": None,
        "x": "Deletes the bucket that you own",
    }
    assert found(train, test, near=None) == [
        ("a", "test", "t", "n-gram", RUN),
        ("c", "test", "s", "n-gram", "deletes the bucket that you own"),
        ("d", "test", "u", "exact", "yes"),
    ]


def test_near_matches_are_reported_with_their_similarity() -> None:
    base = [f"w{i}" for i in range(12)]
    train = {"a": " ".join(base), "b": " ".join(base[:6])}
    test = {"x": " ".join([*base, "more"]), "y": " ".join([*base, "more", "still"])}
    near = Near(threshold=0.7, permutations=128, bands=64, shingle_words=1)
    assert found(train, test, near=near) == [("a", "test", "x", "near", "Jaccard similarity 0.92")]


TEXT = st.lists(st.sampled_from("abc"), max_size=7).map(" ".join)


def by_hand(text: str, others: list[str], ngram: int, shortest: int) -> tuple[str, int] | None:
    """Match and evaluation row of one training text."""
    own = words(text)
    if own and own in [words(other) for other in others]:
        return "exact", next(i for i, other in enumerate(others) if words(other) == own)
    for size in range(ngram, shortest - 1, -1):
        runs = [(i, words(other)) for i, other in enumerate(others)]
        looked_for = [
            (i, spelled[k : k + size])
            for i, spelled in runs
            if len(spelled) == size or (size == ngram and len(spelled) > size)
            for k in range(len(spelled) - size + 1)
        ]
        for start in range(len(own) - size + 1):
            if hits := [i for i, run in looked_for if run == own[start : start + size]]:
                return "n-gram", min(hits)
    return None


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=8), st.lists(TEXT, max_size=6), st.integers(2, 5), st.randoms())
def test_it_finds_what_the_plain_way_finds_in_any_order(
    train: list[str], test: list[str], ngram: int, draw: random.Random
) -> None:
    config = Contamination(ngram=ngram, shortest=2, near=None)
    rows = [(f"t{i}", text) for i, text in enumerate(train)]
    other = frame({str(i): text for i, text in enumerate(test)})
    expected = {}
    for name, text in rows:
        if hit := by_hand(text, test, ngram, 2):
            expected[name] = (hit[0], str(hit[1]))
    for workers in (1, 2):
        draw.shuffle(rows)
        result = check(frame(dict(rows)), {"test": other}, "text", config, workers=workers)
        assert {row[0]: (row[3], row[2]) for row in result.pairs.rows()} == expected
        assert result.summary["training rows that share something"] == len(expected)


def test_batches_and_workers_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(1)
    vocabulary = [f"v{i}" for i in range(30)]
    texts = [" ".join(draw.choice(vocabulary) for _ in range(draw.randint(1, 9))) for _ in range(300)]
    others = [" ".join([*text.split()[:-1], "v0"]) if i % 3 else text for i, text in enumerate(texts[:60])]
    train = frame({f"{i:03}": text for i, text in enumerate(texts)})
    sets = {"test": frame({str(i): text for i, text in enumerate(others)}), "empty": frame({})}
    config = Contamination(ngram=4, shortest=3, near=Near(threshold=0.5, shingle_words=1))
    whole = check(train, sets, "text", config, workers=1)
    monkeypatch.setattr(module, "BATCH_ROWS", 17)
    monkeypatch.setattr(documents, "BATCH_BYTES", 200)
    again = check(train, sets, "text", config, workers=3)
    assert again.pairs.equals(whole.pairs)
    assert again.summary == whole.summary
    assert set(whole.pairs["match"]) == {"exact", "n-gram", "near"}
    assert whole.summary["sets"]["empty"] == {"rows": 0, "rows found in train": 0, "training rows": 0, "by match": {}}
    near = whole.pairs.filter(match="near")
    for row in near.iter_rows(named=True):
        a, b = plain.shingle_sets(texts[int(row["id"])], 1), plain.shingle_sets(others[int(row["other"])], 1)
        assert row["shared"] == f"Jaccard similarity {plain.jaccard(a, b):.2f}"
        assert plain.jaccard(a, b) >= 0.5


def test_the_facts_count_rows_on_both_sides() -> None:
    train = frame({"a": "one two three four five", "b": "one two three four five!", "c": "six"})
    test = frame({"x": "One two three four five.", "y": "one two three four five", "z": "seven"})
    summary = check(train, {"test": test}, "text", Contamination(near=None)).summary
    assert summary == {
        "training rows": 3,
        "training rows that share something": 2,
        "sets": {"test": {"rows": 3, "rows found in train": 2, "training rows": 2, "by match": {"exact": 2}}},
    }
    page = Template(Path(module.__file__).with_name("contamination.html.j2").read_text()).render(contamination=summary)
    assert re.findall(r">(\d+)<", page) == ["3", "2", "2", "2", "0", "0"]


@pytest.mark.parametrize("action", ["fail", "drop", "warn"])
def test_the_action_follows_and_the_report_stays(
    tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Contamination(action=action)
    findings = check(frame({"a": "one two", "b": RUN}), {"test": frame({"x": RUN, "y": f"{RUN} z"})}, "text", config)
    report = tmp_path / "contamination.parquet"
    if action == "fail":
        said = f"1 training rows hold texts of an evaluation set, the first is 'b': exact match with x of test: {RUN}"
        with pytest.raises(ShipworthyError, match=said):
            findings.apply(config, report)
    else:
        rejected = findings.apply(config, report)
        assert rejected.rows() == ([("b", f"exact match with x of test: {RUN}")] if action == "drop" else [])
        assert ("warning" in capsys.readouterr().out) == (action == "warn")
    assert pl.read_parquet(report).equals(findings.pairs)


def test_a_clean_train_passes_whatever_the_action(tmp_path: Path) -> None:
    config = Contamination(action="fail")
    findings = check(frame({"a": "one two"}), {"test": frame({"x": RUN})}, "text", config)
    assert findings.apply(config, tmp_path / "r.parquet").height == 0


def test_what_can_not_work_is_refused() -> None:
    with pytest.raises(UsageError, match="action=stop: choose one of fail, drop, warn"):
        Contamination(action="stop")
    with pytest.raises(UsageError, match="shortest=14 and ngram=13"):
        Contamination(shortest=14)
    with pytest.raises(UsageError, match=r"data.contamination.near.bands=3 must divide"):
        Near(bands=3)
