"""Requests of every kind, to the packages' own scripts, in every locale."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest

from shipworthy.models.tfidf.family import TfidfModel
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.optimize.package.scripts import json_lines
from tests.models import samples
from tests.optimize.package.made import WORDS, fitted, language, texts

LINES = [
    b'{"text.body": "create\xe2\x80\xa8a\xc2\x85queue"}',
    b'{"text.body": "delete it\\r\\u2028"}\r',
    b"",
    b'{"text.body": "caf\xe9"}',
    b'{"text.body": "half \\ud83d"}',
    b'{"text.body": "\\ud83d\\ude00"}',
    b"not json",
    b"[1]",
    b'{"text.body": null}',
    b'{"other": "x"}',
    b'{"text.body": 12}',
]
SAID = [
    "", "", "line 4 is not UTF-8 (byte 19)", "line 5 holds half of a pair of surrogates, \\ud83d", "",
    "line 7 is no JSON", "line 8 is no JSON object", "a row lacks text.body", "a row lacks text.body", "",
]  # fmt: skip
"""What is wrong with each line that is not blank; empty: nothing."""


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    train = samples.operations().with_columns(pl.col("answer").str.extract("^(Delete|Create)")).drop_nulls()
    model = TfidfModel(Tfidf(template="{{É}} {text.body}", min_count=1))
    model.fit(train.rename({"description": "text.body"}), train, 0)
    return fitted(folder, model, WORDS, texts("text.body"))


def asked(
    folder: Path, *arguments: str, lines: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    own = {"PATH": os.environ["PATH"], **environment}
    command = [sys.executable, "-S", "-E", str(folder / "predict"), *arguments]
    if "PYTHONUTF8" in environment:
        command.remove("-E")
    return subprocess.run(command, input=lines, capture_output=True, check=False, env=own)


@pytest.mark.parametrize(
    "environment",
    [{"LANG": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}],
)  # fmt: skip
def test_each_line_is_answered_or_says_why_not(words: Path, environment: dict[str, str]) -> None:
    done = asked(words, lines=b"\xef\xbb\xbf" + b"\n".join(LINES), **environment)
    found = [json.loads(line) for line in done.stdout.split(b"\n") if line]
    for line, said in zip(found, SAID, strict=True):
        assert ("prediction" in line) is (said == ""), line
        assert said in line.get("error", "")
    assert done.returncode == 1
    assert done.stderr.decode().strip() == "predict: 6 of 10 lines have no answer; each says why."
    done = asked(words, lines=b"\n".join(LINES[:2]), **environment)
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (0, 2, b"")


def test_words_on_the_command_line_are_a_row(words: Path) -> None:
    assert asked(words, "text.body=create é", LC_ALL="C").stdout.strip() in (b"Create", b"Delete")
    done = asked(words, "create")
    assert (done.returncode, done.stderr.strip()) == (1, b"predict: 'create' is not column=value.")


def test_a_server_answers_line_by_line_and_a_client_sees_it(words: Path) -> None:
    port = _free()
    with subprocess.Popen(
        [sys.executable, "-I", str(words / "predict"), "--serve", str(port)], stdout=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith(b"serving on")
            url = f"http://127.0.0.1:{port}"
            done = asked(words, "--url", url, lines=b"\n".join(LINES))
            found = [json.loads(line) for line in done.stdout.split(b"\n") if line]
            assert [("prediction" in line) for line in found] == [not said for said in SAID]
            refused = asked(words, "--url", url, "other=1")
            assert refused.stderr.startswith(b"predict: a row lacks text.body")
        finally:
            server.terminate()


def _free() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Llama(BaseHTTPRequestHandler):
    """A server that answers what it was asked, and refuses what is too long."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        self.send_response(400 if "long" in text else 200)
        self.end_headers()
        answer: Any = {"choices": [{"message": {"content": f" {text} "}}]}
        self.wfile.write(b"too long" if "long" in text else json.dumps(answer).encode())

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


def test_a_language_model_goes_on_after_a_bad_line(tmp_path: Path) -> None:
    language(tmp_path, {"system": "s", "prompt": "{{x}} {text.body}"}, texts("text.body"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Llama)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        lines = [*LINES[:9], b'{"text.body": "long"}', b'{"text.body": "last \xc3\xa9"}']
        done = asked(tmp_path, "--url", url, lines=b"\n".join(lines), LC_ALL="C", PYTHONUTF8="0")
        found = [json.loads(line) for line in done.stdout.split(b"\n") if line]
        assert found[0] == {"prediction": "{x} create\u2028a\u0085queue"}
        assert found[-1] == {"prediction": "{x} last é"}
        assert found[-2] == {"error": "the server answers 400: too long"}
        assert found[-3]["error"] == "a row lacks text.body; it needs text.body"
        assert done.returncode == 1
    finally:
        server.shutdown()


def test_a_batch_that_fails_is_asked_row_by_row() -> None:
    def ask(rows: Any) -> Any:
        if any(row["a"] == 2 for row in rows):
            raise TypeError("no twos")
        return [{"prediction": row["a"]} for row in rows]

    lines = [json.dumps({"a": number}).encode() for number in range(5)]
    found = list(json_lines.answers(lines, ask, at_once=3))
    assert found == [{"prediction": 0}, {"prediction": 1}, {"error": "TypeError: no twos"}, {"prediction": 3},
                     {"prediction": 4}]  # fmt: skip
