"""The script that fuzzes the reading of files: what it asks for, and that it sees a broken promise."""

import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.data.test_reading_of_anything import KINDS


def script() -> ModuleType:
    loader = SourceFileLoader("fuzz_script", str(ROOT / "scripts" / "fuzz"))
    spec = spec_from_loader("fuzz_script", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_kinds_are_those_of_the_test_and_others_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    module = script()
    assert run(module, "--list") == 0
    assert capsys.readouterr().out.split("\n")[:-1] == list(KINDS)
    assert run(module, "commas") == 2
    assert "'commas' is no kind: choose of comma, " in capsys.readouterr().err
    assert len({module.place(kind) for kind in KINDS}) == len(KINDS)


def test_without_atheris_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script()
    monkeypatch.setattr(module, "OWN", tmp_path)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    assert run(module, "comma") == 2
    assert "pip install --target runs/atheris atheris==3.0.0" in capsys.readouterr().err


def test_what_a_kind_did_is_told_and_a_broken_promise_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script()
    said = {
        "comma": (0, "#9 DONE   cov: 144 ft: 217 corp\nstat::number_of_executed_units: 1254\n"),
        "tab": (77, "AssertionError: refused by how many rows are read at once\n#3 NEW    cov: 20 ft: 2\n"),
    }

    def called(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        code, told = said[command[command.index("--here") + 1]]
        return subprocess.CompletedProcess(command, code, "", told)

    monkeypatch.setattr(module.subprocess, "run", called)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: object())
    assert run(module, "comma") == 0
    assert re.search(r"comma +1,254 files, 144 places of the code\n$", capsys.readouterr().out)
    assert run(module, "comma", "tab") == 1
    assert "BROKEN" in (out := capsys.readouterr().out) and "rows are read at once" in out


def run(module: ModuleType, *arguments: str) -> int:
    before, sys.argv = sys.argv, ["fuzz", *arguments]
    try:
        return int(module.main())
    finally:
        sys.argv = before
