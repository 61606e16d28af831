"""The project in which stages run: an empty config, no data, a cache that nobody else uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipworthy.core.project import project_root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Its root, which is the working directory while the test runs."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").touch()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    project_root.cache_clear()
    yield tmp_path
    project_root.cache_clear()
