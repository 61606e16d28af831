"""llama.cpp's OpenAI-compatible server: started, proved by a real request, and stopped whatever happens."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from shipworthy.core import toolchain
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.progress import say
from shipworthy.optimize.engines.llamacpp.toolchain import Toolchain
from shipworthy.optimize.engines.threads import WAIT

START_SECONDS = 120
STOP_SECONDS = 10
HOST = "127.0.0.1"
# What a greedy request must say: the server's own defaults are a temperature of 0.2 and a repeat penalty of 1.1.
GREEDY: dict[str, Any] = {"temperature": 0.0, "repeat_penalty": 1.0, "top_p": 1.0, "min_p": 0.0}


def settings(model: str, alias: str, context_tokens: int, threads: int, port: int) -> dict[str, Any]:
    """The server's configuration file; the package carries the same.

    interrupt_requests: by default a new request cuts off the one that is being answered. logits_all: by default the
    logits of every prompt token are computed and kept.
    """
    return {
        "host": HOST,
        "port": port,
        "interrupt_requests": False,
        "models": [
            {
                "model": model,
                "model_alias": alias,
                "n_ctx": context_tokens,
                "n_threads": threads,
                "n_threads_batch": threads,
                "logits_all": False,
                "verbose": False,
            }
        ],
    }


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        url: of its API.
        process: to look at its memory.
    """

    url: str
    process: psutil.Process


@contextmanager
def serve(toolchain: Toolchain, config: Mapping[str, Any], probe: Mapping[str, Any]) -> Iterator[Server]:
    """Runs a server while the block runs.

    Args:
        config: see `settings`; port 0 is replaced by a free one.
        probe: the body of a chat completion that must be answered before it counts as started: a health check says
            nothing of whether the first request will kill the engine.

    Raises:
        ShipworthyError: it ended, or did not answer in time; the last line that it wrote is in the message.
    """
    port = config["port"] or free_port()
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
    ):
        file = Path(scratch) / "serving.json"
        write_json(file, {**config, "port": port})
        command = [str(toolchain.python), "-m", "llama_cpp.server", "--config_file", str(file)]
        # The server reads its settings from environment variables too: it gets none that are not its own.
        own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**own, **WAIT}) as process:
            try:
                url = f"http://{HOST}:{port}/v1"
                _wait(process, url, probe, log)
                yield Server(url, psutil.Process(process.pid))
            finally:
                _stop(process)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", url: str, probe: Mapping[str, Any], log: Any) -> None:
    started = time.monotonic()
    while True:
        if process.poll() is not None:
            raise ShipworthyError(
                f"llama.cpp's server ended with code {process.returncode}: {toolchain.last_line(log)}"
            )
        seconds = time.monotonic() - started
        try:
            httpx.get(f"{url}/models", timeout=2).raise_for_status()
            break
        except httpx.HTTPError as error:
            if seconds > START_SECONDS:
                raise ShipworthyError(
                    f"llama.cpp's server did not start in {START_SECONDS} s: {toolchain.last_line(log)}"
                ) from error
        time.sleep(0.2)
    try:
        answer = httpx.post(f"{url}/chat/completions", json=dict(probe), timeout=START_SECONDS)
    except httpx.HTTPError as error:
        raise ShipworthyError(
            f"llama.cpp's server took a request and did not answer it: {toolchain.last_line(log)}"
        ) from error
    if answer.status_code != 200 or not json.loads(answer.text).get("choices"):
        raise ShipworthyError(f"llama.cpp's server answered {answer.status_code} to a request: {answer.text[:300]}")
    say(f"llama.cpp: the server answers after {time.monotonic() - started:.1f} s")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
