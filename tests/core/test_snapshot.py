"""A snapshot of the code: what it holds, that it is shared, and that it is what runs from it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest

from shipworthy.config.compose import compose
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.identity import code_version, source_hash
from shipworthy.core.lineage.lineage import lineage
from shipworthy.core.snapshot import Snapshot
from tests.conftest import ROOT
from tests.threads import at_once

DEMO = "extensions/operation_naming"


@pytest.fixture(scope="module")
def now() -> Snapshot:
    return Snapshot.now()


def test_it_holds_code_config_and_lock(now):
    ours = ("src/shipworthy/cli.py", "src/shipworthy/py.typed", "conf/config.yaml", "requirements.lock")
    for name in (*ours, f"{DEMO}/names.py", f"{DEMO}/conf/task/operation_naming.yaml"):
        assert now.files[name] == (ROOT / name).read_bytes()
    assert not any("__pycache__" in name or "tests/" in name or name.startswith(("runs", "data")) for name in now.files)


def test_two_sweeps_from_the_same_state_share_one(now, tmp_path):
    folder = now.keep(tmp_path)
    before = (folder / "src/shipworthy/cli.py").stat().st_ino
    assert Snapshot.now().keep(tmp_path) == folder
    assert (folder / "src/shipworthy/cli.py").stat().st_ino == before
    assert list(tmp_path.glob("[!.]*")) == [folder]


def test_many_that_keep_it_at_once_share_one(tmp_path):
    small = Snapshot({f"src/{n}.py": b"x" * n for n in range(20)}, {"git_sha": "0" * 40})

    for number in range(30):
        kept = at_once(partial(small.keep, tmp_path / str(number)))
        assert kept == [tmp_path / str(number) / small.name] * 4, "one that raised kept nothing"
        assert list((tmp_path / str(number)).glob("[!.]*")) == kept[:1]


@pytest.mark.parametrize("name", ["src/shipworthy/cli.py", "conf/config.yaml", "requirements.lock", "src/new.py"])
def test_an_edit_makes_another(now, name, tmp_path):
    edited = replace(now, files={**now.files, name: b"edited"})
    assert edited.name != now.name
    assert (edited.keep(tmp_path) / name).read_bytes() == b"edited"
    assert now.keep(tmp_path) != edited.keep(tmp_path)


def test_a_commit_makes_another(now):
    assert replace(now, version={**now.version, "git_sha": "0" * 40}).name != now.name


def test_one_that_was_changed_is_refused(now, tmp_path):
    file = now.keep(tmp_path) / "src/shipworthy/cli.py"
    file.write_text("edited")
    with pytest.raises(
        ShipworthyError, match="cli.py is not what it was when the snapshot was taken: remove "
    ) as caught:
        now.keep(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


PROBE = """
import json
import shipworthy
from shipworthy.extensions.operation_naming import names
from shipworthy.core.identity import code_version, lock_hash, source_hash
from shipworthy.config.compose import compose
from shipworthy.core.lineage.lineage import lineage
from shipworthy.core.project import code_root
code = lineage("train", compose([]).groups()).digest
files = [shipworthy.__file__, names.__file__]
print(json.dumps([*files, str(code_root()), source_hash(), code_version(), lock_hash(), code]))
"""


def test_what_runs_from_it_is_the_code_of_then_with_its_version(now, tmp_path):
    folder = now.keep(tmp_path)
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBE],
        env={**os.environ, "PYTHONPATH": f"{folder}/src"},
        capture_output=True,
        text=True,
        check=True,
    )
    file, names, root, source, version, lock, code = json.loads(done.stdout)
    assert file == f"{folder}/src/shipworthy/__init__.py"
    assert names == f"{folder}/{DEMO}/names.py"
    assert root == str(folder)
    assert source == source_hash()
    assert code == lineage("train", compose([]).groups()).digest, "the same run id as without a cluster"
    assert version == code_version()
    assert lock
