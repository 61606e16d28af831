"""What a run or a sweep was made with: code, config and lock as they were, kept under the hash of their content.

Two from the same state share one folder, and an edit after a sweep's submission changes none of its jobs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from shipworthy.core import secrets
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.extensions import FOLDER
from shipworthy.core.files import new_folder, sha256_of_json, turn, write_json
from shipworthy.core.identity import code_version, expect_own_code, extension_files, package_files
from shipworthy.core.project import SNAPSHOT, code_root

SNAPSHOTS = Path("runs") / "snapshots"
PACKAGE = __name__.partition(".")[0]
TAKEN = ("conf", FOLDER, "params.yaml", "pyproject.toml", "requirements.lock")


@dataclass(frozen=True)
class Snapshot:
    """What is in a snapshot's folder.

    Attributes:
        files: name → content.
        version: of the code, by Git.
    """

    files: dict[str, bytes]
    version: dict[str, str]

    @classmethod
    def now(cls) -> "Snapshot":
        """The code that runs now, config and lock beside it, each file read once.

        Raises:
            ShipworthyError: a file holds a secret, which would be kept for as long as the runs are.
            UsageError: what runs is the code of another checkout.
        """
        expect_own_code()
        files = dict(_files(code_root()))
        for name, text in files.items():
            by_look = name.startswith("src/") or name.endswith(".py")
            found = secrets.line_of(text.decode(errors="replace"), by_look=by_look)
            if found:
                raise ShipworthyError(
                    f"{name}, line {found[1]}, holds {found[0]}, and a copy of it is kept with every run: take it out, "
                    "and hand it over in the environment."
                )
        return cls(files, code_version())

    @property
    def name(self) -> str:
        """The hash of all of it."""
        return sha256_of_json([{name: sha256(text).hexdigest() for name, text in self.files.items()}, self.version])[
            :16
        ]

    def keep(self, snapshots: Path) -> Path:
        """Its folder in `snapshots`, which is made if need be.

        Raises:
            ShipworthyError: somebody changed a file in it.
        """
        folder = snapshots / self.name
        if not folder.is_dir():
            with turn(folder.with_name(f".{folder.name}.lock")):
                if not folder.is_dir():  # two that start together take the same one
                    self._write(folder)
        for name, text in self.files.items():
            if not (folder / name).is_file() or (folder / name).read_bytes() != text:
                raise ShipworthyError(
                    f"{folder / name} is not what it was when the snapshot was taken: remove {folder}, unless jobs of "
                    "an older sweep still wait for it."
                )
        return folder

    def _write(self, folder: Path) -> None:
        with new_folder(folder) as target:
            for name, text in self.files.items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(text)
            write_json(target / SNAPSHOT, self.version)


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name in the snapshot → content, sorted."""
    for name, text in package_files().items():
        yield f"src/{PACKAGE}/{name}", text
    of_extensions = extension_files()
    for name in TAKEN:
        inside = sorted((root / name).rglob("*")) if (root / name).is_dir() else [root / name]
        for path in inside:
            found = path.relative_to(root)
            if path.is_file() and not {"__pycache__", "tests"} & set(found.parts):
                yield str(found), of_extensions.get(str(found)) or path.read_bytes()
