"""Validates a package: installs its own pins into a fresh environment, and compares its answers with the model's."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from math import isclose
from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_file, write_text
from shipworthy.core.progress import say

SUMS = "SHA256SUMS"
START_SECONDS = 60
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR")


def write_sums(folder: Path) -> None:
    """Lists every file of the folder with its sha256, as `sha256sum -c` reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    write_text(folder / SUMS, "".join(f"{sha256_of_file(p)}  {p.relative_to(folder).as_posix()}\n" for p in files))


def validate(
    folder: Path, questions: Sequence[dict[str, Any]], wheels: Path | None, rounding: float
) -> list[dict[str, Any]]:
    """Asks the package the questions twice: its `predict` alone, and through its `serve`.

    Args:
        rounding: the share by which a number may differ.

    Returns:
        The questions with `answer` and `served`.

    Raises:
        ShipworthyError: its requirements cannot be installed, a script fails, or an answer is not the expected one.
    """
    before = _state(folder)
    with tempfile.TemporaryDirectory() as scratch:
        python = _environment(folder, Path(scratch) / "env", wheels)
        rows = "".join(json.dumps(question["row"], ensure_ascii=False) + "\n" for question in questions)
        say("package: asking it")
        alone = _ask(python, folder, rows)
        served = _ask_server(python, folder, rows)
    for said in (alone, served):
        for question, answer in zip(questions, said, strict=True):
            _compare(question, answer, rounding)
    asked = [
        {**question, "answer": _text(one["prediction"]), "served": _text(other["prediction"])}
        for question, one, other in zip(questions, alone, served, strict=True)
    ]
    if _state(folder) != before:
        raise ShipworthyError(f"Using the package changed its files in {folder}: its scripts must leave them alone.")
    return asked


def _compare(question: Mapping[str, Any], answer: Mapping[str, Any], rounding: float) -> None:
    wanted, ends = question["expected"], question.get("interval") or []
    number, given = answer["prediction"], [answer[end] for end in ("low", "high") if end in answer]
    said = _text(number)
    same = said == wanted or (isinstance(number, float) and _near(number, float(wanted), rounding))
    if (
        not same
        or len(given) != len(ends)
        or not all(_near(one, end, rounding) for one, end in zip(given, ends, strict=True))
    ):
        told, known = (f"{text} {interval or ''}".strip() for text, interval in ((said, given), (wanted, ends)))
        raise ShipworthyError(
            f"The package answers '{told}' to row {question['id']} where the source model says '{known}': it is not "
            "what was evaluated; do not ship it."
        )


def _near(one: float, other: float, rounding: float) -> bool:
    return isclose(one, other, rel_tol=rounding, abs_tol=rounding)


def _environment(folder: Path, target: Path, wheels: Path | None) -> Path:
    say("package: a fresh environment from its own pins")
    _run([sys.executable, "-m", "venv", str(target)], "making an environment")
    python = target / "bin" / "python"
    links = ["--find-links", str(wheels)] if wheels else []
    command = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *links]
    _run([*command, "-r", str(folder / "requirements.txt")], "installing its requirements")
    _run([str(python), "-m", "pip", "check"], "checking its requirements")
    return python


def _ask(python: Path, folder: Path, rows: str, *options: str) -> list[dict[str, Any]]:
    output = _run([str(python), str(folder / "predict"), *options], "its predict script", rows, own=True)
    return [json.loads(line) for line in output.split("\n") if line]


def _text(prediction: Any) -> str:
    """As a prediction writes it: a text as it is, a number and a list of labels as JSON."""
    return prediction if isinstance(prediction, str) else json.dumps(prediction, ensure_ascii=False)


def _ask_server(python: Path, folder: Path, rows: str) -> list[dict[str, Any]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [str(python), str(folder / "serve"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_own()) as server:
        try:
            _wait(server, port)
            return _ask(python, folder, rows, "--url", f"http://127.0.0.1:{port}")
        finally:
            server.terminate()


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    started = time.monotonic()
    while server.poll() is None and time.monotonic() - started < START_SECONDS:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise ShipworthyError("The package's serve script does not serve: run it by hand to see why.")


def _run(command: Sequence[str], what: str, text: str = "", own: bool = False) -> str:
    environment = _own() if own else None
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False, env=environment)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "it wrote nothing").splitlines()[-1]
        raise ShipworthyError(f"The package failed at {what}: {last}")
    return done.stdout


def _own() -> dict[str, str]:
    """An environment in which nothing of this project can be found."""
    return {**{k: os.environ[k] for k in KEPT_ENVIRONMENT if k in os.environ}, "PYTHONDONTWRITEBYTECODE": "1"}


def _state(folder: Path) -> str:
    names = sorted(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}" for path in folder.rglob("*"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
