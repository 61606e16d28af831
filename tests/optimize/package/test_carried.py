"""The code that a package carries is whole, and needs no library that it does not say."""

import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.models import json_row, prompt, raw_rows
from shipworthy.models.causal_lm import request
from shipworthy.optimize.package.carried import carry


@pytest.mark.parametrize("module", [json_row, prompt, raw_rows, request])
def test_it_stands_alone(module: object, tmp_path: Path) -> None:
    carry(tmp_path, module)  # type: ignore[arg-type]
    name = module.__name__  # type: ignore[attr-defined]
    script = f"import sys; sys.path.insert(0, sys.argv[1]); import {name} as found; print(found.__file__)"
    # Without site-packages, so that what is not carried is not found.
    command = [sys.executable, "-I", "-S", "-B", "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == tmp_path / f"{name.replace('.', '/')}.py"


def test_what_is_imported_is_carried_with_the_packages_above_it(tmp_path: Path) -> None:
    carry(tmp_path, raw_rows)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py")}
    assert {
        "shipworthy/__init__.py",
        "shipworthy/models/__init__.py",
        "shipworthy/models/raw_rows.py",
        "shipworthy/models/clean_text.py",
        "shipworthy/models/pii.py",
        "shipworthy/core/secrets.py",
        "shipworthy/models/causal_lm/chat_format.py",
    } <= found
    assert "shipworthy/models/prompt.py" not in found
