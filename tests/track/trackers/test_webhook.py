"""Alerts reach a real listener, with any tracker; one that is not there is a line, without its address."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.build import build
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.schema import Mlflow, NoTracker
from shipworthy.track.trackers.webhook import VARIABLE

Posts = list[dict[str, Any]]


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    got: Posts = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{server.server_port}/planted-path")
        yield got
        server.shutdown()


def alerted(tracker: Any) -> None:
    tracker.start(Identity("0" * 16, "train"))
    tracker.alert("overfitting", "the gap grows", 7)
    tracker.finish("finished")


def test_with_no_tracker(posts: Posts) -> None:
    alerted(build(NoTracker()))
    (post,) = posts
    assert post.pop("host")
    assert post == {"title": "overfitting", "text": "the gap grows", "run_id": "0" * 16, "step": 7}


def test_with_mlflow_too_and_its_address_is_written_nowhere(posts: Posts, run: Path, database: Path) -> None:
    alerted(BufferedTracker(Mlflow(uri=f"sqlite:///{database}", flush_s=0.0), run / "tracker"))
    assert len(posts) == 1
    files = [path for path in run.rglob("*") if path.is_file()]
    assert files and not any(b"planted-path" in path.read_bytes() for path in files)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/planted-path", "no url with planted-path"])
def test_one_that_is_not_there_disturbs_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    alerted(build(NoTracker()))
    said = capsys.readouterr().out
    assert f"the webhook of {VARIABLE} did not take an alert" in said
    assert "planted-path" not in said
