"""The environment of llama.cpp, which has its own Python: where it is, and its worker scripts as functions."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipworthy.core import toolchain
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.lazy import project_files
from shipworthy.core.progress import track
from shipworthy.core.project import project_root
from shipworthy.optimize.engines.threads import WAIT, usable_threads

NAME = "llamacpp"
FOLDER = project_files("toolchains/llamacpp")
BLOCK_TOKENS = 32


@dataclass(frozen=True)
class Answer:
    """What the engine wrote after a prompt.

    Attributes:
        ids: token ids, without the one that ends the turn.
        text: as the engine writes them.
        seconds: from the request to the last token.
        first: from the request to the first token (seconds).
    """

    ids: list[int]
    text: str
    seconds: float
    first: float


@dataclass(frozen=True)
class Toolchain:
    """A built environment.

    Attributes:
        folder: it holds env/, wheels/ and source/ (see toolchains/llamacpp/build).
    """

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter that has llama_cpp."""
        return self.folder / "env" / "bin" / "python"

    @property
    def wheels(self) -> Path:
        """The folder of the compiled wheel."""
        return self.folder / "wheels"

    @property
    def converter(self) -> Path:
        """The script from Hugging Face to GGUF; it runs with shipworthy's own interpreter, which has torch."""
        return self.folder / "source" / "vendor" / "llama.cpp" / "convert_hf_to_gguf.py"

    def lock(self) -> Path:
        """The exact versions that it was built from."""
        return project_root() / FOLDER / "requirements.lock"

    def quantize(self, source: Path, target: Path, name: str) -> None:
        """Writes `source` (GGUF, 16 bits) as `target` in the format `name`.

        Raises:
            ShipworthyError: llama.cpp refused.
        """
        order = {"source": str(source), "target": str(target), "format": name, "threads": usable_threads()}
        (result,) = self._work("quantize.py", order, [])
        if result["code"] != 0:
            raise ShipworthyError(f"llama.cpp could not quantize {source.name} to {name} (code {result['code']}).")

    def prompt_ids(self, gguf: Path, requests: Sequence[Mapping[str, Any]], what: str) -> list[list[int]]:
        """What the engine's own chat path hands to its decoder for each request: messages, and tools if any."""
        longest = max(len(json.dumps(request)) for request in requests)
        header = {"gguf": str(gguf), "context_tokens": longest + 1024}
        return [r["ids"] for r in track(self._work("tokens.py", header, requests), what, len(requests))]

    def answers(
        self, gguf: Path, prompts: Sequence[Sequence[int]], *, max_new_tokens: int, parallel: int, what: str
    ) -> list[Answer]:
        """Greedy answers to frozen prompts, in their order.

        Args:
            parallel: sequences per batch; 1 asks one by one, as a single client would, and its times are latencies.
        """
        longest = max(map(len, prompts))
        header = {
            "gguf": str(gguf),
            "threads": usable_threads(),
            "context_tokens": -(-(longest + max_new_tokens) // BLOCK_TOKENS) * BLOCK_TOKENS,
            "max_new_tokens": max_new_tokens,
            "parallel": parallel,
        }
        rows = ({"prompt_ids": list(prompt)} for prompt in prompts)
        found = {
            r["index"]: Answer(r["ids"], r["text"], r["seconds"], r["first"])
            for r in track(self._work("generate.py", header, rows), what, len(prompts))
        }
        return [found[i] for i in range(len(prompts))]

    def _work(self, script: str, header: Any, rows: Any) -> Iterator[Any]:
        """Runs a worker script: JSON lines in, JSON lines out.

        Raises:
            ShipworthyError: it failed; the last line that it wrote is in the message.
        """
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as orders,
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        ):
            for order in (header, *rows):
                orders.write(json.dumps(order) + "\n")
            orders.seek(0)
            environment = {**os.environ, **WAIT}
            command = [str(self.python), str(project_root() / FOLDER / script)]
            with subprocess.Popen(
                command, stdin=orders, stdout=subprocess.PIPE, stderr=complaints, encoding="utf-8", env=environment
            ) as worker:
                assert worker.stdout is not None
                try:
                    yield from map(json.loads, worker.stdout)
                except BaseException:
                    worker.kill()
                    raise
            if worker.returncode:
                raise ShipworthyError(
                    f"llama.cpp's {script} ended with code {worker.returncode}: {toolchain.last_line(complaints)}"
                )


def locate() -> Toolchain:
    """The environment for this lock.

    Raises:
        ShipworthyError: it is not built.
    """
    return Toolchain(toolchain.locate(NAME, title="llama.cpp", remedy="(5 to 10 minutes, once)"))
