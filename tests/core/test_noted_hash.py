"""A file is read again when, and only when, it is not the one that was hashed."""

import os
from pathlib import Path

import pytest

from shipworthy.core import noted_hash
from shipworthy.core.files import sha256_of_file
from shipworthy.core.noted_hash import sha256_noted


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []

    def counted(path: Path) -> str:
        names.append(path.name)
        return sha256_of_file(path)

    monkeypatch.setattr(noted_hash, "sha256_of_file", counted)
    return names


def test_a_file_is_read_once_by_whatever_name(tmp_path: Path, read: list[str]) -> None:
    file, notes = tmp_path / "weights", tmp_path / "notes"
    file.write_bytes(b"123")
    (tmp_path / "link").symlink_to(file)
    assert sha256_noted(file, notes) == sha256_noted(tmp_path / "link", notes) == sha256_of_file(file)
    assert read == ["weights"]


def test_one_of_the_same_length_and_time_in_its_place_is_seen(tmp_path: Path, read: list[str]) -> None:
    file, other, notes = tmp_path / "weights", tmp_path / "other", tmp_path / "notes"
    file.write_bytes(b"123")
    before, times = sha256_noted(file, notes), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    other.write_bytes(b"321")
    os.utime(other, ns=times)
    other.replace(file)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (3, times[1])
    assert sha256_noted(file, notes) == sha256_of_file(file) != before
    assert read == ["weights", "weights"]


def test_where_nothing_can_be_noted_it_is_read_again(tmp_path: Path, read: list[str]) -> None:
    file, notes = tmp_path / "weights", tmp_path / "notes"
    file.write_bytes(b"123")
    notes.write_text("no folder")
    assert sha256_noted(file, notes) == sha256_noted(file, notes) == sha256_of_file(file)
    assert read == ["weights", "weights"]


def test_long_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(noted_hash, "LONG_BYTES", 3)
    (tmp_path / "weights").write_bytes(b"123")
    sha256_noted(tmp_path / "weights", tmp_path / "notes")
    sha256_noted(tmp_path / "weights", tmp_path / "notes")
    assert capsys.readouterr().out == f"hashing {tmp_path / 'weights'}, 0.0 GB, once\n"
