"""`scripts/check_split` proves a dataset by its files alone, and names each breach of one that was tampered with."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from shutil import copytree
from types import ModuleType

import polars as pl
import pytest

from shipworthy.core.project import project_root
from shipworthy.data.mixing.schema import Mixing
from shipworthy.data.splits.schema import Split
from tests.stages.people import people, run

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "check_split"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("check_split", str(SCRIPT))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    module = module_from_spec(spec_from_loader("check_split", loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Datasets divided at random, with folds; so, and then mixed; and by time."""
    found = {}
    mixing = Mixing(by="pay", weights={"yes": 1, "no": 2}, repeat=3)
    by_time = Split(test=0.2, validation=0.1, time="day")
    with pytest.MonkeyPatch.context() as patch:
        for name, settings in (("random", {}), ("mixed", {"mixing": mixing}), ("time", {"split": by_time})):
            root = tmp_path_factory.mktemp(name)
            (root / "conf").mkdir()
            (root / "conf" / "config.yaml").touch()
            (root / "data").mkdir()
            patch.chdir(root)
            project_root.cache_clear()
            found[name] = run(root, people(root, **settings)).path
    project_root.cache_clear()
    return found


def rewrite(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    change(pl.read_parquet(path)).write_parquet(path)


def first(dataset: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(dataset / f"{name}.parquet")[:1]


def copied(dataset: Path) -> None:
    """A row of train, in test too, under an id of its own."""
    row = first(dataset, "train").drop("answer", "fold").with_columns(id=pl.lit("row-99999999"))
    rewrite(dataset / "test.parquet", lambda rows: pl.concat([rows, row]))


def moved(dataset: Path) -> None:
    row = first(dataset, "train").drop("answer", "fold")
    rewrite(dataset / "train.parquet", lambda rows: rows[1:])
    rewrite(dataset / "test.parquet", lambda rows: pl.concat([rows, row]))


def clustered(dataset: Path) -> None:
    rewrite(dataset / "train.parquet", lambda rows: rows.with_columns(cluster=pl.lit("row-00000000")))


def reworded(dataset: Path) -> None:
    """A row of train gets the features of one of test."""
    leak = first(dataset, "test")
    rewrite(
        dataset / "train.parquet", lambda rows: pl.concat([rows[:1].with_columns(leak["age"], leak["job"]), rows[1:]])
    )


def lost(dataset: Path) -> None:
    rewrite(dataset / "validation.parquet", lambda rows: rows[1:])


def twice(dataset: Path) -> None:
    rewrite(dataset / "train.parquet", lambda rows: pl.concat([rows, rows[:1]]))


def forged(dataset: Path) -> None:
    """The record itself says that a row of train is one of test."""
    change = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("test")).otherwise("split").alias("split")
    rewrite(dataset / "split_check.parquet", lambda rows: rows.sort("split", descending=True).with_columns(change))


def refolded(dataset: Path) -> None:
    rewrite(dataset / "train.parquet", lambda rows: rows.with_columns(fold=pl.int_range(pl.len()) % 3))


def unanswered(dataset: Path) -> None:
    rewrite(dataset / "test_answers.parquet", lambda rows: rows[1:])


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (copied, "test holds id row-99999999 (1 in all), which was not put into test."),
        (moved, "which was not put into test."),
        (clustered, "with another cluster than when it was split."),
        (reworded, "with other features than when it was split."),
        (lost, "which was put into it and was not rejected."),
        (twice, "more than once."),
        (forged, "split_check.parquet is not the one that split_check.json names"),
        (refolded, "is in two folds."),
        (unanswered, "test_answers.parquet holds answers to other rows"),
    ],
)
def test_tampering_is_named(
    script: ModuleType, prepared: dict[str, Path], tmp_path: Path, tamper: Callable[[Path], None], sentence: str
) -> None:
    dataset = tmp_path / "dataset"
    copytree(prepared["random"], dataset)
    assert list(script.breaches(dataset)) == []
    tamper(dataset)
    assert any(sentence in found for found in script.breaches(dataset)), list(script.breaches(dataset))


