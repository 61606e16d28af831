"""What goes wrong at a user's: one clear sentence, exit code 1 or 2, and nothing half-written that could be read."""

import functools
import http.server
import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from shipworthy.core.artifact import MANIFEST
from tests.conftest import ROOT, Shipworthy, one_sentence
from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.timeout(600)
e2e = pytest.mark.e2e

PIN = yaml.safe_load(
    (ROOT / "extensions/operation_naming/conf/data/botocore_operations.yaml").read_text(encoding="utf-8")
)["source"]
NO_PIP_CONFIG = {
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_NO_CACHE_DIR": "1",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the test's own: the configs, and an empty data/."""
    folder = tmp_path / "project"
    for name in ("conf", "extensions"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A package index on this machine whose botocore is another one than was pinned."""
    package = tmp_path / "index" / "simple" / PIN["package"]
    package.mkdir(parents=True)
    with zipfile.ZipFile(package / PIN["filename"], "w") as wheel:
        info = f"{PIN['package']}-{PIN['version']}.dist-info"
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {PIN['package']}\nVersion: {PIN['version']}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (package / "index.html").write_text(f'<a href="{PIN["filename"]}">{PIN["filename"]}</a>')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def left(*folders: Path) -> list[str]:
    """The files, but for locks, that are in these folders."""
    return [p.name for folder in folders for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock")]


def test_a_download_that_is_not_what_was_pinned(shipworthy: Shipworthy, project: Path, index: str) -> None:
    cache = project.parent / "cache"
    (project / "conf/data/adult.yaml").unlink()  # the index has one package
    done = shipworthy("fetch", cwd=project, SHIPWORTHY_CACHE=str(cache), **NO_PIP_CONFIG, PIP_INDEX_URL=index)
    sentence = one_sentence(done)
    assert done.returncode == 1
    assert PIN["filename"] in sentence
    assert PIN["sha256"] in sentence
    assert [name for name in left(project / "data", cache) if "botocore" in name] == []


def test_no_network(shipworthy: Shipworthy, project: Path) -> None:
    cache, closed = project.parent / "cache", "http://127.0.0.1:9/simple"
    done = shipworthy("fetch", cwd=project, SHIPWORTHY_CACHE=str(cache), **NO_PIP_CONFIG, PIP_INDEX_URL=closed)
    sentence = one_sentence(done)
    assert done.returncode == 1
    assert "no network" in sentence
    assert "again" in sentence
    assert left(project / "data", cache) == []


def test_raw_data_that_was_changed_is_refused_with_both_hashes(shipworthy: Shipworthy, project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / PIN["filename"]).write_bytes(b"changed")
    done = shipworthy("fetch", cwd=project, SHIPWORTHY_CACHE=str(project.parent / "cache"))
    assert done.returncode == 1
    assert PIN["sha256"] in one_sentence(done)
    assert (project / "data" / PIN["filename"]).read_bytes() == b"changed"


def test_a_dataset_without_the_column_that_the_config_names(shipworthy: Shipworthy, project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "mine.csv").write_text("age,wage\n1,low\n2,high\n")
    (project / "conf/data/mine.yaml").write_text(
        "defaults: [base_table, _self_]\nname: mine\nlicence: CC0-1.0\nfile: mine.csv\nlabel: income\n"
    )
    done = shipworthy("prepare", "experiment=adult_xgboost", "data=mine", cwd=project)
    sentence = one_sentence(done)
    assert done.returncode == 2
    assert "income" in sentence
    assert "mine.csv" in sentence
    assert not (project / "artifacts" / "dataset").exists()


@e2e
@pytest.mark.parametrize("damage", ["truncated", "changed", "without its manifest", "of another kind"])
def test_a_damaged_checkpoint_is_refused(shipworthy: Shipworthy, smoke: Pipeline, tmp_path: Path, damage: str) -> None:
    smoke.to("train")
    workspace = smoke.copy(tmp_path, "plan", "dataset", "baseline", "checkpoint")
    checkpoint = workspace / "checkpoint"
    file = checkpoint / "adapter" / "adapter_model.safetensors"
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[:-1])
    elif damage == "changed":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "without its manifest":
        (checkpoint / MANIFEST).unlink()
    else:
        shutil.rmtree(checkpoint)
        shutil.copytree(workspace / "baseline", checkpoint)
    done = shipworthy("evaluate", "experiment=smoke", f"workspace={workspace}")
    assert done.returncode == 1
    assert "checkpoint" in one_sentence(done)
    assert not (workspace / "evaluation").exists()


@e2e
def test_a_full_disk(shipworthy: Shipworthy, namespace: tuple[str, ...], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    listing = tmp_path / "left"
    left = f'find {disk} -type f -not -path "*/.locks/*"'
    script = f'mount -t tmpfs -o size=64k tmpfs {disk}; "$@"; code=$?; {left} >{listing}; exit $code'
    done = shipworthy(
        "prepare", "experiment=smoke", f"workspace={disk}/artifacts", under=(*namespace, "sh", "-c", script, "sh")
    )
    assert "the disk is full" in one_sentence(done)
    assert done.returncode == 1
    assert listing.read_text() == ""
