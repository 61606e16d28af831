"""What the cluster lays down: its folders and config files, the fake GPUs, and its names in /etc/hosts."""

import fcntl
import os
import shutil
import stat
from pathlib import Path
from string import Template

from cluster.processes import say
from cluster.settings import Cluster, ClusterError

TEMPLATES = Path(__file__).parent
HOSTS = Path("/etc/hosts")


def make_folders(cluster: Cluster) -> None:
    """The cluster's folder; munged wants the way to its socket open to all."""
    for name in ("log", "pid", "state", "munge", "dev", *(f"spool/{node}" for node in cluster.names)):
        (cluster.home / name).mkdir(parents=True, exist_ok=True)
    for folder in (cluster.home, cluster.home / "munge"):
        folder.chmod(0o755)
    key = cluster.home / "munge/munge.key"
    if not key.exists():
        _write(key, os.urandom(1024))


def make_gpus(cluster: Cluster) -> bool:
    """Make the fake GPUs' device files; False, and a sentence, where this machine does not let one."""
    for number in range(cluster.gpus):
        device = cluster.home / f"dev/nvidia{number}"
        if device.is_char_device():
            continue
        device.unlink(missing_ok=True)
        try:
            os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            device.chmod(0o666)  # whatever the umask
        except PermissionError:
            say(f"NO GPUs: this machine does not let root make device files ({device}), so the nodes have none")
            return False
    return True


def write_configs(cluster: Cluster) -> bool:
    """Write Slurm's config files; True if one of them was there and is now another one."""
    first = cluster.port + 2
    words = {
        **{name: str(getattr(cluster, name)) for name in ("home", "host", "nodes", "cpus", "memory_mb")},
        "slurmctld_port": str(cluster.port),
        "slurmdbd_port": str(cluster.port + 1),
        "first_slurmd_port": str(first),
        "last_slurmd_port": str(cluster.last_port),
        "gres": f" Gres=gpu:{cluster.gpus}" if cluster.gpus else "",
        "last_gpu": str(cluster.gpus - 1),
    }
    changed = False
    for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
        text = Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(words)
        if name == "gres.conf" and not cluster.gpus:
            text = ""
        file = cluster.home / name
        changed |= file.exists() and file.read_text(encoding="utf-8") != text
        _write(file, text.encode(), mode=0o600 if name == "slurmdbd.conf" else 0o644)
    return changed


def _write(file: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Whole or not at all: a killed `up` leaves no half file."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT, mode), "wb") as out:
        os.fchmod(out.fileno(), mode)
        out.write(content)
    new.replace(file)


def _tag(cluster: Cluster) -> str:
    return f"# shipworthy test cluster {cluster.home}"


def add_names(cluster: Cluster) -> None:
    """Let the nodes' names resolve: the first one is where ranks meet. The lines' tag tells whose they are.

    Raises:
        ClusterError: a node's name is another machine's, or /etc/hosts cannot be written.
    """
    lines = HOSTS.read_text(encoding="utf-8").splitlines() if HOSTS.exists() else []
    others = [line.partition("#")[0].split() for line in lines if not line.endswith(_tag(cluster))]
    for address, *names in filter(None, others):
        taken = sorted(set(names) & set(cluster.names))
        if taken and not address.startswith("127."):
            raise ClusterError(f"{HOSTS} says that {taken[0]} is another machine ({address}): remove that line first.")
    known = {name for line in others for name in line[1:]}
    wanted = cluster.names if cluster.host in known else [*cluster.names, cluster.host]
    _replace_names(cluster, [f"127.0.0.1 {name} {_tag(cluster)}" for name in wanted])


def remove_names(cluster: Cluster) -> None:
    """Take the cluster's lines out of /etc/hosts."""
    _replace_names(cluster, [])


def _replace_names(cluster: Cluster, new: list[str]) -> None:
    """Write in place: in a container /etc/hosts is a mount, which cannot be renamed onto."""
    try:
        with HOSTS.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # against another cluster's `up` at the same time
            file.seek(0)
            old = file.read()
            lines = [line for line in old.splitlines() if not line.endswith(_tag(cluster))] + new
            text = "".join(f"{line}\n" for line in lines)
            if lines != old.splitlines():
                file.truncate(0)
                file.write(text)
    except OSError as error:
        raise ClusterError(
            f"{HOSTS} cannot be written ({error.strerror}), so the nodes' names won't resolve."
        ) from error


def remove_all(cluster: Cluster) -> None:
    """Delete the cluster's folder."""
    shutil.rmtree(cluster.home)
