"""`shipworthy doctor`: all is well, and then a thing at a time is not."""

import os
import re
import shutil
from pathlib import Path

import pytest
import torch

from shipworthy.cli import ASIDE, COMMANDS
from shipworthy.config.root import Config
from shipworthy.core import disk, gpus, lock
from shipworthy.core.errors import ArtifactError
from shipworthy.core.finding import Finding, Level
from shipworthy.core.schema import SCHEMAS
from shipworthy.core.sources.schema import Folder
from shipworthy.execution.reads import stage_groups
from shipworthy.models.base import BASES, WEIGHTS
from shipworthy.models.causal_lm import base
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.stages.doctor import _tracker
from shipworthy.track.trackers.schema import Mlflow, NoTracker
from shipworthy.train.network import interface
from shipworthy.train.network.node_checks import merged
from shipworthy.train.network.schema import Network
from tests.conftest import ROOT, Shipworthy, one_sentence
from tests.tiny import write_model

OWN_FILE = ["data.source=null"]
TABLE = ("experiment=adult_xgboost", "data.file=own.parquet", *OWN_FILE)
"""A recipe that needs nothing but its data, which are the user's own."""

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
/etc/auto.home /home autofs rw,fd=7 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
10.0.0.1@tcp:/fs /scratch lustre rw,flock 0 0
tmpfs /scratch/local tmpfs rw 0 0
beegfs_nodev /mnt/my\\040disk beegfs rw 0 0
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own, with data of its own; nothing of this machine's Slurm, site and cache is seen."""
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    (root / "data" / "own.parquet").write_bytes(b"rows")
    for name in ("conf", "extensions", "toolchains"):
        (root / name).symlink_to(ROOT / name)
    shutil.copyfile(ROOT / lock.LOCK, root / lock.LOCK)
    return root


def alone(project: Path) -> dict[str, str]:
    """The environment of a machine without Slurm; PATH holds no scontrol."""
    empty = str(project.parent / "empty")
    own = dict.fromkeys(("SHIPWORTHY_CACHE", "XDG_CONFIG_HOME", "PATH"), empty)
    return {**own, "SHIPWORTHY_SITE": "", "SLURM_CONF": ""}


def levels(output: str) -> dict[str, str]:
    """What was checked → ok, warning or missing."""
    found = re.findall(r"^(ok|warning|missing) +([^:]+): .+$", output, re.MULTILINE)
    return {what: level for level, what in found}


def missing(found: dict[str, str]) -> list[str]:
    """What is missing but room on this machine's disks, which is not for these tests to judge."""
    return [what for what, level in found.items() if level == "missing" and what != "disk"]


def test_nothing_is_missing(shipworthy: Shipworthy, project: Path) -> None:
    done = shipworthy("doctor", *TABLE, cwd=project, **alone(project))
    assert "Traceback" not in done.stderr
    found = levels(done.stdout)
    assert list(found) == "lock,machine,GPU,raw data,disk,network,tracker,site,Slurm".split(",")
    assert missing(found) == []
    assert found["lock"] == "ok", "what is installed is the committed lock"
    if found["disk"] != "missing":
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith("nothing is missing")
    assert sorted(path.name for path in project.iterdir()) == ["conf", "data", "extensions", lock.LOCK, "toolchains"], (
        "it made nothing"
    )


@pytest.mark.e2e
def test_this_machine_after_fetch_and_build(shipworthy: Shipworthy) -> None:
    done = shipworthy("doctor")
    found = levels(done.stdout)
    assert [found[what] for what in ("raw data", "base weights", "toolchain")] == ["ok"] * 3, done.stdout + done.stderr
    assert missing(found) == []


def test_what_is_missing_is_named_with_its_remedy(shipworthy: Shipworthy, project: Path) -> None:
    (project / "slurm").mkdir()
    (project / "slurm" / "site.yaml").write_text("acount: lab\n")
    (project / lock.LOCK).write_text((project / lock.LOCK).read_text() + "no-such-package==1.0\n")
    done = shipworthy("doctor", "trainer.devices=2", "network.interface=no0", cwd=project, **alone(project))
    assert done.returncode == 1
    found = levels(done.stdout)
    wanted = ["lock", "raw data", "base weights", "toolchain", "network", "site"]
    assert missing(found) == wanted
    named = [what for what, level in found.items() if level == "missing"]
    assert f"{len(named)} of {len(found)} checks found something missing ({', '.join(named)})" in one_sentence(done)
    for remedy in (
        "no-such-package: `",
        "run `shipworthy fetch ",
        "run toolchains/llamacpp/build",
        "did you mean account?",
    ):
        assert remedy in done.stdout
    assert found["all-reduce"] == "warning", "it was not timed on an interface that is not here"


def test_two_processes_are_timed(shipworthy: Shipworthy, project: Path) -> None:
    settings = ("trainer.devices=2", "network.interface=lo", "network.link_gbit=100000")
    done = shipworthy("doctor", "experiment=smoke", *settings, cwd=project, **alone(project), OMP_NUM_THREADS="1")
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "all-reduce:" in line]
    assert re.match(r"warning +all-reduce: [\d.]+ Gbit/s over 2 processes, only [\d.e-]+% of the link's 100000:", line)


def test_it_takes_a_config_and_is_no_step_of_the_pipeline(shipworthy: Shipworthy, project: Path) -> None:
    assert "doctor" in ASIDE
    assert "doctor" not in COMMANDS
    assert set(stage_groups("doctor")) <= set(Config.__dataclass_fields__)
    assert "  doctor " in shipworthy("--help").stdout
    done = shipworthy("doctor", "--multirun", *TABLE, "network.link_gbit=1,2", cwd=project, **alone(project))
    found = levels(done.stdout)
    assert missing(found) == [], done.stderr
    if found["disk"] != "missing":
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("nothing is missing") == 2


