"""What a test cluster looks like, and where it lives."""

import json
import os
import socket
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOME_VARIABLE = "SHIPWORTHY_SLURM"
LONGEST_HOME = 70  # characters: a step's socket adds up to 36, and a Unix socket's path ends at 107


class ClusterError(Exception):
    """Something did not work; the message is one sentence for the user."""

    exit_code = 1


class UsageError(ClusterError):
    """The asking was wrong."""

    exit_code = 2


@dataclass(frozen=True)
class Cluster:
    """A cluster's folder and shape.

    home: everything that the cluster writes is in here. nodes: n1, n2, …. cpus, gpus and memory_mb: of one node,
    whatever the machine has. port: first of the nodes + 2 TCP ports on 127.0.0.1. hide: a folder that no node sees.
    """

    home: Path
    nodes: int = 3
    cpus: int = 4
    gpus: int = 2
    memory_mb: int = 8000
    port: int = 26800
    hide: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if not 1 <= self.nodes <= 64 or self.cpus < 1 or self.memory_mb < 1 or not 0 <= self.gpus <= 64:
            raise UsageError("A cluster has 1 to 64 nodes, each with a CPU or more, some memory and 0 to 64 GPUs.")
        if self.port < 1024 or self.last_port > 65535 or (self.port < 25000 and self.last_port >= 15000):
            raise UsageError(
                f"Ports {self.port} to {self.last_port} won't do: they must be above 1023 and outside 15000 to 24999, "
                "where Lightning meets its ranks; choose another --port."
            )
        if len(str(self.home)) > LONGEST_HOME or any(letter in " \t\n#%$,=\"'\\" for letter in str(self.home)):
            raise UsageError(
                f"The folder {self.home} won't do: Slurm takes none with spaces or signs, or longer than "
                f"{LONGEST_HOME} letters; set {HOME_VARIABLE} to another one."
            )
        if self.hide and self.home.is_relative_to(self.hide):
            raise UsageError(
                f"--hide {self.hide} would hide the cluster's own folder {self.home} from its nodes: "
                f"set {HOME_VARIABLE} to a folder outside."
            )

    @property
    def names(self) -> list[str]:
        """The nodes' names."""
        return [f"n{number}" for number in range(1, self.nodes + 1)]

    @property
    def last_port(self) -> int:
        """slurmctld, slurmdbd, and one slurmd a node."""
        return self.port + 1 + self.nodes

    @property
    def slurm_conf(self) -> Path:
        """What SLURM_CONF names."""
        return self.home / "slurm.conf"

    @property
    def host(self) -> str:
        """This machine's own name."""
        return socket.gethostname().split(".")[0]

    def log(self, daemon: str) -> Path:
        """Where a daemon writes; that it has this file open tells whose it is."""
        return self.home / "log" / f"{daemon}.log"

    def save(self) -> None:
        """Remember the shape for later calls."""
        shape = {key: value for key, value in asdict(self).items() if key != "home"}
        new = self.home / "cluster.json.new"
        new.write_text(json.dumps(shape, indent=1) + "\n", encoding="utf-8")
        new.replace(self.home / "cluster.json")


def home_folder() -> Path:
    """`.slurm` in the project's root, or what SHIPWORTHY_SLURM says."""
    return Path(os.environ.get(HOME_VARIABLE) or ROOT / ".slurm").resolve()


def remembered(**asked: Any) -> Cluster:
    """The cluster as it was last brought up, with what is asked for now (None: as before)."""
    home = home_folder()
    file = home / "cluster.json"
    known = {field.name for field in fields(Cluster)} - {"home"}
    shape = (
        {key: value for key, value in json.loads(file.read_text(encoding="utf-8")).items() if key in known}
        if file.exists()
        else {}
    )
    return replace(Cluster(home, **shape), **{key: value for key, value in asked.items() if value is not None})
