"""Packages as `package` makes them, but for what lies beside their scripts, code and models."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shipworthy.core.files import write_json
from shipworthy.models import json_row, prompt, raw_rows
from shipworthy.models.causal_lm import request
from shipworthy.models.protocol import Fittable
from shipworthy.models.raw_rows import NAME_COLUMN, NUMBER_COLUMN, TEXT_COLUMN
from shipworthy.models.tfidf import scorer
from shipworthy.optimize.package import gguf, xgboost
from shipworthy.optimize.package.build import SCRIPTS, copy_scripts
from shipworthy.optimize.package.carried import carry

UNCLEANED: dict[str, Any] = {"repair": False, "form": None, "truncate": {}, "mask": None}
TREES = Path(xgboost.__path__[0]) / "files" / "model.py"
WORDS = Path(scorer.__file__)


def raw(columns: Mapping[str, str], clean: Mapping[str, Any] = UNCLEANED) -> dict[str, Any]:
    """A raw.json of columns of strings, or of numbers."""
    types = {name: "float" for name, role in columns.items() if role == NUMBER_COLUMN}
    return {"columns": dict(columns), "types": types, "missing": [], "decimal": ".", "others": [], "clean": dict(clean)}


def texts(*columns: str) -> dict[str, Any]:
    """A raw.json of columns of text."""
    return raw(dict.fromkeys(columns, TEXT_COLUMN))


def table(numbers: Iterable[str], names: Iterable[str]) -> dict[str, Any]:
    """A raw.json of a table."""
    return raw({**dict.fromkeys(numbers, NUMBER_COLUMN), **dict.fromkeys(names, NAME_COLUMN)})


def fitted(folder: Path, model: Fittable, code: Path, settings: Mapping[str, Any]) -> Path:
    """The package of a family that fits itself: its files, the code that reads them, and the scripts."""
    folder.mkdir(exist_ok=True)
    model.save(folder)
    shutil.copyfile(code, folder / "model.py")
    copy_scripts(SCRIPTS, folder)
    carry(folder, raw_rows, json_row, prompt)
    write_json(folder / raw_rows.FILE, settings)
    return folder


def language(folder: Path, task: Mapping[str, Any], settings: Mapping[str, Any]) -> Path:
    """The package of a language model, without its weights.

    Args:
        task: what its preprocessing.json says, where that is not empty.
    """
    folder.mkdir(exist_ok=True)
    copy_scripts(Path(gguf.__path__[0]) / "files", folder)
    shutil.copyfile(SCRIPTS / "json_lines.py", folder / "json_lines.py")
    carry(folder, raw_rows, json_row, request)
    write_json(folder / raw_rows.FILE, settings)
    empty = {"system": "", "prompt": "", "messages": "", "tools": "", "control_tokens": []}
    write_json(folder / "preprocessing.json", {**empty, **task})
    write_json(folder / "generation.json", {})
    return folder


def answers(folder: Path, rows: Sequence[Mapping[str, Any]] | bytes, *arguments: str) -> list[dict[str, Any]]:
    """What `predict` answers to rows, or to lines."""
    lines = rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
    command = [sys.executable, "-I", str(folder / "predict"), *arguments]
    done = subprocess.run(command, input=lines, capture_output=True, check=False)
    said = done.stderr.decode()
    assert not said or said.endswith("lines have no answer; each says why.\n"), said
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]
