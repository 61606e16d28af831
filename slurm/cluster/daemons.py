"""The cluster's daemons: found, ended, and started if need be: munged, slurmctld, and one slurmd a node."""

import socket
import time
from collections.abc import Callable

from cluster.processes import ask, end, failure, launch, say, wait, writers
from cluster.settings import Cluster, ClusterError

# In the order of their ending. The last one sets the database up, once; cut off, it may still be at it.
PROGRAMS = ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged", "mariadb-install")
USABLE = {"idle", "mixed", "allocated", "completing"}


def running(cluster: Cluster) -> dict[str, list[int]]:
    """The living daemons: log name (slurmd has one a node) → process ids."""
    logs = {file.stem: file for file in (cluster.home / "log").glob("*.log")}
    found = {name: writers(_program(name), log) for name, log in sorted(logs.items()) if _program(name)}
    if "mariadb-install" in found:
        found["mariadb-install"] += writers("mariadbd", logs["mariadb-install"])
    return {name: pids for name, pids in found.items() if pids}


def _program(name: str) -> str:
    return next((program for program in PROGRAMS if name == program or name.startswith(f"{program}-")), "")


def stop(cluster: Cluster, *programs: str) -> list[str]:
    """End the daemons of these programs, in this order; returns the names of those that ran."""
    standing = running(cluster)
    names = [name for program in programs for name in standing if _program(name) == program]
    for program in programs:
        pids = [pid for name in names if _program(name) == program for pid in standing[name]]
        if pids:
            end(program, pids)
    return names


def ensure(
    cluster: Cluster, name: str, command: list[str], ready: Callable[[], bool], *, port: int | None = None
) -> None:
    """Start a daemon that does not run, and wait until it answers; one that runs and does not answer is replaced.

    Raises:
        ClusterError: it ended at once, does not answer, or its port is another program's.
    """
    program, log = _program(name), cluster.log(name)
    standing = writers(program, log)
    if standing:
        if wait(f"{name} to answer", ready, seconds=10):
            return
        say(f"{name} runs and does not answer: started anew")
        end(name, standing)
    if port is not None:
        _refuse_taken(name, port)
    launched, began = launch(cluster, log, *command), time.monotonic()
    last_seen = began

    def gone() -> bool:
        """For a second: between a daemon's fork and its child's first line nobody has the log open."""
        nonlocal last_seen
        if launched.poll() is None or writers(program, log):
            last_seen = time.monotonic()
        return time.monotonic() - last_seen > 1

    answered = False

    def decided() -> bool:
        nonlocal answered
        answered = ready()
        return answered or gone()

    wait(f"{name} to start", decided, seconds=90)
    if not answered:
        raise failure(f"{name} did not start", log)


def _refuse_taken(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 (to try, not to listen: Slurm's daemons take all addresses)
        except OSError as error:
            raise ClusterError(
                f"{name} can't have port {port} ({error.strerror}): choose others with --port."
            ) from error


def answers(cluster: Cluster) -> bool:
    """Whether slurmctld does."""
    return "is UP" in ask(cluster, "scontrol", "ping", seconds=5).stdout


def start_munged(cluster: Cluster) -> None:
    """Authentication. --force: the folder may lie in one of another user than root."""
    folder = cluster.home / "munge"
    sock = folder / "munge.sock"
    if not writers("munged", cluster.log("munged")):
        for leftover in (sock, folder / "munge.sock.lock"):
            leftover.unlink(missing_ok=True)
    command = [
        "munged", "--force", f"--key-file={folder / 'munge.key'}", f"--socket={sock}", f"--seed-file={folder / 'seed'}",
        f"--pid-file={cluster.home / 'pid/munged.pid'}", f"--log-file={cluster.log('munged')}",
    ]  # fmt: skip
    ensure(cluster, "munged", command, lambda: ask(cluster, "munge", "-S", str(sock), "-n", seconds=5).returncode == 0)


def start_slurm(cluster: Cluster) -> None:
    """Start slurmctld and the nodes that do not run, until every node is usable."""
    ensure(cluster, "slurmctld", ["slurmctld"], lambda: answers(cluster), port=cluster.port)
    for node in cluster.names:
        start_node(cluster, node)
    wait_usable(cluster, cluster.names)


def start_node(cluster: Cluster, node: str) -> None:
    """Start a node's slurmd, with --hide in a mount namespace where an empty folder lies over the hidden one.

    Where Slurm has not noticed yet that the node has crashed, it is told, as an operator would: the jobs that it still
    believes on it are requeued.
    """
    name, port = f"slurmd-{node}", cluster.port + 1 + int(node[1:])
    crashed = not writers("slurmd", cluster.log(name)) and not writers("slurmstepd", cluster.log(name))
    if crashed and states(cluster).get(node, "").startswith(("mixed", "allocated", "completing")):
        ask(cluster, "scontrol", "update", f"nodename={node}", "state=down", "reason=it crashed")
    command = ["slurmd", "-N", node]
    if cluster.hide:
        cover = 'mount -t tmpfs -o size=1m,mode=755 shipworthy "$0" && exec "$@"'
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", cover, cluster.hide, *command]
    ensure(cluster, name, command, lambda: bool(writers("slurmd", cluster.log(name))), port=port)


def states(cluster: Cluster) -> dict[str, str]:
    """Each node's state, as Slurm sees it; a star at its end: it does not answer."""
    lines = ask(cluster, "sinfo", "-h", "-N", "-p", "main", "-o", "%N %T").stdout.splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def wait_usable(cluster: Cluster, nodes: list[str]) -> None:
    """Wait until the nodes can take jobs; who is down or drained though its slurmd runs is resumed.

    Raises:
        ClusterError: one is not usable after a minute.
    """

    def usable() -> bool:
        now = states(cluster)
        for node in nodes:
            if now.get(node, "").startswith(("down", "drain")):
                ask(cluster, "scontrol", "update", f"nodename={node}", "state=resume", seconds=5)
        return all(now.get(node) in USABLE for node in nodes)

    if not wait(f"{', '.join(nodes)} to be usable", usable, seconds=60):
        now = states(cluster)
        bad = next(node for node in nodes if now.get(node) not in USABLE)
        raise failure(f"{bad} is {now.get(bad, 'unknown')} after a minute", cluster.log(f"slurmd-{bad}"))
