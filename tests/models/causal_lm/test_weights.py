"""Base weights from a folder, whose content counts, and from a hub, for which a server on this machine is in."""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file, save_file

from shipworthy.core import noted_hash
from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.core.sources.schema import Folder, Hub, Source, Url, Wheel
from shipworthy.models.causal_lm.base import base_folder, digest, place
from shipworthy.models.causal_lm.schema import CausalLM, Shape
from shipworthy.models.causal_lm.weights import fetch
from tests.tiny import write_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))


def config(source: Source, **settings: Any) -> CausalLM:
    return CausalLM(name="tiny", licence="none", source=source, **settings)


def double(weights: Path) -> None:
    save_file({name: tensor * 2 for name, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"})


def written(folder: Path) -> int:
    """What a folder takes on disk (bytes): files of its own, not those to which it links."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink() and path.is_file())


def test_a_folder_is_used_where_it_stands_and_known_by_its_content(tmp_path: Path) -> None:
    mine = write_model(tmp_path / "mine")
    model = config(Folder(path=str(mine)))
    first = fetch(model)
    assert fetch(model) == first == base_folder(model)
    assert (first / "model.safetensors").resolve() == mine / "model.safetensors"
    assert written(first) < 10_000 < (mine / "model.safetensors").stat().st_size
    before = digest(model)
    double(mine / "model.safetensors")
    with pytest.raises(ArtifactError, match=r"mine/model\.safetensors is not what it was when it was fetched: fetch"):
        base_folder(model)
    second = fetch(model)
    assert second == base_folder(model) != first
    assert digest(model) != before
    assert place(config(Folder(path=str(mine)), template="qwen")) != second
    (mine / "tokenizer_config.json").write_text(
        json.dumps(json.loads((mine / "tokenizer_config.json").read_text()) | {"model_max_length": 7})
    )
    assert fetch(model) not in {first, second}
    (mine / "README.md").write_text("no part of the model")
    assert fetch(model) == base_folder(model)
    mine.rename(tmp_path / "moved")
    with pytest.raises(ArtifactError, match=r"leads to no file, for .*mine/.* is gone: fetch them"):
        base_folder(model)
    moved = config(Folder(path=str(tmp_path / "moved")))
    assert fetch(moved) == base_folder(moved) == base_folder(model)  # the path does not count


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, read = write_model(tmp_path / "mine"), []
    model = config(Folder(path=str(mine)))
    fetch(model)
    real = noted_hash.sha256_of_file
    monkeypatch.setattr(noted_hash, "sha256_of_file", lambda path: read.append(path.name) or real(path))
    fetch(model)
    assert read == []
    double(mine / "model.safetensors")
    fetch(model)
    assert read == ["model.safetensors"]


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match=r"source\.path=.*gone: there is no .*gone: correct the path\.$"):
        fetch(config(Folder(path=str(tmp_path / "gone"))))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ShipworthyError, match=r"holds no file of a model: correct the path\.$"):
        fetch(config(Folder(path=str(tmp_path / "empty"))))
    (tmp_path / "empty" / "tokenizer.json").write_text("{}")
    with pytest.raises(ShipworthyError, match=r"empty holds no language model .* \(no config\.json\): correct model"):
        fetch(config(Folder(path=str(tmp_path / "empty"))))
    (tmp_path / "empty" / "a.gguf").touch()
    with pytest.raises(ShipworthyError, match=r"\(no config\.json\): give the path of one GGUF file, such as .*a"):
        fetch(config(Folder(path=str(tmp_path / "empty"))))
    (tmp_path / "mine.gguf").write_text("no GGUF")
    with pytest.raises(ShipworthyError, match=r"mine\.gguf holds no language model that can be read \(.*\): correct"):
        fetch(config(Folder(path=str(tmp_path / "mine.gguf"))))


def test_one_file_of_weights_is_a_gguf_file() -> None:
    with pytest.raises(UsageError, match=r"model\.source: 'https://a/b\.bin' does not end in \.gguf"):
        config(Url(url="https://a/b.bin", sha256="0" * 64))
    with pytest.raises(UsageError, match=r"model\.source: '' does not end in \.gguf"):
        config(Wheel(package="p", version="1", filename="p.whl", sha256="0" * 64))
    with pytest.raises(UsageError, match=r"source\.repository=/a/b is no repository of the hub: .* kind: folder"):
        Hub(repository="/a/b")


class Repository:
    """The hub's answers about one repository, `me/tiny`."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.answer(self, folder)

            do_HEAD = do_GET

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler, folder: Path) -> None:
        path = request.path.partition("?")[0]
        files = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
        name = path.rpartition(f"/resolve/{COMMIT}/")[2]
        body, status, headers = b"", 404, {"X-Error-Code": "RepoNotFound"}
        if path.startswith("/api/models/me/tiny/revision/"):
            info = {"id": "me/tiny", "sha": COMMIT, "siblings": [{"rfilename": one} for one in files]}
            body, status, headers = json.dumps(info).encode(), 200, {"Content-Type": "application/json"}
        elif path.startswith("/api/models/me/tiny/tree/"):
            tree = [
                {"type": "file", "path": one, "size": (folder / one).stat().st_size, "oid": "0" * 40} for one in files
            ]
            body, status, headers = json.dumps(tree).encode(), 200, {"Content-Type": "application/json"}
        elif path.startswith("/me/tiny/resolve/") and name in files:
            body, status = (folder / name).read_bytes(), 200
            headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
            self.asked += [name] if request.command == "GET" else []
        request.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(key, value)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)


