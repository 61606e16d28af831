"""Evaluation texts in train: against the plain way, in any order, by any number of workers; and what follows."""

import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Template

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.data.contamination import check as module
from shipworthy.data.contamination import texts as batches
from shipworthy.data.contamination.check import Findings
from shipworthy.data.contamination.schema import Contamination, Near
from shipworthy.data.duplicates import documents, signatures
from shipworthy.models.normalize import words
from tests.data.duplicates import plain

LONG = [f"w{i}" for i in range(20)]
RUN = " ".join(LONG[:13])


class Result:
    """The findings, read while their folder is there."""

    def __init__(self, findings: Findings) -> None:
        self.pairs, self.summary = findings.pairs.collect(), findings.summary
        self.details = pl.concat([pl.read_parquet(part.path) for part in findings.details])


def check(*args, **settings) -> Result:
    with TemporaryDirectory() as folder:
        return Result(module.check(*args, folder=Path(folder) / "work", **settings))


def frame(texts: dict[str, str | None]) -> pl.LazyFrame:
    return pl.LazyFrame({"id": list(texts), "text": list(texts.values())}, schema={"id": pl.String, "text": pl.String})


def found(train: dict[str, str | None], test: dict[str, str | None], **settings) -> list[tuple]:
    result = check(frame(train), {"test": frame(test)}, "text", Contamination(**settings))
    return result.pairs.drop("share").rows()


def test_planted_finds_are_named() -> None:
    train = {
        "a": f"before {RUN.upper()}! after",
        "b": " ".join(LONG[:12]) + " and so on",
        "c": "It deletes the bucket that you own, they say.",
        "d": "Yes!",
        "e": "yes or no",
        "f": None,
        "g": "???",
        "h": f"{RUN} {' '.join(f'other{i}' for i in range(14))}",
        "i": "?!",
    }
    test = {
        "s": "Deletes the bucket that you own.",
        "t": f"other {RUN} words",
        "p": f"{RUN} {' '.join(f'more{i}' for i in range(14))}",
        "q": "?!",
        "u": "yes",
        "v": "!!!",
        "w": None,
        "x": "Deletes the bucket that you own",
    }
    assert found(train, test, near=None) == [
        ("a", "test", "t", "n-gram", RUN),
        ("c", "test", "s", "n-gram", "deletes the bucket that you own"),
        ("d", "test", "u", "exact", "yes"),
        ("h", "test", "t", "n-gram", RUN),
        ("i", "test", "q", "exact", "?!"),
    ]


def test_near_matches_are_reported_with_their_similarity() -> None:
    base = [f"w{i}" for i in range(12)]
    train = {"a": " ".join(base), "b": " ".join(base[:6])}
    test = {"x": " ".join([*base, "more"]), "y": " ".join([*base, "more", "still"])}
    near = Near(threshold=0.7, permutations=128, bands=64, shingle_words=1)
    assert found(train, test, near=near) == [("a", "test", "x", "near", "Jaccard similarity 0.92")]


TEXT = st.lists(st.sampled_from("abc"), max_size=7).map(" ".join)


def runs(text: list[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(text[i : i + size]) for i in range(len(text) - size + 1)]


def covered(text: list[str], shared: set[tuple[str, ...]], size: int) -> float:
    """The share of a text's words that are in shared runs."""
    inside = {i + k for i, run in enumerate(runs(text, size)) if run in shared for k in range(size)}
    return len(inside) / len(text)


def by_hand(text: str, others: list[str], ngram: int, shortest: int, share: float) -> tuple[str, int, float] | None:
    """Match, evaluation row and share of one training text."""
    own = words(text)
    if own and own in [words(other) for other in others]:
        return "exact", next(i for i, other in enumerate(others) if words(other) == own), 1.0
    best = None
    for i, other in enumerate(words(other) for other in others):
        size = min(len(other), ngram)
        if size < shortest or not (shared := set(runs(own, size)) & set(runs(other, size))):
            continue
        found = max(covered(own, shared, size), covered(other, shared, size))
        if found >= share and (best is None or found > best[2]):
            best = ("n-gram", i, found)
    return best


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TEXT, max_size=8),
    st.lists(TEXT, max_size=6),
    st.integers(2, 5),
    st.sampled_from([0.0, 0.4, 0.5, 0.8, 1.0]),
    st.randoms(),
)
def test_it_finds_what_the_plain_way_finds_in_any_order(
    train: list[str], test: list[str], ngram: int, share: float, draw: random.Random
) -> None:
    config = Contamination(ngram=ngram, shortest=2, min_share=share, near=None)
    rows = [(f"t{i}", text) for i, text in enumerate(train)]
    other = frame({str(i): text for i, text in enumerate(test)})
    expected = {}
    for name, text in rows:
        if hit := by_hand(text, test, ngram, 2, share):
            expected[name] = (hit[0], str(hit[1]), hit[2])
    for workers in (1, 2):
        draw.shuffle(rows)
        result = check(frame(dict(rows)), {"test": other}, "text", config, workers=workers)
        assert {row[0]: (row[3], row[2], row[5]) for row in result.pairs.rows()} == expected
        assert result.summary["training rows that share something"] == len(expected)


