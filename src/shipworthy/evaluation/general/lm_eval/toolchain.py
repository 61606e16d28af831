"""lm-evaluation-harness, which has its own Python: what a model answered to each task, kept as soon as it is there."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from shipworthy.core import toolchain
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.lazy import project_files
from shipworthy.core.progress import say, track
from shipworthy.core.project import project_root
from shipworthy.evaluation.general.lm_eval.schema import LmEval

NAME = "lm_eval"
FOLDER = project_files("toolchains/lm_eval")
SCRIPT = "answer.py"
Network: TypeAlias = tuple[Path, Path | None]
"""The folders of its weights, and of the adapter to them, if there is one."""


def locate() -> Path:
    """The interpreter that has the harness.

    Raises:
        ShipworthyError: it is not built.
    """
    return toolchain.locate(NAME, title="lm-evaluation-harness", remedy="(minutes, once)") / "env" / "bin" / "python"


def answers(config: LmEval, base: Path, network: Network, seed: int, kept: Path) -> list[dict[str, Any]]:
    """What toolchains/lm_eval/answer.py says of each task, in their order.

    Args:
        base: folder with the tokenizer.
        network: which is asked.
        kept: folder in which each task's answers are put when they are there, and found by the next call.

    Raises:
        ShipworthyError: the harness is not built, or failed; what it said is in the message.
    """
    files = {task: kept / f"{number}.json" for number, task in enumerate(config.tasks)}
    if left := [task for task in config.tasks if not files[task].is_file()]:
        done = len(config.tasks) - len(left)
        before = f"; {done} of {len(config.tasks)} were answered before" if done else ""
        say(f"{kept.name}: {', '.join(left)}{before}")
        for line in _work(locate(), order(config, base, network, seed, left), kept.name, kept.with_suffix(".log")):
            write_json(files[line["task"]], line)
    return [read_json(files[task]) for task in config.tasks]


def order(config: LmEval, base: Path, network: Network, seed: int, tasks: Sequence[str]) -> dict[str, Any]:
    """What the script is told."""
    weights, adapter = network
    return {
        "tokenizer": str(base),
        "weights": str(weights),
        "adapter": None if adapter is None else str(adapter),
        "tasks": list(tasks),
        "include_path": config.include_path,
        "limit": config.limit or None,
        "num_fewshot": config.num_fewshot,
        "batch_size": config.batch_size,
        "apply_chat_template": config.apply_chat_template,
        "dtype": config.dtype,
        "seed": seed,
    }


def _work(python: Path, told: dict[str, Any], what: str, log: Path) -> Iterator[dict[str, Any]]:
    """The line of each task; those of batches are shown as progress, and what it says beside them is kept in `log`."""
    # Without PYTHONPATH: what lies there is of another environment.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), str(project_root() / FOLDER / SCRIPT)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w+", encoding="utf-8", errors="replace") as complaints:
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            env=environment,
            cwd=project_root(),
        ) as worker:
            assert worker.stdin is not None and worker.stdout is not None
            try:
                worker.stdin.write(json.dumps(told) + "\n")
                worker.stdin.close()
                yield from heard(track(worker.stdout, f"{what}: batches", None), log)
            except BrokenPipeError:
                pass  # it ended before it read: its code says so
            except BaseException:
                worker.kill()
                raise
        if worker.returncode:
            raise ShipworthyError(
                f"lm-evaluation-harness ended with code {worker.returncode}: {toolchain.last_line(complaints)} ({log})"
            )


def heard(lines: Iterable[str], log: Path) -> Iterator[dict[str, Any]]:
    """Of the script's lines those of tasks.

    Raises:
        ShipworthyError: it said what went wrong, or something that is none of its lines.
    """
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            line = {"error": f"said '{text.strip()[:200]}', which is no answer"}
        if "error" in line:
            raise ShipworthyError(
                f"lm-evaluation-harness: {line['error']}. All that it said is in {log}; what was answered is kept."
            )
        if "task" in line:
            yield line
