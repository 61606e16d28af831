"""A pinned file from a web server, so that a broken connection or a killed command loses nothing.

`pooch` checks the hash and keeps the file whole or not at all; it can't go on with half a download, so the part that
receives is here, as a downloader of pooch's: with httpx, from where an earlier one ended.
"""

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

# tqdm, which pooch imports, reads it once: without it the bars of what is imported later fill a log.
if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_DISABLE", "1")

import httpx
import pooch

from shipworthy.core.certificates import trusted
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_file, turn
from shipworthy.core.progress import say, track

BLOCK_BYTES = 10**6
TIMEOUT_S = 60.0
ATTEMPTS = 4
PAUSE_S = 2.0
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""What a server says with a code below 500 although another attempt may succeed."""
RESUME = "run it again when the network is back; what was received is kept"


class _TransferError(Exception):
    """The connection ended before the file did."""


def download(url: str, sha256: str, target: Path) -> Path:
    """The file of a URL, at `target`; downloaded only if it is not there yet.

    It grows as `<name>.part`, from where an earlier download ended, and gets its name when its hash is right.

    Raises:
        ShipworthyError: no network, no such file, or a hash that is not `sha256` (the file is then deleted).
    """
    part = target.with_name(f"{target.name}.part")
    pooch.get_logger().setLevel("WARNING")
    with turn(target.with_name(f".{target.name}.lock")):  # two commands that want the same file fetch it once
        try:
            pooch.retrieve(
                url, f"sha256:{sha256}", fname=target.name, path=target.parent, downloader=_Resuming(url, part)
            )
        except ValueError as error:
            part.unlink(missing_ok=True)
            found = re.search("got ([0-9a-f]{64})", str(error))
            raise changed(target.name, found[1] if found else "another", sha256) from error
        part.unlink(missing_ok=True)
    return target


def holds(path: Path, sha256: str) -> bool:
    """Whether a file is there and has that hash."""
    return path.is_file() and sha256_of_file(path) == sha256


def changed(name: str, found: str, pinned: str) -> ShipworthyError:
    """The error for a file that has another hash than the pinned one."""
    return ShipworthyError(
        f"{name} has sha256 {found}, but {pinned} is pinned: it was damaged on the way or the source changed; it was "
        "not kept, so run the command again, and if the hash stays, find out which of the two is right."
    )


class _Resuming:
    """A downloader of pooch's that keeps what it received in `part`."""

    def __init__(self, url: str, part: Path) -> None:
        self.url, self.part = url, part

    def __call__(self, url: str, output_file: str, asked_by: Any) -> None:
        if urlsplit(url).scheme == "file":  # a folder of pip's --find-links
            shutil.copyfile(url2pathname(urlsplit(url).path), output_file)
            return
        self._receive()
        Path(output_file).unlink()
        os.link(self.part, output_file)  # `part` stays until the hash is known to be right

    def _receive(self) -> None:
        """Fetches what `part` still lacks; as long as something arrives, a broken connection is taken up again."""
        idle = 0
        identity = {"Accept-Encoding": "identity"}
        with httpx.Client(verify=trusted(), timeout=TIMEOUT_S, follow_redirects=True, headers=identity) as client:
            while True:
                before = self._received()
                try:
                    return self._receive_rest(client)
                except (httpx.TransportError, _TransferError) as error:
                    failure = error
                idle = 0 if self._received() > before else idle + 1
                if idle == ATTEMPTS:
                    raise ShipworthyError(
                        f"The download of {self.part.stem} broke off after {self._received():,} bytes ({failure}): "
                        f"{RESUME}."
                    ) from failure
                time.sleep(PAUSE_S * idle)

    def _receive_rest(self, client: httpx.Client) -> None:
        start = self._received()
        with client.stream("GET", self.url, headers={"Range": f"bytes={start}-"} if start else {}) as response:
            if start and response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if response.headers.get("Content-Range") == f"bytes */{start}":
                    return  # it is whole
                self.part.unlink()  # longer than the file itself: it is the rest of something else
                raise _TransferError("what was received before is no part of this file")
            self._refuse(response)
            resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
            if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                raise _TransferError("the server sent another range than was asked for")
            expected = int(response.headers.get("Content-Length", 0))
            if resumed:
                say(f"{self.part.stem}: going on after {start:,} bytes")
            with self.part.open("ab" if resumed else "wb") as file:
                blocks, total = _written(response, file), -(-expected // BLOCK_BYTES)
                for _ in track(blocks, f"downloading {self.part.stem}, MB", total or None):
                    pass

    def _refuse(self, response: httpx.Response) -> None:
        """Ends on a status that no other attempt would change."""
        if response.is_success:
            return
        status = f"{response.status_code} {response.reason_phrase}"
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code in PASSING:
            raise _TransferError(status)
        raise ShipworthyError(f"The server refuses {self.part.stem} ({status}): check the pin.")

    def _received(self) -> int:
        """How much there is of the file (bytes)."""
        return self.part.stat().st_size if self.part.is_file() else 0


def _written(response: httpx.Response, file: BinaryIO) -> Iterator[None]:
    """Writes whatever arrives, at once, and yields after each block of it."""
    waiting = 0
    for piece in response.iter_raw():
        waiting += file.write(piece)
        if waiting >= BLOCK_BYTES:
            waiting -= BLOCK_BYTES
            yield
    if waiting:
        yield
