"""A user's site: the account, partitions and shell lines of their cluster, in one file of their own."""

import difflib
import os
import re
import shlex
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from shipworthy.core.errors import UsageError
from shipworthy.core.project import project_root

VARIABLE = "SHIPWORTHY_SITE"
FILE = Path("slurm") / "site.yaml"
RUNTIMES = ("apptainer", "singularity", "pyxis")


@dataclass(frozen=True)
class Container:
    """What jobs run in.

    Attributes:
        runtime: apptainer, singularity or pyxis (srun's own).
        image: its file, or for pyxis an image's name too.
        options: the runtime's, or for pyxis srun's, e.g. `--bind=/scratch`.
    """

    runtime: str
    image: str
    options: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuses a runtime that nothing knows."""
        if self.runtime not in RUNTIMES:
            raise UsageError(f"container.runtime is '{self.runtime}': choose one of {', '.join(RUNTIMES)}.")
        if not self.image:
            raise UsageError("container.image is empty: name the image's file.")


@dataclass(frozen=True)
class Site:
    """What a cluster wants to be told; what is empty is not said.

    Attributes:
        account: who pays.
        partition: where jobs run that name no partition.
        preemptible_partition: where hydra/launcher=slurm_preemptible runs.
        qos: quality of service.
        constraint: features that the nodes must have.
        modules: loaded first, e.g. `cuda/12.4`.
        setup: lines of shell, run after that.
        env: environment variables, set last.
        container: what the jobs run in (None: the nodes' own system).
    """

    account: str = ""
    partition: str = ""
    preemptible_partition: str = ""
    qos: str = ""
    constraint: str = ""
    modules: list[str] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    container: Container | None = None

    def __post_init__(self) -> None:
        """Refuses names that no shell takes for a variable."""
        for name in self.env:
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                raise UsageError(f"env has '{name}', which is no variable's name: use letters, digits and _.")

    def lines(self) -> list[str]:
        """The lines of shell that prepare a job."""
        loads = [f"module load {shlex.quote(module)}" for module in self.modules]
        return [*loads, *self.setup, *(f"export {name}={shlex.quote(value)}" for name, value in self.env.items())]


def site_file(root: Path | None = None) -> Path | None:
    """The site's file: $SHIPWORTHY_SITE, or slurm/site.yaml in the project, or the user's own; None: there is none.

    Args:
        root: the project's (None: the one we are in).

    Raises:
        UsageError: $SHIPWORTHY_SITE names a file that is not there.
    """
    if named := os.environ.get(VARIABLE):
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise UsageError(f"{VARIABLE} names {path}, which is not there: correct it, or unset it.")
        return path
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").expanduser()
    places = ((root or project_root()) / FILE, home / "shipworthy" / "site.yaml")
    return next((path for path in places if path.is_file()), None)


def read_site(root: Path | None = None) -> Site:
    """What the site's file says; nothing is set where there is none.

    Raises:
        UsageError: the file is no YAML, or has a key or a value that a site does not have.
    """
    path = site_file(root)
    if path is None:
        return Site()
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise UsageError(f"{path} is no YAML{where}: correct it; slurm/site.example.yaml shows how it looks.") from None
    try:
        return _site({} if found is None else found)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _site(found: Any) -> Site:
    values = _values(found, Site, "the file")
    if "container" in values:
        inner = _values(values["container"], Container, "container", "container.")
        for name in ("runtime", "image"):
            if name not in inner:
                raise UsageError(f"container has no {name}: add it.")
        values["container"] = Container(**inner)
    return Site(**values)


def _values(found: Any, cls: type[Any], what: str, prefix: str = "") -> dict[str, Any]:
    """The keys that are set, each known and of its type."""
    if not isinstance(found, dict):
        raise UsageError(f"{what} must hold `key: value` lines, not {found!r}.")
    types = {f.name: f.type for f in fields(cls)}
    values = {}
    for key, value in found.items():
        if key not in types:
            close = difflib.get_close_matches(str(key), types, n=1, cutoff=0.0)[0]
            raise UsageError(f"there is no key {prefix}{key}: did you mean {prefix}{close}?")
        if value is not None:  # a key without a value
            values[key] = _typed(f"{prefix}{key}", value, types[key])
    return values


def _typed(key: str, value: Any, kind: Any) -> Any:
    def scalar(one: Any) -> bool:
        return isinstance(one, str | int | float) and not isinstance(one, bool)

    if kind is str:
        if not scalar(value):
            raise UsageError(f"{key} must be a text, not {value!r}: put it in quotes.")
        return str(value)
    if kind == list[str]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise UsageError(f"{key} must be a list of texts (each on a line of its own, after `- `), not {value!r}.")
        return value
    if kind == dict[str, str]:
        if not isinstance(value, dict) or not all(scalar(one) for one in value.values()):
            raise UsageError(f"{key} must hold `NAME: text` lines, not {value!r}: put texts in quotes.")
        return {str(name): str(one) for name, one in value.items()}
    return value
