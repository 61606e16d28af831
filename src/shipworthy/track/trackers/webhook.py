"""Alerts to whoever set SHIPWORTHY_WEBHOOK: a POST of JSON, in a thread, that never disturbs the run."""

import os
import socket
import threading

import httpx

from shipworthy.core.progress import say

VARIABLE = "SHIPWORTHY_WEBHOOK"
TIMEOUT_S = 5.0


class Webhook:
    """Posts {"title", "text", "run_id", "step", "host"}; the URL itself is recorded nowhere."""

    def __init__(self, run_id: str) -> None:
        """Reads the URL from the environment; without one, posts are dropped."""
        self._run_id, self._url = run_id, os.environ.get(VARIABLE, "")
        self._posts: list[threading.Thread] = []

    def post(self, title: str, text: str, step: int) -> None:
        """Posts in the background."""
        if self._url:
            content = {"title": title, "text": text, "run_id": self._run_id, "step": step, "host": socket.gethostname()}
            self._posts.append(threading.Thread(target=self._send, args=(content,), name="webhook", daemon=True))
            self._posts[-1].start()

    def wait(self) -> None:
        """Lets what was posted last go out, within the time of one try."""
        for thread in self._posts:
            thread.join(TIMEOUT_S)

    def _send(self, content: dict[str, str | int]) -> None:
        try:
            httpx.post(self._url, json=content, timeout=TIMEOUT_S).raise_for_status()
        except httpx.HTTPStatusError as error:
            said = f"it answered {error.response.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            said = type(error).__name__  # its own sentence may name the URL
        else:
            return
        say(f"the webhook of {VARIABLE} did not take an alert ({said}): {content['title']}")
