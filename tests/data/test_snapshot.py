"""The raw snapshot: data/ holds what is pinned, and a change is refused."""

import hashlib
from pathlib import Path

import pytest
import yaml

from shipworthy.core import choices
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.sources.schema import Folder, Wheel
from shipworthy.data import snapshot
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.snapshot import fill, pins, raw

CONTENT = b"the raw file"
SHA = hashlib.sha256(CONTENT).hexdigest()
PIN = {"kind": "wheel", "package": "p", "version": "1", "filename": "p-1-py3-none-any.whl", "sha256": SHA}
OWN = Records(name="n", licence="l", file="own.csv", text="q", answer="a")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one pinned file, whose wheel is in the downloads already, and one file of the user's own."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / PIN["filename"]).write_bytes(CONTENT)
    choice(tmp_path, "pinned", file=PIN["filename"], source=PIN)
    choice(tmp_path, "own", file="own.csv")
    choice(tmp_path, "derived", defaults=["pinned", "_self_"], sample=0.5)
    return tmp_path


def choice(project: Path, name: str, **settings: object) -> None:
    (project / "conf" / f"{name}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def fetch(project: Path) -> None:
    fill(sorted((project / "conf").glob("*.yaml")), project / "data", project / "downloads")


def test_the_folder_becomes_the_snapshot_and_stays_it(project: Path) -> None:
    fetch(project)
    fetch(project)
    assert [path.name for path in (project / "data").iterdir()] == [PIN["filename"]]
    assert (project / "data" / PIN["filename"]).read_bytes() == CONTENT


def test_ones_own_file_is_left_alone_and_must_be_there(project: Path) -> None:
    with pytest.raises(ShipworthyError, match=r"own\.csv is missing: put your file there"):
        raw(OWN, project / "data")
    (project / "data").mkdir()
    (project / "data" / "own.csv").write_text("q,a", encoding="utf-8")
    fetch(project)
    assert raw(OWN, project / "data") == ([project / "data" / "own.csv"], hashlib.sha256(b"q,a").hexdigest())


def test_a_change_is_refused_with_both_hashes_and_not_overwritten(project: Path) -> None:
    fetch(project)
    file = project / "data" / PIN["filename"]
    file.write_bytes(b"changed")
    with pytest.raises(ShipworthyError) as caught:
        fetch(project)
    assert SHA in str(caught.value)
    assert hashlib.sha256(b"changed").hexdigest() in str(caught.value)
    assert file.read_bytes() == b"changed"
    pinned = Table(name="n", licence="l", file=PIN["filename"], label="y", source=Wheel(**PIN))
    with pytest.raises(ShipworthyError, match="changed"):
        raw(pinned, project / "data")


def test_a_file_that_nobody_names_is_in_nobodys_way(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "mine.csv").write_text("a,b", encoding="utf-8")
    fetch(project)
    assert sorted(path.name for path in (project / "data").iterdir()) == sorted(["mine.csv", PIN["filename"]])


def test_a_source_in_conf_that_is_none_is_one_sentence(project: Path) -> None:
    choice(project, "wrong", file="x.csv", source={"kind": "wheel", "packag": "p"})
    with pytest.raises(UsageError, match=r"wrong\.yaml: Key 'packag' not in 'Wheel'"):
        pins(sorted((project / "conf").glob("*.yaml")))
    choice(project, "wrong", file="x.csv", source={"kind": "ftp"})
    with pytest.raises(UsageError, match=r"wrong\.yaml: source\.kind=ftp is not there: choose one of hub, folder"):
        pins(sorted((project / "conf").glob("*.yaml")))


def bring(project: Path, **settings: str) -> tuple[list[Path], str]:
    source = Folder(path=str(project / "elsewhere"))
    mine = Records(name="n", licence="l", file="own", text="q", answer="a", source=source, **settings)
    snapshot.fetch(mine, project / "data", project / "downloads")
    return raw(mine, project / "data")


def test_a_folder_of_ones_own_is_copied_whole(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "data").mkdir()
    with pytest.raises(ShipworthyError, match=r"source\.path=.*elsewhere: there is no .*: correct the path"):
        bring(project)
    (project / "elsewhere").mkdir()
    for name in ("a.csv", "b.csv"):
        (project / "elsewhere" / name).write_text(f"q,a\n{name},1\n", encoding="utf-8")
    with pytest.raises(ShipworthyError, match=r"elsewhere changed: it has sha256 .* nothing was kept"):
        bring(project, sha256="0" * 64)
    assert not list((project / "data").iterdir())
    paths, sha256 = bring(project)
    assert [path.name for path in paths] == ["a.csv", "b.csv"]
    assert f"sha256 {sha256}" in capsys.readouterr().out
    (project / "elsewhere" / "a.csv").unlink()
    assert bring(project, sha256=sha256) == (paths, sha256)  # it is there
    assert sorted(path.name for path in project.iterdir()) == ["conf", "data", "downloads", "elsewhere"]


def test_a_pinned_file_that_is_missing_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="is missing: run `shipworthy fetch`"):
        raw(Table(name="n", licence="l", file="x.csv", label="y", source=Wheel(**PIN)), tmp_path)


def test_two_pins_of_one_file_must_agree(project: Path) -> None:
    choice(project, "other", file=PIN["filename"], source=PIN | {"sha256": "0" * 64})
    with pytest.raises(ShipworthyError, match=r"pins .* differently"):
        pins(sorted((project / "conf").glob("*.yaml")))


def test_the_committed_pins_are_the_four_sources() -> None:
    found = pins(list(choices.of("data").values()))
    assert {name: source.content_sha256[:16] for name, source in found.items() if source} == {
        "botocore-1.44.5-py3-none-any.whl": "8f16a56d1dff125d",
        "adult.parquet": "fb07816c87bb0c92",
        "california_housing.parquet": "5755ed8e5e21b13e",
        "sarcasm.jsonl": "4cb34ff4d2718da6",
    }
    outs = yaml.safe_load(Path("data.dvc").read_text(encoding="utf-8"))["outs"]
    assert {out["path"]: out["size"] for out in outs} == {
        "data/adult.parquet": 401_077,
        "data/botocore-1.44.5-py3-none-any.whl": 16_555_415,
        "data/california_housing.parquet": 668_615,
        "data/sarcasm.jsonl": 6_906_270,
    }
