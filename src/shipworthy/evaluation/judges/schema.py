"""Which language model judges the answers of text tasks: none, one behind an endpoint, or one of this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import urlsplit

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import JudgeConfig
from shipworthy.core.schema import schema
from shipworthy.core.validation import above, at_least, in_range

PAIRWISE, RUBRIC = "pairwise", "rubric"
MODES = (PAIRWISE, RUBRIC)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@schema("judge", "none")
class NoJudge(JudgeConfig):
    """Nobody is asked."""


@dataclass
class Asked(JudgeConfig):
    """What every judge has.

    Attributes:
        modes: pairwise (which of two answers is better, the tuned model's or the best baseline's: asked in both
            orders) and rubric (a score from 1 to 5 for each criterion, of each of the two). The first one decides
            where task.criteria.judge gives the judge a say.
        rows: how many rows of the test split are judged, drawn by the seed (0: all).
        draws: answers to the same question; more than one asks for a temperature above 0.
        temperature: of the judge's own sampling.
        max_tokens: the longest reply (tokens).
        reference: whether the judge is shown the right answer; if so, the test answers are opened once more.
        prompt: a file of the project with a prompt of one's own, in place of ours of the same mode (docs/judges.md).
        labels: a file of the project, CSV or JSON lines, with what people say of rows (docs/judges.md); empty: none.
        more: further parameters of each request, as they are, such as {top_p: 0.9}; null takes one of ours out.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"task": ("text_to_text",)}

    modes: list[str] = field(default_factory=lambda: [PAIRWISE])
    rows: int = 200
    draws: int = 1
    temperature: float = 0.0
    max_tokens: int = 256
    reference: bool = True
    prompt: str = ""
    labels: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses what could not be asked."""
        if not self.modes or len(set(self.modes)) < len(self.modes) or not set(self.modes) <= set(MODES):
            raise UsageError(f"judge.modes={self.modes}: name pairwise, rubric, or both, each once.")
        at_least("judge.rows", self.rows, 0)
        for name in ("draws", "max_tokens"):
            at_least(f"judge.{name}", getattr(self, name), 1)
        in_range("judge.temperature", self.temperature, 0, 2)
        if self.draws > 1 and self.temperature == 0:
            raise UsageError(
                f"judge.draws={self.draws} at judge.temperature=0 asks for the same answer again and again: set a "
                "temperature, such as 0.7, or one draw."
            )
        for name in ("prompt", "labels"):
            path = PurePosixPath(getattr(self, name))
            if path.is_absolute() or ".." in path.parts:
                raise UsageError(
                    f"judge.{name}={path} is not in the project: copy it there, and name it from its root."
                )

    @property
    def parameters(self) -> dict[str, Any]:
        """What each request says beside its messages and its model."""
        own = {"temperature": self.temperature, "max_tokens": self.max_tokens, **self.more}
        return {name: value for name, value in own.items() if value is not None}


@schema("judge", "openai")
class OpenAI(Asked):
    """A model behind an endpoint that speaks as OpenAI's chat completions do: a provider's, vLLM, llama.cpp, Ollama.

    Attributes:
        url: of the API, up to and without /chat/completions.
        model: the name of the model there.
        api_key_variable: the name of the environment variable that holds the key (empty: none is sent).
        price_in, price_out: of a million tokens of questions and of replies (in `currency`).
        currency: of the prices and of the budget.
        most_requests: the most questions that may be asked (0: no limit).
        most_money: the most that may be spent, in `currency` (0: no limit).
        concurrent: requests at the same time.
        timeout_s: how long an answer may take (seconds).
        retries: how often a request is sent again after an answer 429 or 5xx, or none, with growing pauses.
    """

    non_identity: ClassVar[tuple[str, ...]] = ("api_key_variable", "concurrent", "timeout_s", "retries")

    url: str = "http://localhost:8000/v1"
    model: str = "judge"
    api_key_variable: str = ""
    price_in: float = 0.0
    price_out: float = 0.0
    currency: str = "USD"
    most_requests: int = 1000
    most_money: float = 0.0
    concurrent: int = 4
    timeout_s: float = 60.0
    retries: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if urlsplit(self.url).scheme not in ("http", "https") or not urlsplit(self.url).hostname:
            raise UsageError(f"judge.url={self.url} is no address: give one such as http://localhost:8000/v1.")
        if not self.model:
            raise UsageError("judge.model is empty: give the name of a model that the endpoint serves.")
        if self.api_key_variable and not VARIABLE.fullmatch(self.api_key_variable):
            raise UsageError(
                "judge.api_key_variable is no name of an environment variable: put the key into one, and name it."
            )
        for name in ("price_in", "price_out", "most_requests", "most_money", "retries"):
            at_least(f"judge.{name}", getattr(self, name), 0)
        at_least("judge.concurrent", self.concurrent, 1)
        above("judge.timeout_s", self.timeout_s, 0)
        if not self.most_requests and not self.most_money:
            raise UsageError(
                "judge.most_requests=0 and judge.most_money=0 set no limit to what judging may cost: set one of them."
            )
        if self.most_money and not (self.price_in or self.price_out):
            raise UsageError(
                f"judge.most_money={self.most_money} can't be kept without prices: set judge.price_in and "
                "judge.price_out, for a million tokens."
            )


@schema("judge", "local")
class Local(Asked):
    """A model that an engine of this project serves for as long as it judges.

    Attributes:
        engine: which one (a folder of optimize/engines/ that has serve_model.py).
        gguf: the file of its weights, from the project's root or absolute.
        context_tokens: question and reply together (tokens).
        threads: CPU threads of the server (0: all that this process may use).
        timeout_s: how long an answer may take (seconds).
    """

    non_identity: ClassVar[tuple[str, ...]] = ("threads", "timeout_s")

    engine: str = "llamacpp"
    gguf: str = "judge.gguf"
    context_tokens: int = 4096
    threads: int = 0
    timeout_s: float = 600.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.engine != "llamacpp":
            raise UsageError(
                f"judge.engine={self.engine} serves no judge: choose llamacpp, or judge=openai and its URL."
            )
        if not self.gguf.endswith(".gguf"):
            raise UsageError(f"judge.gguf={self.gguf} does not end in .gguf: name a file of weights in that format.")
        at_least("judge.threads", self.threads, 0)
        above("judge.timeout_s", self.timeout_s, 0)
        above("judge.context_tokens", self.context_tokens, self.max_tokens)
