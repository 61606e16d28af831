"""The environment of llama.cpp where it is missing, broken, or cannot be built."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import cache_folder
from shipworthy.optimize.engines.llamacpp.toolchain import FOLDER, Toolchain, locate


def build(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "build"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_where_it_is_not_built_the_command_that_builds_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    with pytest.raises(ShipworthyError, match=r"llama\.cpp is not built .*: run toolchains/llamacpp/build"):
        locate()


def test_it_stands_in_the_cache_of_shipworthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("SHIPWORTHY_CACHE", raising=False)
    found = build("--where")
    assert found.returncode == 1
    assert Path(found.stdout.strip()).parent == cache_folder() / "toolchains"


def test_a_half_built_one_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    folder = Path(build("--where").stdout.strip())
    (folder / "env" / "bin").mkdir(parents=True)
    with pytest.raises(ShipworthyError, match="is not built"):
        locate()
    (folder / "READY").touch()
    assert locate().folder == folder


def test_a_missing_compiler_is_said_at_once(tmp_path: Path) -> None:
    done = build("--check", PATH=str(tmp_path), SHIPWORTHY_CACHE=str(tmp_path), CC="", CXX="")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "no C++ compiler was found" in done.stderr


def test_a_worker_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    with pytest.raises(ShipworthyError, match=r"quantize\.py ended with code 1: ModuleNotFoundError: .*llama_cpp"):
        Toolchain(tmp_path).quantize(tmp_path / "a", tmp_path / "b", "q8_0")
