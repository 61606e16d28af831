"""The file or folder that `init` is given: its name in the project, how it is written, and its place in data/."""

import csv
import os
import re
import shutil
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import is_litter, matching, sha256_of_files
from shipworthy.data.csv_dialect import DELIMITERS, dialect_of
from shipworthy.data.schema import Data, ending
from shipworthy.data.sources.files import with_rows
from shipworthy.data.text_files import open_text

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
WORDS = {"null", "none", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "config"}
"""What YAML or Hydra take for something else than a name."""
UNNAMED = ("", "dat", "data")
"""Endings that say nothing of what a file holds."""
MOST_OF_NAME = 60
LINES = 200
"""Lines of a file without a telling name by which it is found to be CSV."""


@dataclass(kw_only=True)
class EveryColumn(Data):
    """Raw data of which every column is read, as the features of a table would be."""

    name: str = "what is looked at"
    licence: str = "unknown"

    def uses(self, name: str) -> bool:
        """All of them."""
        return True

    def measures(self, name: str) -> bool:
        """All of them may hold numbers."""
        return True

    @property
    def measures_any(self) -> bool:
        """They may."""
        return True


@dataclass(frozen=True)
class RawFile:
    """What is looked at.

    Attributes:
        path: the file or folder.
        paths: its files, in order.
        file: its name in data/, as `data.file` will give it.
        format: what `data.format` must say (empty: the names of the files say it).
        delimiter: what `data.delimiter` must say (empty: it is found out).
        inside: whether it lies in data/ already.
    """

    path: Path
    paths: list[Path]
    file: str
    format: str = ""
    delimiter: str = ""
    inside: bool = False

    @property
    def config(self) -> EveryColumn:
        """The config that reads all of it."""
        return EveryColumn(file=self.file, format=self.format, delimiter=self.delimiter)


def find(path: Path, data: Path) -> RawFile:
    """The file or folder at `path`.

    Args:
        data: the project's data/.

    Raises:
        UsageError: there is none, it is data/ itself, or nothing is in it.
    """
    if not _is_there(path):
        raise UsageError(f"there is no file or folder {path}: correct its name.")
    whole, home = path.absolute(), data.absolute()
    if whole.resolve() == home.resolve() or home.resolve().is_relative_to(whole.resolve()):
        raise UsageError(f"{path} holds the project's whole data: name one file, or a folder of files, in it.")
    inside = whole.is_relative_to(home) or whole.resolve().is_relative_to(home.resolve())
    base = home if whole.is_relative_to(home) else home.resolve()
    place = (whole if whole.is_relative_to(home) else whole.resolve()).relative_to(base) if inside else Path(whole.name)
    paths = [one for one in _all_in(whole) if one.stat().st_size]
    if not paths:
        raise UsageError(f"{path} is empty: name a file or folder that holds rows.")
    format_ = _format(paths)
    paths = with_rows(paths, format_)
    spaced = {format_ or ending(one.name) for one in paths} == {"csv"} and all(_is_spaced(one) for one in paths[:3])
    return RawFile(whole, paths, place.as_posix(), format_, " " if spaced else "", inside)


def _is_there(path: Path) -> bool:
    """Whether a path leads to something; what can't be a path leads to nothing.

    Raises:
        ShipworthyError: it may not be read.
    """
    try:
        there = path.exists()
        if there and not os.access(path, os.R_OK):
            raise ShipworthyError(f"{path} may not be read: change its permissions (chmod u+r).")
    except (OSError, ValueError):
        return False
    return there


def name_of(path: Path) -> str:
    """A name for a recipe, from a file's: what every shell, YAML and Hydra take as it is."""
    stem = path.name.partition(".")[0] if path.is_file() else path.name
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower().encode("ascii", "ignore").decode()).strip("_")[:MOST_OF_NAME]
    if not NAME.fullmatch(name) or name in WORDS or name.startswith("base_"):
        name = f"my_{name}".rstrip("_") if name else "my_data"
    return name


