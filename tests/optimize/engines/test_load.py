"""The client, against a small server of the standard library that streams as an OpenAI-compatible one does."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.optimize.engines.llamacpp.load import load

PAUSE = 0.05


class Streamer(BaseHTTPRequestHandler):
    """Says each word of the last message back, with a pause before each.

    'cut' ends without a reason; 'meet' is answered if three others are under way at the same time.
    """

    meeting = threading.Barrier(4)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = body["messages"][-1]["content"].split()
        self.send_response(500 if words == ["fail"] or (words == ["meet"] and not self._met()) else 200)
        self.end_headers()
        for word in words:
            time.sleep(PAUSE)
            self._event({"delta": {"content": f"{word} "}, "finish_reason": None})
        if "cut" not in words:
            self._event({"delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")

    def _met(self) -> bool:
        """Whether three others come in time."""
        try:
            self.meeting.wait(3)
        except threading.BrokenBarrierError:
            return False
        return True

    def _event(self, choice: dict[str, object]) -> None:
        self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Streamer) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()


def bodies(*texts: str) -> list[list[dict[str, object]]]:
    """Documents of one chunk each."""
    return [[{"messages": [{"role": "user", "content": text}]}] for text in texts]


def test_answers_and_times_are_those_of_each_request() -> None:
    with server() as url:
        documents, _ = load(url, bodies("a b c d", "e"), 1, "")
    replies = [reply for (reply,) in documents]
    assert [reply.text for reply in replies] == ["a b c d ", "e "]
    assert PAUSE <= replies[0].first < replies[0].seconds
    assert replies[0].seconds >= 4 * PAUSE > replies[1].first


def test_a_documents_chunks_are_asked_one_after_the_other() -> None:
    with server() as url:
        replies, seconds = load(url, [[body for (body,) in bodies("a", "b", "c")], *bodies("d")], 2, "")
    assert [[reply.text for reply in document] for document in replies] == [["a ", "b ", "c "], ["d "]]
    assert seconds >= sum(reply.seconds for reply in replies[0]) >= 3 * PAUSE


def test_as_many_requests_are_under_way_as_there_are_clients() -> None:
    """With four clients four requests meet at the server; a single client's would wait for the others for ever."""
    with server() as url:
        replies, _ = load(url, bodies(*["meet"] * 8), 4, "")
        assert [reply.text for (reply,) in replies] == ["meet "] * 8
        with pytest.raises(ShipworthyError, match="answered 500"):
            load(url, bodies("meet"), 1, "")


def test_an_answer_that_was_cut_off_is_no_answer() -> None:
    """llama_cpp's server does this to 3 of 4 concurrent requests unless told not to; the status is 200."""
    with server() as url, pytest.raises(ShipworthyError, match="broke off an answer after 2 pieces"):
        load(url, bodies("fine", "cut off"), 2, "")


def test_an_error_is_no_answer() -> None:
    with server() as url, pytest.raises(ShipworthyError, match="answered 500"):
        load(url, bodies("fail"), 1, "")
