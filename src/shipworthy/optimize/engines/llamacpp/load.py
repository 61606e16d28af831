"""Streamed requests to an OpenAI-compatible server, some at the same time, and how long they took."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import track

TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Reply:
    """A streamed answer.

    Attributes:
        text: all of it.
        first: from the request to the first piece of text, or to the end if there was none (seconds).
        seconds: from the request to the end.
    """

    text: str
    first: float
    seconds: float


def ask(client: httpx.Client, url: str, body: Mapping[str, Any]) -> Reply:
    """One streamed chat completion.

    Raises:
        ShipworthyError: an error, or a stream that ended without saying why: that is how llama_cpp's server cuts off a
            request when another comes in.
    """
    started = time.perf_counter()
    pieces: list[str] = []
    first = 0.0
    reason = None
    with client.stream("POST", f"{url}/chat/completions", json={**body, "stream": True}) as response:
        if response.status_code != 200:
            raise ShipworthyError(f"{url} answered {response.status_code}: {response.read().decode()[:300]}")
        for line in response.iter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            event = json.loads(line.removeprefix("data: "))
            if "choices" not in event:
                raise ShipworthyError(f"{url} broke off an answer: {line[:300]}")
            choice = event["choices"][0]
            if piece := choice["delta"].get("content"):
                first = first or time.perf_counter() - started
                pieces.append(piece)
            reason = choice["finish_reason"] or reason
    seconds = time.perf_counter() - started
    if reason is None:
        raise ShipworthyError(f"{url} broke off an answer after {len(pieces)} pieces, without a reason.")
    return Reply("".join(pieces), first or seconds, seconds)


def load(
    url: str, documents: Sequence[Sequence[Mapping[str, Any]]], clients: int, what: str
) -> tuple[list[list[Reply]], float]:
    """Every document once, `clients` of them at the same time.

    Args:
        documents: the bodies of each, sent one after the other: one, or one for each chunk of its text.

    Returns:
        The replies in the order of the bodies, and the seconds from the first request to the last answer.
    """
    started = time.perf_counter()
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client, ThreadPoolExecutor(clients) as pool:

        def replies(bodies: Sequence[Mapping[str, Any]]) -> list[Reply]:
            return [ask(client, url, body) for body in bodies]

        found = list(track(pool.map(replies, documents), what, len(documents)))
    return found, time.perf_counter() - started