def checked_name(name: str) -> str:
    """A name that the user gives.

    Raises:
        UsageError: YAML, Hydra or a shell would not take it as it is.
    """
    if not NAME.fullmatch(name) or name.lower() in WORDS or name.startswith("base_"):
        raise UsageError(
            f"--name={name} is no name for a recipe: begin with a letter, and take letters, digits, _ and - (neither a "
            "word such as null or yes, nor base_…)."
        )
    return name


def placed(found: RawFile, name: str, data: Path) -> RawFile:
    """The same with its place in data/: its own name, or the recipe's where something else has that.

    Raises:
        ShipworthyError: something else has both.
    """
    if found.inside:
        return found
    own = f"{name}{''.join(found.path.suffixes)}" if found.path.is_file() else name
    for file in (found.file, own):
        target = data / file
        if not target.exists() or _content(matching(data, file), target) == _content(_all_in(found.path), found.path):
            return replace(found, file=file)
    raise ShipworthyError(
        f"{data / found.file} is there already and holds something else: give another --name, or rename {found.path}."
    )


def bring(found: RawFile, data: Path) -> str:
    """Copies the file or folder to its place in data/ unless it lies there; a sentence on what was done."""
    target = data / found.file
    if found.inside:
        return f"{target} stays where it is"
    if target.exists():
        return f"{target} holds the same already"
    data.mkdir(exist_ok=True)
    temporary = data.absolute().parent / f".{data.name}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        if found.path.is_dir():
            shutil.copytree(found.path, temporary, ignore=_litter)
        else:
            shutil.copyfile(found.path, temporary)
        temporary.rename(target)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        temporary.unlink(missing_ok=True)
    return f"{found.path} is copied to {target}"


def _all_in(path: Path) -> list[Path]:
    """The files that a file or folder means, those without rows, too."""
    return matching(path.parent, path.name)


def _content(paths: list[Path], root: Path) -> str:
    return sha256_of_files(paths, root if root.is_dir() else root.parent)


def _litter(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if is_litter(Path(name))}


def _format(paths: list[Path]) -> str:
    """What `data.format` must say where names don't: parquet by its first bytes, CSV by cells that are as many a row.

    A folder of folders of text files, such as reviews/good/ and reviews/bad/, is one of documents.
    """
    endings = {ending(path.name) for path in paths}
    first = paths[0]
    with first.open("rb") as file:
        if file.read(4) == b"PAR1" and endings != {"parquet"}:
            return "parquet"
    if endings <= {"txt", *UNNAMED} and all(_has_cells(path) for path in paths[:3]):
        return "csv"
    if endings == {"txt"} and len({path.parent for path in paths}) > 1:
        return "document"
    return ""


def _is_spaced(path: Path) -> bool:
    """Whether single spaces stand between the cells of a file that no other sign divides."""
    try:
        if dialect_of(path, "").delimiter != DELIMITERS[0]:
            return False
        with open_text(path) as file:
            head = [line for _, line in zip(range(LINES), file, strict=False)]
        widths = _widths(head, " ")
    except (ShipworthyError, UnicodeDecodeError, ValueError, csv.Error):
        return False
    return len(widths) == 1 and widths.pop() > 1 and _widths(head, DELIMITERS[0], strict=False) == {1}


def _widths(lines: list[str], delimiter: str, *, strict: bool = True) -> set[int]:
    """How many cells rows have."""
    return {len(row) for row in csv.reader(lines, delimiter=delimiter, strict=strict) if row}


def _has_cells(path: Path) -> bool:
    """Whether a text file's rows have equally many cells: two by tabs, semicolons or bars, three by commas."""
    try:
        dialect = dialect_of(path, "")
        with open_text(path) as file:
            widths = {len(row) for _, row in zip(range(LINES), dialect.records(file), strict=False) if row}
    except (ShipworthyError, UnicodeDecodeError, ValueError):
        return False
    return len(widths) == 1 and widths.pop() >= (3 if dialect.delimiter == "," else 2)
