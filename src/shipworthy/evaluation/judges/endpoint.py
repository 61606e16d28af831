"""An endpoint that speaks as OpenAI's chat completions do: one question, one answer, or one sentence of what is wrong.

https://platform.openai.com/docs/api-reference/chat
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from threading import Event
from typing import Any

import httpx

from shipworthy.core.certificates import trusted
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.secrets import redact
from shipworthy.evaluation.judges.budget import tokens_of
from shipworthy.evaluation.judges.cache import Answer
from shipworthy.evaluation.judges.questions import Question

PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""What an endpoint says with a code below 500 although another attempt may succeed."""
KEPT = "what was answered is kept, so run the command again"
SHOWN = 200


class Endpoint:
    """A model behind a URL.

    Args:
        url: of the API, without /chat/completions.
        model: its name there.
        parameters: of each request, beside model and messages.
        timeout_s: for one answer (seconds).
        retries: how often a request is sent again.
        key: what is sent as the bearer token (empty: nothing).
        key_from: where the key comes from, for messages.
        seeded: whether each draw is sent as the sampling's seed.
    """

    def __init__(
        self,
        url: str,
        model: str,
        parameters: Mapping[str, Any],
        timeout_s: float = 60.0,
        retries: int = 0,
        *,
        key: str = "",
        key_from: str = "",
        seeded: bool = False,
    ) -> None:
        self.url = f"{url.rstrip('/')}/chat/completions"
        self.model, self.parameters, self.key_from, self.seeded = model, parameters, key_from, seeded
        self.timeout_s, self.retries = timeout_s, retries
        self.stopped = Event()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(verify=trusted(), timeout=timeout_s, headers=headers)

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def ask(self, question: Question) -> Answer:
        """One answer; threads may ask at once.

        Raises:
            ShipworthyError: none came, or the endpoint refuses.
        """
        body = {"model": self.model, "messages": list(question.messages), **self.parameters}
        if self.seeded:
            body["seed"] = question.draw
        for attempt in range(self.retries + 1):
            try:
                response = self._client.post(self.url, json=body)
            except httpx.TimeoutException:
                failure, pause = f"gave no answer in {self.timeout_s:g} s", 0.0
            except httpx.TransportError as error:
                failure, pause = f"can't be reached ({error})", 0.0
            else:
                if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and response.status_code not in PASSING:
                    return self._read(response, question)
                failure, pause = f"answered {_status(response)}: {_reason(response)}", _retry_after(response)
            if attempt < self.retries:
                self.stopped.wait(min(pause or PAUSE_S * 2**attempt, LONGEST_PAUSE_S))
            if self.stopped.is_set():
                break
        times = f", asked {self.retries + 1} times" if self.retries else ""
        raise ShipworthyError(f"The judge's endpoint {self.url} {failure}{times}: see to it; {KEPT}.")

    def _read(self, response: httpx.Response, question: Question) -> Answer:
        """The answer in a response.

        Raises:
            ShipworthyError: it is a refusal, or not such a response.
        """
        if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            remedy = (
                f"look at the key in {self.key_from}"
                if self.key_from
                else "name the environment variable that holds its key, judge.api_key_variable=NAME"
            )
            raise ShipworthyError(f"The judge's endpoint {self.url} answered {_status(response)}: {remedy}.")
        if not response.is_success:
            raise ShipworthyError(
                f"The judge's endpoint {self.url} answered {_status(response)} to a question for the model "
                f"'{self.model}': {_reason(response)}; correct judge.url, judge.model or the parameter that it names."
            )
        try:
            found = response.json()
            text = found["choices"][0]["message"]["content"]
            usage = found.get("usage") or {}
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ShipworthyError(
                f"The judge's endpoint {self.url} answered with something else than a chat completion: "
                f"{response.text[:SHOWN]!r}; correct judge.url."
            ) from error
        text = text if isinstance(text, str) else ""  # null: it refused, or called a tool
        written = Question(0, "", "", 0, [{"content": text}])
        return Answer(
            text,
            str(found.get("model") or self.model),
            _number(usage, "prompt_tokens", tokens_of(question)),
            _number(usage, "completion_tokens", tokens_of(written)),
        )


def _number(usage: Any, name: str, otherwise: int) -> int:
    found = usage.get(name) if isinstance(usage, Mapping) else None
    return found if isinstance(found, int) and found >= 0 else otherwise


def _status(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".rstrip()


def _reason(response: httpx.Response) -> str:
    """What the endpoint says of an error, on one line."""
    try:
        found = response.json()
        said = found["error"]["message"] if isinstance(found["error"], dict) else found["error"]
    except (json.JSONDecodeError, UnicodeDecodeError, LookupError, TypeError):
        said = response.text
    return redact(" ".join(str(said).split()))[:SHOWN].rstrip(".") or "it says no more"


def _retry_after(response: httpx.Response) -> float:
    """The pause that the endpoint asks for (seconds); 0 where it asks for none."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return 0.0
