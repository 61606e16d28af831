"""Downloads against a real server on this machine: cut, resumed, corrupt, changed, out of reach."""

import hashlib
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.sources import build
from shipworthy.core.sources import download as module
from shipworthy.core.sources.schema import Url, Wheel

FILENAME = "cargo-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: cargo\nVersion: 1.0\n"


class Index:
    """A package index with one wheel; `cut` bytes are sent before the connection ends, once."""

    def __init__(self, wheel: bytes) -> None:
        self.wheel = wheel
        self.cut: int | None = None
        self.ranges: list[str | None] = []
        self.knows_ranges = True
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.answer(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.split("?")[0]
        if name.endswith(".metadata"):
            self.send(request, 200, METADATA.encode())
        elif name.endswith(".whl"):
            self.send_wheel(request)
        elif "cargo" in name:
            page = f'<a href="/files/{FILENAME}" data-core-metadata="true">{FILENAME}</a>'
            self.send(request, 200, page.encode(), "text/html")
        else:
            self.send(request, 404, b"")

    def send_wheel(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        if not (asked and self.knows_ranges):
            self.send(request, 200, self.wheel)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.wheel):
            self.send(request, 416, b"")
        else:
            span = f"bytes {start}-{len(self.wheel) - 1}/{len(self.wheel)}"
            self.send(request, 206, self.wheel[start:], **{"Content-Range": span})

    def send(
        self, request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/zip", **headers: str
    ) -> None:
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        cut, self.cut = (self.cut, None) if body[:2] == self.wheel[:2] or status == 206 else (None, self.cut)
        request.wfile.write(body[:cut])
        request.close_connection = True


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("wheel") / FILENAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cargo/ware.txt", "ware " * 400_000)
        archive.writestr("cargo-1.0.dist-info/METADATA", METADATA)
        archive.writestr("cargo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("cargo-1.0.dist-info/RECORD", "")
    return path.read_bytes()


@pytest.fixture
def index(wheel: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    index = Index(wheel)
    for name, value in {
        "PIP_INDEX_URL": f"{index.url}/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    yield index
    index.server.shutdown()
    index.server.server_close()


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pin(sha256: str, **settings: str) -> Wheel:
    return Wheel(**{"package": "cargo", "version": "1.0", "filename": FILENAME, "sha256": sha256, **settings})


def fetch(folder: Path, sha256: str) -> Path:
    return build.fetch(pin(sha256), folder)


def test_a_file_is_fetched_once(index: Index, wheel: bytes, tmp_path: Path) -> None:
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel
    assert index.ranges == [None]
    assert not list(tmp_path.glob("*.part"))


def test_a_cut_connection_is_taken_up_where_it_ended(index: Index, wheel: bytes, tmp_path: Path) -> None:
    index.cut = 1_200_000
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel
    assert index.ranges == [None, "bytes=1200000-"]


def test_what_was_received_is_kept_for_the_next_command(
    index: Index, wheel: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    real = index.send_wheel

    def then_away(request: BaseHTTPRequestHandler) -> None:
        if index.ranges:
            index.ranges.append("refused")
            request.close_connection = True
        else:
            real(request)

    index.cut = 700_000
    monkeypatch.setattr(index, "send_wheel", then_away)
    with pytest.raises(ShipworthyError, match="broke off after 700,000 bytes.*what was received is kept"):
        fetch(tmp_path, sha(wheel))
    assert (tmp_path / f"{FILENAME}.part").read_bytes() == wheel[:700_000]
    assert not (tmp_path / FILENAME).exists()
    monkeypatch.setattr(index, "send_wheel", real)
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel
    assert index.ranges[-1] == "bytes=700000-"


def test_a_server_without_ranges_starts_anew(index: Index, wheel: bytes, tmp_path: Path) -> None:
    index.knows_ranges = False
    (tmp_path / f"{FILENAME}.part").write_bytes(wheel[:1000])
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel


def test_a_part_longer_than_the_file_is_thrown_away(index: Index, wheel: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{FILENAME}.part").write_bytes(wheel + b"more")
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel


def test_a_changed_source_is_refused_with_both_hashes(index: Index, wheel: bytes, tmp_path: Path) -> None:
    pinned = "0" * 64
    with pytest.raises(ShipworthyError) as caught:
        fetch(tmp_path, pinned)
    assert pinned in str(caught.value)
    assert sha(wheel) in str(caught.value)
    assert not [path for path in tmp_path.iterdir() if not path.name.endswith(".lock")]


def test_a_corrupt_part_is_refused_and_the_next_command_heals_it(index: Index, wheel: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{FILENAME}.part").write_bytes(b"\0" * 5000)
    with pytest.raises(ShipworthyError, match=sha(b"\0" * 5000 + wheel[5000:])):
        fetch(tmp_path, sha(wheel))
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(index: Index, wheel: bytes, tmp_path: Path) -> None:
    (tmp_path / FILENAME).write_bytes(wheel[:-1])
    assert fetch(tmp_path, sha(wheel)).read_bytes() == wheel


def test_no_network_is_one_sentence(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(ShipworthyError, match=f"There is no network to look for {FILENAME}: run it again"):
        fetch(tmp_path, "0" * 64)


def test_a_version_that_does_not_exist_is_one_sentence(index: Index, tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match=r"pip cannot find .*No matching distribution found for cargo==2\.0"):
        build.fetch(pin("0" * 64, version="2.0", filename="cargo-2.0-py3-none-any.whl"), tmp_path)


def test_another_file_than_the_pinned_one_is_refused(index: Index, tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="check the pin's filename"):
        build.fetch(pin("0" * 64, filename="cargo-1.0-cp311-cp311-any.whl"), tmp_path)


def test_a_local_folder_serves_as_well(
    index: Index, wheel: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / FILENAME).write_bytes(wheel)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    assert fetch(tmp_path / "cache", sha(wheel)).read_bytes() == wheel
    assert index.ranges == []


def test_a_member_is_unpacked_whole_or_not_at_all(index: Index, wheel: bytes, tmp_path: Path) -> None:
    ware = b"ware " * 400_000
    one = pin(sha(wheel), member="cargo/ware.txt", member_sha256=sha(ware))
    found = build.fetch(one, tmp_path)
    assert found == tmp_path / sha(ware)[:16] / "ware.txt"
    assert found.read_bytes() == ware
    (tmp_path / FILENAME).unlink()
    assert build.fetch(one, tmp_path) == found  # the wheel itself is not asked for again
    found.write_bytes(b"damaged")
    assert build.fetch(one, tmp_path).read_bytes() == ware
    wrong = pin(sha(wheel), member="cargo/ware.txt", member_sha256="1" * 64)
    with pytest.raises(ShipworthyError, match=f"{sha(ware)}, but {'1' * 64} is pinned"):
        build.fetch(wrong, tmp_path)
    assert not list((tmp_path / ("1" * 16)).iterdir())


def test_a_missing_member_is_one_sentence(wheel: bytes, tmp_path: Path) -> None:
    (tmp_path / FILENAME).write_bytes(wheel)
    with pytest.raises(ShipworthyError, match="holds no cargo/nothing"):
        build.fetch(pin(sha(wheel), member="cargo/nothing", member_sha256="1" * 64), tmp_path)
    (tmp_path / FILENAME).write_bytes(b"no zip file")
    with pytest.raises(ShipworthyError, match="holds no cargo/ware.txt"):
        build.fetch(pin(sha(b"no zip file"), member="cargo/ware.txt", member_sha256="1" * 64), tmp_path)


def test_a_pin_is_whole() -> None:
    with pytest.raises(UsageError, match="pinned in part"):
        pin("0" * 64, member="cargo/ware.txt")
    with pytest.raises(UsageError, match=r"source\.sha256=0000 is no SHA-256"):
        pin("0000")
    with pytest.raises(UsageError, match=r"source\.member_sha256=x is no SHA-256"):
        pin("0" * 64, member="m", member_sha256="x")


def address(index: Index, sha256: str) -> Url:
    return Url(url=f"{index.url}/files/{FILENAME}?download=1", sha256=sha256)


def test_a_url_goes_the_same_way(index: Index, wheel: bytes, tmp_path: Path) -> None:
    index.cut = 900_000
    found = build.fetch(address(index, sha(wheel)), tmp_path)
    assert found == tmp_path / sha(wheel)[:16] / FILENAME
    assert found.read_bytes() == wheel
    assert index.ranges == [None, "bytes=900000-"]
    assert build.fetch(address(index, sha(wheel)), tmp_path) == found
    assert len(index.ranges) == 2
    with pytest.raises(ShipworthyError, match=f"{sha(wheel)}, but {'0' * 64} is pinned"):
        build.fetch(address(index, "0" * 64), tmp_path)


def test_what_a_server_refuses_is_one_sentence(index: Index, tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match=r"The server refuses gone\.bin \(404 Not Found\): check the pin"):
        build.fetch(Url(url=f"{index.url}/gone.bin", sha256="0" * 64), tmp_path)
    with pytest.raises(ShipworthyError, match=r"broke off after 0 bytes .*: run it again"):
        build.fetch(Url(url="http://127.0.0.1:9/gone.bin", sha256="0" * 64), tmp_path)
    for wrong in ("ftp://server/file", "https://server", "https://server/", "server/file"):
        with pytest.raises(UsageError, match="is no address of a file"):
            Url(url=wrong, sha256="0" * 64)


def test_two_commands_fetch_one_file_once(index: Index, wheel: bytes, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: build.fetch(address(index, sha(wheel)), tmp_path), range(2)))
    assert found[0] == found[1]
    assert found[0].read_bytes() == wheel
    assert index.ranges == [None]


KILLED = """
import sys
from pathlib import Path
from shipworthy.core.sources import build
from shipworthy.core.sources.schema import Url
build.fetch(Url(url=sys.argv[1], sha256=sys.argv[2]), Path(sys.argv[3]))
"""


def test_a_killed_download_goes_on_where_it_ended(
    index: Index, wheel: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, stuck = index.send_wheel, threading.Event()

    def slowly(request: BaseHTTPRequestHandler) -> None:
        index.ranges.append(request.headers.get("Range"))
        request.send_response(200)
        request.send_header("Content-Length", str(len(wheel)))
        request.end_headers()
        request.wfile.write(wheel[:600_000])
        request.wfile.flush()
        stuck.wait()

    monkeypatch.setattr(index, "send_wheel", slowly)
    one = address(index, sha(wheel))
    process = subprocess.Popen([sys.executable, "-c", KILLED, one.url, one.sha256, str(tmp_path)])
    part = tmp_path / sha(wheel)[:16] / f"{FILENAME}.part"
    while process.poll() is None and not (part.is_file() and part.stat().st_size > 500_000):
        time.sleep(0.02)
    process.kill()
    process.wait()
    stuck.set()
    received = part.stat().st_size
    assert 500_000 < received <= 600_000
    monkeypatch.setattr(index, "send_wheel", real)
    assert build.fetch(one, tmp_path).read_bytes() == wheel  # the lock of the killed one is nobody's
    assert index.ranges == [None, f"bytes={received}-"]
    assert not part.exists()


@pytest.mark.e2e
def test_a_real_index_is_reached_through_the_machines_certificates(tmp_path: Path) -> None:
    pinned = "b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374"
    filename = "iniconfig-2.0.0-py3-none-any.whl"
    one = Wheel(package="iniconfig", version="2.0.0", filename=filename, sha256=pinned)
    with zipfile.ZipFile(build.fetch(one, tmp_path)) as archive:
        assert b"class IniConfig" in archive.read("iniconfig/__init__.py")
