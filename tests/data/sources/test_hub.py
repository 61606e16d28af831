"""A local folder in the hub's layout, through `datasets`, as a hub would be read."""

from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file
from shipworthy.core.sources.schema import Folder, Url
from shipworthy.data import snapshot
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.sources.hub import fetch
from shipworthy.data.sources.schema import Hub

ROWS = pl.DataFrame({"text": [f"text {i}" for i in range(7)], "label": [i % 2 for i in range(7)]})
CARD = """---
configs:
- config_name: plain
  data_files: [{split: train, path: plain/train-*}, {split: test, path: plain/test-*}]
- config_name: small
  data_files: [{split: train, path: plain/test-*}]
---
"""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    (folder / "plain").mkdir(parents=True)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    ROWS[:3].write_parquet(folder / "plain" / "train-00000-of-00002.parquet")
    ROWS[3:5].write_parquet(folder / "plain" / "train-00001-of-00002.parquet")
    ROWS[5:].write_parquet(folder / "plain" / "test-00000-of-00001.parquet")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return folder


def config(hub: Path, **settings: object) -> Hub:
    return Hub(**{"repository": str(hub), "config": "plain", **settings})  # type: ignore[arg-type]


def table(source: Hub, **settings: str) -> Table:
    return Table(name="n", licence="l", file="rows.parquet", source=source, label="label", **settings)


@pytest.mark.parametrize("streaming", [True, False])
def test_a_split_is_kept_as_it_stands(hub: Path, tmp_path: Path, streaming: bool) -> None:
    found = fetch(config(hub, streaming=streaming), tmp_path)
    assert pl.read_parquet(found).equals(ROWS[:5])
    first = sha256_of_file(found)
    assert sha256_of_file(fetch(config(hub, streaming=streaming), tmp_path)) == first
    assert pl.read_parquet(fetch(config(hub, config="small"), tmp_path)).equals(ROWS[5:])


def test_rows_that_are_not_those_that_were_pinned_are_refused(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mine = table(config(hub, split="test"), sha256="0" * 64)
    with pytest.raises(ShipworthyError, match=r"split test changed: it has sha256 .* nothing was kept"):
        snapshot.fetch(mine, tmp_path / "data", tmp_path / "downloads")
    assert not list((tmp_path / "data").iterdir())
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "downloads", "hub", "cache"}
    assert not [path for path in (tmp_path / "downloads").iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize("settings", [{"split": "dev"}, {"config": "large"}, {"repository": "no/such-repository"}])
def test_what_is_not_there_is_one_sentence(hub: Path, tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(ShipworthyError, match=r"cannot be fetched \(.*\): check data\.source"):
        fetch(config(hub, **settings), tmp_path)


def test_fetch_brings_it_once_and_says_its_hash(hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    mine = table(config(hub))
    with pytest.raises(ShipworthyError, match=r"rows\.parquet is missing: run `shipworthy fetch`"):
        snapshot.raw(mine, data)
    snapshot.fetch(mine, data, tmp_path / "downloads")
    assert f"sha256 {sha256_of_file(data / 'rows.parquet')}" in capsys.readouterr().out
    (hub / "plain" / "train-00000-of-00002.parquet").unlink()
    snapshot.fetch(mine, data, tmp_path / "downloads")  # it is there


def test_sources_that_contradict_one_another_are_refused(hub: Path) -> None:
    common = {"name": "n", "licence": "l", "text": "t", "answer": "a"}
    with pytest.raises(UsageError, match="kept as NAME.parquet"):
        Records(**common, file="rows.jsonl", source=config(hub))
    with pytest.raises(UsageError, match="data.source.split is empty"):
        config(hub, split="")
    with pytest.raises(UsageError, match="data.sha256 has no effect with a url"):
        Records(**common, file="r.csv", source=Url(url="https://a/b.csv", sha256="0" * 64), sha256="1" * 64)
    with pytest.raises(UsageError, match="what a source brings is one file or folder"):
        Records(**common, file="*.csv", source=Folder(path="somewhere"))
