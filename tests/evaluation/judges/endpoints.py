"""A small HTTP server that answers as OpenAI's chat completions do, by a rule that a test gives it."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rule = Callable[[str], str]
"""From the user's message to the reply."""


@dataclass
class Played:
    """A server.

    Attributes:
        url: of its API.
        asked: the bodies of the requests that it answered, in the order in which they came.
        headers: of the same.
        failures: what the next requests get instead of an answer: status, body, headers.
        pause_s: before each answer.
    """

    rule: Rule
    url: str = ""
    usage: dict[str, int] | None = None
    model: str = "judge-2026"
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    failures: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    always: tuple[int, str] | None = None
    pause_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, str, dict[str, str]]:
        time.sleep(self.pause_s)
        with self.lock:
            if path != "/v1/chat/completions":
                return 404, "no such route", {}
            if self.failures:
                return self.failures.pop(0)
            if self.always:
                return (*self.always, {})
            self.asked.append(body)
            self.headers.append(headers)
        text = self.rule(body["messages"][-1]["content"])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        reply: dict[str, Any] = {"object": "chat.completion", "model": self.model, "choices": [choice]}
        return 200, json.dumps(reply | ({"usage": self.usage} if self.usage else {})), {}


@contextmanager
def played(rule: Rule, **settings: Any) -> Iterator[Played]:
    """A server that answers by the rule, while the block runs."""
    server = Played(rule, **settings)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, text, more = server.answer(self.path, dict(self.headers), body)
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **more}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:
                pass  # who asked is gone

        def log_message(self, *arguments: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def between(message: str, what: str) -> str:
    """The text that is in a message between the marks of `what`, such as `answer A`."""
    found = re.search(rf"^(\[\w+\]) {what} begins\n(.*?)\n\1 {what} ends", message, re.DOTALL | re.MULTILINE)
    assert found, message
    return found[2]


def winner(name: str) -> str:
    return json.dumps({"winner": name})


def longer(message: str) -> str:
    """Prefers the longer answer, whichever position it has."""
    a, b = (len(between(message, f"answer {name}")) for name in "AB")
    return winner("tie" if a == b else "A" if a > b else "B")


def first(message: str) -> str:
    """Always the one that stands first."""
    return winner("A")


def garbage(message: str) -> str:
    return "I like A, but the winner is B."


def graded(message: str) -> str:
    """Grades by the length of the answer."""
    grade = min(5, len(between(message, "answer")))
    return f"```json\n{json.dumps({'correct': grade, 'complete': grade, 'clear': 5})}\n```"
