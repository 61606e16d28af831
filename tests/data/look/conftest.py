"""A look at rows that a test writes."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shipworthy.data.look import raw_file
from shipworthy.data.look.profile import Profile, look

Look = Callable[..., Profile]


@pytest.fixture
def look_at(tmp_path: Path) -> Look:
    """The profile of a text in a file of this name, or of rows as JSON lines."""

    def call(content: str | Sequence[Mapping[str, Any]], name: str = "rows.csv") -> Profile:
        path = tmp_path / name
        if not isinstance(content, str):
            path = path.with_suffix(".jsonl")
            content = "".join(json.dumps(row) + "\n" for row in content)
        path.write_text(content, encoding="utf-8")
        work = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        work.mkdir()
        return look(raw_file.find(path, tmp_path / "data"), work)

    return call
