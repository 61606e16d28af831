"""A fresh healthy run for each test."""

from pathlib import Path

import pytest

from shipworthy.train.preflight.context import Context
from tests.train.preflight.planted import healthy


@pytest.fixture
def context(tmp_path: Path) -> Context:
    found = healthy(tmp_path)
    found.run.mkdir()
    return found