def test_versions_that_differ_from_the_lock(tmp_path: Path) -> None:
    pins = tmp_path / "some.lock"
    pins.write_text(f"# a note\nTORCH=={torch.__version__.partition('+')[0]}\npyyaml==0.1\nno.such_Package==1.0\n")
    count, absent, other = lock.compare(pins)
    assert (count, absent) == (3, ["no.such_Package"])
    assert len(other) == 1
    assert re.fullmatch(r"pyyaml [\d.]+ \(lock: 0\.1\)", other[0])


def test_the_lock_of_this_environment() -> None:
    count, absent, other = lock.compare(ROOT / lock.LOCK)
    assert count > 100
    assert (absent, other) == ([], [])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc/hosts", "ext4"),
        ("/home/me/project/runs/mlflow.db", "nfs4"),
        ("/homes", "ext4"),
        ("/scratch/me", "lustre"),
        ("/scratch/local/x", "tmpfs"),
        ("/mnt/my disk/x", "beegfs"),
    ],
)
def test_the_file_system_of_a_path(tmp_path: Path, path: str, kind: str) -> None:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    assert disk.file_system(Path(path), table) == kind


def test_the_file_systems_of_this_machine() -> None:
    assert disk.file_system(Path("/proc/self/status")) == "proc"
    assert disk.file_system(Path("/sys/kernel")) == "sysfs"


def test_sqlite_on_a_shared_file_system_is_warned_of(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    shared = _tracker(Mlflow(uri="sqlite:////scratch/me/mlflow.db"), table)
    assert shared.level is Level.WARNING
    assert "/scratch/me/mlflow.db is SQLite on lustre" in shared.said
    for fine in (Mlflow(uri="sqlite:////var/mlflow.db"), Mlflow(uri="http://127.0.0.1:5000"), NoTracker()):
        assert _tracker(fine, table).level is Level.OK


def test_disks_have_room_for_what_is_still_to_come(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free

    def level(*shares: float) -> Level:
        (one,) = disk.examine({tmp_path / f"new-{n}" / "deep": share * free for n, share in enumerate(shares)})
        return one.level

    assert level(0.0) is Level.OK
    assert level(0.7) is Level.WARNING, "the next one would not fit"
    assert level(0.7, 0.7) is Level.MISSING, "two folders on one disk"
    assert not list(tmp_path.iterdir())


TWO = gpus.Driver([("NVIDIA H100", 85 * 10**9), ("NVIDIA H100", 85 * 10**9)], "570.1", (12, 8))


@pytest.mark.parametrize(
    ("driver", "built_for", "processes", "visible", "level", "words"),
    [
        (None, "", 2, None, Level.OK, "none here"),
        (TWO, "12.9", 2, None, Level.OK, "NVIDIA H100 (85 GB), NVIDIA H100 (85 GB), driver 570.1"),
        (TWO, "", 1, None, Level.WARNING, "SHIPWORTHY_TORCH=cuda"),
        (TWO, "13.0", 1, None, Level.MISSING, "built for CUDA 13.0: a newer driver"),
        (TWO, "12.8", 3, None, Level.MISSING, "trainer.devices=3 is more than there are, set it to 2"),
        (TWO, "12.8", 2, "1", Level.MISSING, "set it to 1"),
    ],
)
def test_gpus(monkeypatch, driver, built_for, processes, visible, level, words) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = gpus.examine(driver, built_for, processes)
    assert found.level is level
    assert words in found.said


def test_the_gpus_of_this_machine() -> None:
    assert gpus.torch_cuda() == (torch.version.cuda or "")
    assert (gpus.driver() is None) == (not Path("/proc/driver/nvidia/version").exists())


def test_an_interface(monkeypatch) -> None:
    assert interface.examine(Network(), 2).level is Level.OK
    assert interface.examine(Network(interface="lo"), 2).level is Level.OK
    assert interface.examine(Network(interface="lo,no0"), 2).level is Level.MISSING
    assert interface.examine(Network(interface="no0"), 1).level is Level.WARNING


def test_base_weights_are_found_where_fetch_put_them(tmp_path: Path, monkeypatch) -> None:
    from shipworthy.models.causal_lm import weights

    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(tmp_path / "hub"))))
    with pytest.raises(ArtifactError, match="are not in .*: fetch them"):
        base.size(model)
    folder = weights.fetch(model)
    assert folder == base.place(model)
    assert base.size(model) == sum(path.stat().st_size for path in folder.iterdir() if path.name != "manifest.json")
    os.truncate(folder / "model.safetensors", 10)
    with pytest.raises(ArtifactError, match=r"model\.safetensors is not as long as"):
        base.size(model)


def test_every_family_with_weights_says_where_they_are() -> None:
    families = [cls() for cls in SCHEMAS["model"].values() if WEIGHTS.name(cls())]
    assert {one.kind for one in families} >= {"causal_lm", "decoder"}
    assert all(BASES.name(one) for one in families)


def test_what_all_nodes_find_is_said_once() -> None:
    same, fuller = Finding(Level.OK, "lock", "fine"), Finding(Level.WARNING, "disk", "full")
    free = Finding(Level.OK, "disk", "free")
    found = merged([("n1", [free, same]), ("n1", []), ("n2", [fuller, same])])
    assert [(one.what, one.level) for one in found] == [("disk on n1", "ok"), ("disk on n2", "warning"), ("lock", "ok")]
