"""Rows of text: what is rejected, with one planted fault of each sort."""

import random
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data import build
from shipworthy.data.duplicates.schema import Duplicates, Exact, MinHash
from shipworthy.data.kinds import text as module
from shipworthy.data.kinds.schema import Records
from shipworthy.data.row_store import RowStore
from shipworthy.models.normalize import words as words_of

CONFIG = Records(
    name="n",
    licence="l",
    file="f",
    id="place",
    text="description",
    context=["service"],
    answer="operation",
    min_words=3,
    max_words=30,
    refuse_literal=True,
    duplicates=Duplicates(minhash=MinHash(threshold=0.7, shingle_words=1)),
)
SOUND = [
    ("a1", "S3", "Deletes a bucket that is empty.", "DeleteBucket"),
    ("a2", "EC2", "Starts an instance that was stopped.", "StartInstances"),
]


SCHEMA = dict.fromkeys(["id", "service", "description", "answer"], pl.String)


@dataclass
class Cleaned:
    """The rows that are left, and the others."""

    rows: pl.DataFrame
    rejected: pl.DataFrame


def clean_rows(*rows: tuple[str, str | None, str | None, str | None], batch_rows: int = 1000) -> Cleaned:
    with TemporaryDirectory() as folder:
        store = RowStore(pl.DataFrame(rows, schema=SCHEMA, orient="row"), Path(folder), batch_rows=batch_rows)
        build.clean_rows(CONFIG, store)
        return Cleaned(store.rows.collect(), pl.concat(store.rejected()))


def why(cleaned: Cleaned) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["reason"], row["detail"]) for row in cleaned.rejected.iter_rows(named=True)}


def test_sound_rows_pass_and_are_cleaned() -> None:
    store = clean_rows(("a0", "S3", "  Lists\u00a0the\n keys in   a bucket. ", " ListObjects "), *SOUND)
    assert why(store) == {}
    assert store.rows.columns == ["id", "service", "description", "answer", "cluster"]
    assert store.rows.row(0) == ("a0", "S3", "Lists the keys in a bucket.", "ListObjects", "a0")


def test_planted_faults_are_rejected_with_their_reason() -> None:
    store = clean_rows(
        *SOUND,
        ("b1", "S3", "", "GetNothing"),
        ("b2", "S3", None, "GetNothing"),
        ("b3", "", "Gets the owner of something.", "GetOwner"),
        ("b4", "S3", "Gets the size of something.", None),
        ("c1", "S3", "Update wave.", "UpdateWave"),
        ("c2", "S3", "word " * 31, "GetWords"),
        ("d1", "S3", "The putbucketacl operation sets an access list.", "PutBucketAcl"),
        ("e1", "IAM", "Gets the finding with this id.", "GetFinding"),
        ("e2", "IAM", "Gets the finding, with this id!", "GetFindingV2"),
        ("f1", "Neptune", "Deletes a BUCKET that is empty", "DeleteBucket"),
        ("g1", "Neptune", "Deletes a bucket that is now empty.", "DeleteBucket"),
    )
    assert store.rows["id"].to_list() == ["a1", "a2"]
    assert why(store) == {
        "b1": ("empty", "description is empty"),
        "b2": ("empty", "description is empty"),
        "b3": ("empty", "service is empty"),
        "b4": ("empty", "answer is empty"),
        "c1": ("length", "2 words, not 3 to 30"),
        "c2": ("length", "31 words, not 3 to 30"),
        "d1": ("literal", "description holds the answer 'PutBucketAcl'"),
        "e1": ("contradiction", "same question, answers GetFinding, GetFindingV2"),
        "e2": ("contradiction", "same question, answers GetFinding, GetFindingV2"),
        "f1": ("exact duplicate", "of a1"),
        "g1": ("near-duplicate", "of a1, with the same answer"),
    }


