"""A GGUF file behind llama.cpp's server, for who wants to ask it something, such as to judge."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shipworthy.optimize.engines.llamacpp.server import GREEDY, serve, settings
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.engines.threads import usable_threads

PLAIN = {name: value for name, value in GREEDY.items() if name != "temperature"}
"""What a request must say, so that the model's own distribution is sampled (see server.GREEDY)."""
PROBE: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}


@contextmanager
def serve_model(gguf: Path, context_tokens: int, threads: int) -> Iterator[str]:
    """The URL of its API, for as long as the block runs.

    Args:
        context_tokens: of question and answer together.
        threads: CPU threads (0: all that this process may use).

    Raises:
        ShipworthyError: llama.cpp is not built, or cannot serve the file.
    """
    config = settings(str(gguf), gguf.name, context_tokens, threads or usable_threads(), 0)
    with serve(locate(), config, PROBE) as server:
        yield server.url
