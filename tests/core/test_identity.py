"""What Git says of a project is taken whatever bytes it holds."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipworthy.core import identity
from shipworthy.track.record import code


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with a file in Latin-1, staged, beside one in UTF-8."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    git("add", "-A")
    git("commit", "-qm", "one")
    (tmp_path / "old.txt").write_bytes("Café und Straße\u2028".encode("latin-1", errors="replace"))
    (tmp_path / "name \udce9.txt").write_bytes(b"x\n")
    git("add", "-A")
    monkeypatch.setattr(identity, "project_root", lambda: tmp_path)
    monkeypatch.setattr(identity, "code_root", lambda: tmp_path)
    identity.code_version.cache_clear()
    yield tmp_path
    identity.code_version.cache_clear()


def test_a_diff_that_is_no_utf_8_is_a_part_of_what_a_run_was_made_by(checkout: Path) -> None:
    first = identity.code_version()
    assert first["uncommitted"] and len(first["git_sha"]) == 40
    identity.code_version.cache_clear()
    assert identity.code_version() == first
    (checkout / "old.txt").write_bytes("Cafè und Straße".encode("latin-1"))
    identity.code_version.cache_clear()
    assert identity.code_version()["uncommitted"] != first["uncommitted"]
    assert "Stra" in code.diff(checkout)


def test_without_git_nothing_is_said(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert identity.code_version() | {"source": ""} == {"git_sha": "", "uncommitted": "", "source": ""}
    assert code.diff(checkout) == ""