def test_texts_that_count_as_equal_letter_by_letter_only(tmp_path: Path) -> None:
    config = replace(CONFIG, duplicates=Duplicates(exact=Exact(by="text"), minhash=None))
    texts = {"a0": "Reads a Bucket now.", "a1": "Reads a bucket now", "a2": "Reads a Bucket now."}
    rows = [{"id": key, "service": "S3", "description": text, "answer": "ReadBucket"} for key, text in texts.items()]
    rows.append({"id": "a3", "service": "S3", "description": "reads a BUCKET now", "answer": "GetBucket"})
    store = RowStore(pl.DataFrame(rows), tmp_path)
    build.clean_rows(config, store)
    assert store.rows.collect().select("id", "cluster").rows() == [("a0", "a0"), ("a1", "a1"), ("a3", "a3")]
    assert pl.concat(store.rejected()).select("id", "detail").rows() == [("a2", "of a0")]


def test_the_same_words_in_two_services_with_two_names_stay_in_one_cluster() -> None:
    store = clean_rows(
        ("a1", "S3", "Adds the given tags.", "TagResource"), ("a2", "SQS", "Adds the given tags.", "TagQueue")
    )
    assert why(store) == {}
    assert store.rows["cluster"].to_list() == ["a1", "a1"]


WORDS = st.lists(st.sampled_from(["gets", "lists", "the", "key", "table", "of"]), min_size=0, max_size=6)
ROW = st.tuples(st.sampled_from(["S3", "EC2"]), WORDS, st.sampled_from(["GetKey", "ListTable", "PutItem"]))


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, max_size=25), st.integers(0, 9), st.integers(1, 30))
def test_no_row_is_lost_and_neither_order_nor_batches_matter(
    drawn: list[tuple[str, list[str], str]], seed: int, batch: int
) -> None:
    rows = [(f"r{i:02}", service, " ".join(text), answer) for i, (service, text, answer) in enumerate(drawn)]
    if not rows:
        return
    store = clean_rows(*rows)
    assert sorted([*store.rows["id"], *store.rejected["id"]]) == [row[0] for row in rows]
    random.Random(seed).shuffle(rows)
    again = clean_rows(*rows, batch_rows=batch)
    assert again.rows.equals(store.rows)
    assert again.rejected.equals(store.rejected)
    assert store.rows.select("cluster", "answer").is_duplicated().sum() == 0


def test_answers_are_the_words_that_are_to_be_learned(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "id": ["a", "b", "c"],
            "service": ["s"] * 3,
            "description": ["taxes rise again", "area man wins prize", "nobody knows this"],
            "answer": ["0", "1", "2"],
        }
    )
    store = RowStore(rows, tmp_path)
    build.clean_rows(replace(CONFIG, answers={"0": "serious", "1": "sarcastic"}), store)
    assert store.rows.select("id", "answer").collect().rows() == [("a", "serious"), ("b", "sarcastic")]
    gone = pl.concat(store.rejected())
    assert gone.select("id", "reason", "detail").rows() == [("c", "unnamed answer", "data.answers does not name '2'")]


def test_emoji_are_words_and_signs_are_texts_of_their_own(tmp_path: Path) -> None:
    texts = ["👍", "👍👍", "👎", "???", "!!!", "???", "Good 👍", "Good 👎"]
    rows = pl.DataFrame({"id": list("abcdefgh"), "service": "s", "description": texts, "answer": "X"})
    kept = {}
    for words in (0, 1):
        store = RowStore(rows, tmp_path / str(words))
        build.clean_rows(replace(CONFIG, min_words=words), store)
        kept[words] = store.rows.collect()["id"].to_list()
        gone = pl.concat(store.rejected()).select("id", "reason", "detail").rows()
        twice = ("f", "exact duplicate", "of d")
        signs = [(one, "length", "0 words, not 1 to 30") for one in "def"]
        assert gone == ([twice] if words == 0 else signs)
    assert kept == {0: list("abcdegh"), 1: list("abcgh")}


@settings(deadline=None)
@given(st.lists(st.none() | st.text() | st.text(st.characters(max_codepoint=127)), max_size=5))
def test_words_by_columns_are_those_of_each_text(texts: list[str | None]) -> None:
    rows = pl.DataFrame({"text": texts, "answer": ["a"] * len(texts)}, schema={"text": pl.String, "answer": pl.String})
    found = module._with_words("text", rows)[module.WORDS].to_list()
    assert found == [" ".join(words_of(value or "")) or f" {value or ''}" for value in texts]