def test_rows_that_are_taught_again_are_known_by_the_id_they_were_split_under(
    script: ModuleType, prepared: dict[str, Path], tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    copytree(prepared["mixed"], dataset)
    train = pl.read_parquet(dataset / "train.parquet")
    answers = dict(train["answer"].value_counts().iter_rows())
    assert answers["no"] == pytest.approx(2 * answers["yes"], abs=2)
    again = train.filter(pl.col("id").str.contains("#"))
    assert set(again["id"].str.slice(-2)) == {"#2", "#3"}
    assert list(script.breaches(dataset)) == []

    # A repeated row with other features, in another fold, or of a row that was never in train, is still found.
    hit = pl.col("id") == again["id"][0]
    for change, sentence in (
        (pl.when(hit).then(99).otherwise("age").alias("age"), "with other features than when it was split."),
        (pl.when(hit).then(pl.col("fold") + 1).otherwise("fold").alias("fold"), "is in two folds."),
        (pl.when(hit).then(pl.lit("row-99999999#2")).otherwise("id").alias("id"), "which was not put into train."),
    ):
        rewrite(dataset / "train.parquet", lambda rows, change=change: train.with_columns(change))
        assert any(sentence in found for found in script.breaches(dataset)), list(script.breaches(dataset))


def found_in(dataset: Path, change: Callable[[pl.DataFrame], pl.DataFrame], script: ModuleType) -> list[str]:
    """What is found in a record that was written, with its hash, from other rows."""
    import hashlib

    rewrite(dataset / "split_check.parquet", change)
    lines = pl.read_parquet(dataset / "split_check.parquet").with_columns(pl.col("row").bin.encode("hex"))
    written = lines.write_csv(include_header=False, separator="\t", quote_style="never")
    facts = json.loads((dataset / "split_check.json").read_text(encoding="utf-8"))
    facts["sha256"] = hashlib.sha256(written.encode()).hexdigest()
    (dataset / "split_check.json").write_text(json.dumps(facts), encoding="utf-8")
    return list(script.breaches(dataset))


@pytest.mark.parametrize("name", ["cluster", "group", "row"])
def test_a_leak_that_was_made_with_its_proof_is_found(
    script: ModuleType, prepared: dict[str, Path], tmp_path: Path, name: str
) -> None:
    dataset = tmp_path / "dataset"
    copytree(prepared["random"], dataset)

    def leak(rows: pl.DataFrame) -> pl.DataFrame:
        value = rows.filter(split="test")[name][0]
        hit = (pl.col("split") == "train") & (pl.int_range(pl.len()).over("split") == 0)
        return rows.with_columns(pl.when(hit).then(pl.lit(value)).otherwise(name).alias(name))

    found = found_in(dataset, leak, script)
    assert any(one.startswith(f"{name} ") and "is in two splits" in one for one in found), found


def test_the_order_in_time_is_checked(script: ModuleType, prepared: dict[str, Path], tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    copytree(prepared["time"], dataset)
    assert list(script.breaches(dataset)) == []
    late = pl.when(pl.col("split") == "train").then(pl.col("time") + 10**15).otherwise("time").alias("time")
    found = found_in(dataset, lambda rows: rows.with_columns(late), script)
    assert "train has rows that are not before those of validation." in found


def test_it_is_a_program_of_its_own(prepared: dict[str, Path], tmp_path: Path) -> None:
    assert "shipworthy" not in SCRIPT.read_text(encoding="utf-8")

    def call(dataset: Path) -> tuple[int, str]:
        command = [sys.executable, "-I", str(SCRIPT), str(dataset)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    code, said = call(prepared["random"])
    assert code == 0
    assert "no value in two splits" in said
    copytree(prepared["random"], tmp_path / "dataset")
    twice(tmp_path / "dataset")
    code, said = call(tmp_path / "dataset")
    assert code == 1
    assert len(said.strip().splitlines()) == 1
    assert call(tmp_path)[0] == 2