@pytest.mark.parametrize("long", [0.02, 4])
def test_batches_and_workers_make_no_difference(monkeypatch: pytest.MonkeyPatch, long: float) -> None:
    monkeypatch.setattr(signatures, "LONG", long)  # texts of 2 and more words are long ones; none is
    draw = random.Random(1)
    vocabulary = [f"v{i}" for i in range(30)]
    texts = [" ".join(draw.choice(vocabulary) for _ in range(draw.randint(1, 9))) for _ in range(300)]
    others = [" ".join([*text.split()[:-1], "v0"]) if i % 3 else text for i, text in enumerate(texts[:60])]
    train = frame({f"{i:03}": text for i, text in enumerate(texts)})
    sets = {"test": frame({str(i): text for i, text in enumerate(others)}), "empty": frame({})}
    config = Contamination(ngram=4, shortest=3, near=Near(threshold=0.5, shingle_words=1))
    whole = check(train, sets, "text", config, workers=1)
    monkeypatch.setattr(batches, "BATCH_ROWS", 17)
    monkeypatch.setattr(documents, "BATCH_BYTES", 200)
    again = check(train, sets, "text", config, workers=3)
    assert again.pairs.equals(whole.pairs)
    assert again.summary == whole.summary
    assert set(whole.pairs["match"]) == {"exact", "n-gram", "near"}
    nothing = {"rows": 0, "rows found in train": 0, "training rows": 0, "by match": {}}
    assert whole.summary["sets"]["empty"] == nothing | {"by share of shared words": [0] * 10}
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
        "sets": {
            "test": {
                "rows": 3,
                "rows found in train": 2,
                "training rows": 2,
                "by match": {"exact": 2},
                "by share of shared words": [0] * 9 + [2],
            }
        },
    }
    page = Template(Path(module.__file__).with_name("contamination.html.j2").read_text()).render(contamination=summary)
    assert re.findall(r">(\d+)<", page) == ["3", "2", "2", "2", "0", "0", *"000000000", "2"]


@pytest.mark.parametrize("action", ["fail", "drop", "warn"])
def test_the_action_follows_and_the_report_stays(
    tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Contamination(action=action)
    others = {"test": frame({"x": RUN, "y": f"{RUN} z"})}
    findings = module.check(frame({"a": "one two", "b": RUN}), others, "text", config, folder=tmp_path / "work")
    report = tmp_path / "contamination.parquet"

    def keep() -> Path:
        findings.write(report)
        return report

    if action == "fail":
        said = f"1 training rows hold texts of an evaluation set, the first is 'b': exact match with x of test: {RUN}"
        with pytest.raises(ShipworthyError, match=f"{said}; all pairs are in {report}"):
            findings.apply(config, keep)
        assert pl.read_parquet(report).equals(findings.pairs.collect())
    else:
        rejected = [row for part in findings.apply(config, keep) for row in pl.read_parquet(part.path).rows()]
        assert rejected == ([("b", f"exact match with x of test: {RUN}")] if action == "drop" else [])
        said = capsys.readouterr().out
        assert ("all pairs are in the dataset's contamination.parquet" in said) == (action == "warn")
        assert not report.exists()


def test_a_phrase_that_many_texts_share_is_no_copy() -> None:
    """Licences and forms: all hold the same sentence, and each is a text of its own."""
    phrase = " ".join(f"phrase{i}" for i in range(15))

    def document(name: str) -> str:
        return " ".join([*(f"{name}{i}" for i in range(40)), phrase, *(f"{name}{i}" for i in range(40, 80))])

    train = {f"t{i:02}": document(f"t{i:02}x") for i in range(60)}
    train["piece"] = " ".join(document("e07x").split()[10:40])
    train["whole"] = f"before {document('e09x')} after " + " ".join(f"own{i}" for i in range(200))
    test = {f"e{i:02}": document(f"e{i:02}x") for i in range(50)}
    result = check(frame(train), {"test": frame(test)}, "text", Contamination())
    told = result.pairs.select("id", "other", "match", "share").rows()
    assert told == [("piece", "e07", "n-gram", 1.0), ("whole", "e09", "n-gram", 1.0)]
    bars = result.summary["sets"]["test"]["by share of shared words"]
    assert (sum(bars), bars[1], bars[-1]) == (62, 60, 2)
    assert result.details["detail"][0].startswith(
        "n-gram match with e07 of test: 100% of its words or the other's, such as"
    )
    every = check(frame(train), {"test": frame(test)}, "text", Contamination(min_share=0.0))
    assert every.summary["training rows that share something"] == 62


def test_a_clean_train_passes_whatever_the_action(tmp_path: Path) -> None:
    config = Contamination(action="fail")
    findings = module.check(
        frame({"a": "one two"}), {"test": frame({"x": RUN})}, "text", config, folder=tmp_path / "work"
    )
    assert not findings.apply(config, lambda: tmp_path)


def test_what_can_not_work_is_refused() -> None:
    with pytest.raises(UsageError, match="action=stop: choose one of fail, drop, warn"):
        Contamination(action="stop")
    with pytest.raises(UsageError, match="shortest=14 and ngram=13"):
        Contamination(shortest=14)
    with pytest.raises(UsageError, match=r"data.contamination.near.bands=3 must divide"):
        Near(bands=3)
