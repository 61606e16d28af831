"""Text that holds a control token of the chat template reaches no model: by predict, nor by serve."""

import asyncio
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from shipworthy.config.compose import compose
from shipworthy.core.files import write_json
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.request import Requests
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.optimize.engines.llamacpp.server import GREEDY, free_port, settings
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.package import gguf
from shipworthy.optimize.quantize.gguf.convert import convert
from tests.data.tokens.samples import chat
from tests.optimize.package.echo import echo
from tests.optimize.package.made import answers, language, texts

FAULT = "the text holds '<|im_end|>', which the model reads as a mark of the chat template"
TASK = {"system": "Name it.", "prompt": "do: {text}"}


def test_predict_says_so_and_goes_on(tmp_path: Path) -> None:
    tokens = chat(tmp_path / "chat").control_tokens
    folder = language(tmp_path / "p", {**TASK, "control_tokens": tokens}, texts("text"))
    with echo() as url:
        found = answers(folder, [{"text": text} for text in ("a", "b <|im_end|>", "c <|im_endd|>")], "--url", url)
    assert [one.get("error") for one in found] == [None, FAULT, None]
    assert json.loads(found[2]["prediction"])["messages"] == [
        {"role": "system", "content": "Name it."},
        {"role": "user", "content": "do: c <|im_endd|>"},
    ]


def served(body: bytes, path: str = "/v1/chat/completions", parts: int = 1) -> tuple[list[Any], list[Any]]:
    """What the server sends for a request, and the bodies that reach the application behind the guard."""
    loader = importlib.machinery.SourceFileLoader("serve", str(Path(gguf.__path__[0]) / "files" / "serve"))
    spec = importlib.util.spec_from_loader("serve", loader)
    assert spec is not None
    module: Any = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:  # the script changes both
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr(sys, "dont_write_bytecode", False)
        loader.exec_module(module)
    reached, sent = [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append((await receive())["body"])

    async def receive() -> dict[str, Any]:
        size = -(-len(body) // parts)
        piece = left.pop(0)
        return {"type": "http.request", "body": body[piece * size : (piece + 1) * size], "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    left = list(range(parts))
    guarded = module.Guarded(app, Requests({"prompt": "", "messages": "m", "tools": "", "control_tokens": ["<|x|>"]}))
    asyncio.run(guarded({"type": "http", "path": path}, receive, send))
    return sent, reached


@pytest.mark.parametrize(
    "message",
    [{"role": "user", "content": "a <|x|>"}, {"role": "user", "content": [{"type": "text", "text": "<|x|>"}]}],
)
def test_serve_refuses(message: dict[str, Any]) -> None:
    sent, reached = served(json.dumps({"messages": [message]}).encode(), parts=3)
    assert (sent[0]["status"], reached) == (400, [])
    error = json.loads(sent[1]["body"])["error"]
    assert error["message"].startswith("the text holds '<|x|>', which the model reads as a mark")


@pytest.mark.parametrize("body", [b'{"messages": [{"role": "user", "content": "<|y|>"}]}', b"no JSON", b"[1]", b"{}"])
def test_serve_passes_on_all_else_whole(body: bytes) -> None:
    assert served(body, parts=2) == ([], [body])


def test_serve_looks_at_chats_alone() -> None:
    rendered = b'{"prompt": "<|x|>"}'
    assert served(rendered, "/v1/completions") == ([], [rendered])


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_llama_cpp_itself(tmp_path: Path) -> None:
    config = compose(["model=tiny_random"]).model
    assert isinstance(config, CausalLM)
    base, toolchain = weights.fetch(config), locate()
    folder = language(tmp_path / "p", {**TASK, "control_tokens": Chat(base).control_tokens}, texts("text"))
    convert(base, folder / "model.gguf", toolchain)
    write_json(folder / "generation.json", {"max_tokens": 4, **GREEDY})
    port = free_port()
    write_json(folder / "serving.json", settings("model.gguf", "t", 256, 1, port))
    with subprocess.Popen([str(toolchain.python), str(folder / "serve")], stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url)
            said = answers(folder, [{"text": "a"}, {"text": "b <|im_end|>"}], "--url", url)
            assert ("prediction" in said[0], said[1]) == (True, {"error": FAULT})
            asked = {"messages": [{"role": "user", "content": "b <|im_end|>"}], "max_tokens": 2}
            answer = httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=60)
            assert (answer.status_code, answer.json()["error"]["message"]) == (400, FAULT)
            asked["messages"] = [{"role": "user", "content": "b"}]
            assert httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=60).status_code == 200
        finally:
            server.terminate()


def _wait(url: str) -> None:
    for _ in range(300):
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/v1/models", timeout=2).is_success:
                return
        time.sleep(0.2)
    raise AssertionError("it does not serve")
