"""llama.cpp behind its OpenAI-compatible server."""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import EngineConfig
from shipworthy.core.schema import schema


@schema("engine", "llamacpp")
class Llamacpp(EngineConfig):
    """`python -m llama_cpp.server` of the environment in toolchains/llamacpp.

    Attributes:
        context_tokens: prompt and answer of one request together (tokens).
        threads: CPU threads of the server (0: all that this process may use).
        port: where the bench serves, on this machine only (0: any free one).
        clients: how many requests are sent at the same time, one measurement each.
        requests: requests per measurement; the prompts are validation rows, each used at most once per measurement.
        warmup: requests before the first measurement that are not counted.
        reference_requests: requests to transformers, for comparison; it is slower.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"quant": ("gguf",), "model": ("causal_lm",)}

    context_tokens: int = 512
    threads: int = 0
    port: int = 0
    clients: list[int] = field(default_factory=lambda: [1, 4])
    requests: int = 32
    warmup: int = 2
    reference_requests: int = 12

    def __post_init__(self) -> None:
        """Refuses what no server could do."""
        if not self.clients or self.clients[0] != 1 or min(self.clients) < 1:
            raise UsageError(
                f"engine.clients={self.clients}: begin with 1 (the latency of a single user), then others."
            )
        for name in ("context_tokens", "requests", "reference_requests"):
            if getattr(self, name) < 1:
                raise UsageError(f"engine.{name}={getattr(self, name)} must be 1 or more.")
        for name in ("threads", "warmup"):
            if getattr(self, name) < 0:
                raise UsageError(f"engine.{name}={getattr(self, name)} is negative: give 0 or more.")
        if not 0 <= self.port < 65536:
            raise UsageError(f"engine.port={self.port} is no port: give 0 for any free one, or 1024 to 65535.")