def ask(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `huggingface_hub` ask another server; it reads HF_ENDPOINT and HF_HOME only when it is imported."""
    asking = partial(snapshot_download, endpoint=url, cache_dir=tmp_path / "hf")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", asking)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    folder = write_model(tmp_path / "tiny")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"not asked for")
    (folder / "model.onnx").write_bytes(b"not asked for")
    repository = Repository(folder)
    ask(repository.url, tmp_path, monkeypatch)
    yield repository
    repository.server.shutdown()
    repository.server.server_close()


def test_a_repository_of_the_hub_is_fetched_once_and_no_more_of_it_than_is_read(
    hub: Repository, tmp_path: Path
) -> None:
    model = config(Hub(repository="me/tiny", revision="main"))
    folder = fetch(model)
    read = load_file(folder / "model.safetensors")
    assert all(torch.equal(read[name], value) for name, value in load_file(tmp_path / "tiny/model.safetensors").items())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(hub.asked)
    assert not {"onnx/model.safetensors", "model.onnx"} & set(hub.asked)
    assert json.loads((folder / "manifest.json").read_text())["inputs"] == {"hub": COMMIT}
    assert written(folder) < 10_000  # the weights are those of the hub's cache
    before = len(hub.asked)
    assert fetch(model) == folder
    assert len(hub.asked) == before


def test_what_the_hubs_cache_lost_is_fetched_again_and_what_was_damaged_there_is_refused(
    hub: Repository, tmp_path: Path
) -> None:
    model = config(Hub(repository="me/tiny", revision="main"))
    before = fetch(model), digest(model)
    shutil.rmtree(tmp_path / "hf")
    with pytest.raises(ArtifactError, match="leads to no file, for .* is gone: fetch them"):
        base_folder(model)
    assert (fetch(model), digest(model)) == before
    double((before[0] / "model.safetensors").resolve())
    with pytest.raises(ArtifactError, match="is not what it was when it was fetched"):
        base_folder(model)
    with pytest.raises(ShipworthyError, match=r"blobs/\w{64} has sha256 \w{64}, so it was damaged: delete it"):
        fetch(model)


def test_weights_are_not_fetched_of_what_cannot_be_trained(hub: Repository, tmp_path: Path) -> None:
    (tmp_path / "tiny" / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForMaskedLM"]}')
    with pytest.raises(ShipworthyError, match="me/tiny of the hub holds a BertForMaskedLM, no BertLMHeadModel"):
        fetch(config(Hub(repository="me/tiny")))
    assert "config.json" in hub.asked
    assert "model.safetensors" not in hub.asked


def test_a_random_shape_takes_the_tokenizer_of_a_repository_and_none_of_its_weights(hub: Repository) -> None:
    shape = Shape(hidden_size=8, intermediate_size=8, layers=1, heads=2, kv_heads=1)
    folder = fetch(config(Hub(repository="me/tiny"), shape=shape))
    assert load_file(folder / "model.safetensors")["model.embed_tokens.weight"].shape[1] == 8
    assert "tokenizer.json" in hub.asked
    assert "model.safetensors" not in hub.asked


def test_a_hub_that_is_out_of_reach_is_one_sentence(
    hub: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ShipworthyError, match=r"^me/gone of the hub cannot be fetched \(.*\): check its name.*\.$"):
        fetch(config(Hub(repository="me/gone")))
    ask("http://127.0.0.1:9", tmp_path, monkeypatch)
    with pytest.raises(ShipworthyError, match=r"^me/tiny of the hub cannot be fetched \(.*\): .* and the network\.$"):
        fetch(config(Hub(repository="me/tiny")))
