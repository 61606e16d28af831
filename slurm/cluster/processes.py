"""Processes: run under a timeout, waited for with a word, found in /proc, ended by their own id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cluster.settings import Cluster, ClusterError

FOREIGN = ("SLURM", "SBATCH_", "SQUEUE_", "SINFO_", "SACCT", "SCANCEL_", "SRUN_")  # a user's own settings for Slurm


def say(message: str) -> None:
    """A line of progress."""
    print(f"[testcluster] {message}", file=sys.stderr, flush=True)


def count(number: int, what: str) -> str:
    """Such as: 1 job, 2 jobs, no job, 3 processes."""
    plural = "es" if what.endswith("s") else "s"
    return f"{number or 'no'} {what}{plural if number > 1 else ''}"


def environment(cluster: Cluster) -> dict[str, str]:
    """What daemons and clients of the cluster run with: none of the user's own settings for another Slurm."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return {
        **kept,
        "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
        "SLURM_CONF": str(cluster.slurm_conf),
        "MYSQL_UNIX_PORT": str(cluster.home / "mysql.sock"),
    }


def failure(what: str, log: Path, mark: str = "") -> ClusterError:
    """One sentence: what failed, which log tells of it, and its last line (that starts with `mark`, where one does)."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = [line.strip() for line in text.split("\n") if line.strip()] or ["(nothing)"]
    marked = [line for line in lines if mark and line.startswith(mark)]
    if marked:
        return ClusterError(f"{what}; {log} says: {marked[-1]}")
    return ClusterError(f"{what}; {log} ends with: {lines[-1]}")


def ask(cluster: Cluster, *command: str, seconds: float = 20) -> subprocess.CompletedProcess[str]:
    """Run a client to its end, or to `seconds`; then its exit code is 124."""
    try:
        return subprocess.run(
            command, env=environment(cluster), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            errors="replace", timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer within {seconds:g} s")


def tell(cluster: Cluster, *command: str, log: str, seconds: float = 20) -> str:
    """What a client prints.

    Raises:
        ClusterError: it failed or took longer than `seconds`; `log` is the daemon whose log may tell why.
    """
    done = ask(cluster, *command, seconds=seconds)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1].strip()
        raise failure(f"{' '.join(command)} failed ({said})", cluster.log(log))
    return done.stdout


def wait(what: str, ready: Callable[[], bool], *, seconds: float) -> bool:
    """Whether `ready` came true within `seconds`; says after 2 s, and then every 5 s, what is waited for."""
    began = time.monotonic()
    next_word = 2.0
    while not ready():
        waited = time.monotonic() - began
        if waited > seconds:
            return False
        if waited > next_word:
            say(f"waiting for {what}: {waited:.0f} s")
            next_word += 5
        time.sleep(0.1)
    return True


def launch(cluster: Cluster, log: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its output appended to `log`: it outlives the shell it came from."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command, env=environment(cluster), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
            start_new_session=True,
        )  # fmt: skip


def _stat(pid: int) -> tuple[str, str, int]:
    """Name, state and parent of a process; a gone one has the state X."""
    try:
        head, _, tail = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
    except OSError:
        return "", "X", 0
    state, parent = tail.split()[:2]
    return head.partition("(")[2], state, int(parent)


def alive(pid: int) -> bool:
    """Whether a process runs. A zombie, which nobody may ever reap where PID 1 is no init, does not."""
    return _stat(pid)[1] not in "ZX"


def everyone() -> list[int]:
    """All processes of the machine."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def writers(program: str, log: Path) -> list[int]:
    """The living processes of a program that have `log` open: the cluster's own, whatever a pid file says."""
    found = []
    for pid in everyone():
        name, state, _ = _stat(pid)
        if name != program or state in "ZX":
            continue
        try:
            files = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:  # it ended just now
            continue
        if any(file.removesuffix(" (deleted)") == str(log) for file in files):
            found.append(pid)
    return sorted(found)


def descendants(pids: Iterable[int]) -> set[int]:
    """All that the processes have started, and what those have."""
    children: dict[int, list[int]] = {}
    for pid in everyone():
        children.setdefault(_stat(pid)[2], []).append(pid)
    found: set[int] = set()
    ahead = list(pids)
    while ahead:
        new = [child for child in children.get(ahead.pop(), []) if child not in found]
        found.update(new)
        ahead += new
    return found


def variables(pid: int) -> set[bytes]:
    """NAME=value, as a process was started with; empty for a zombie or one that is gone."""
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return set()


def kill(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal, in this order; who has ended meanwhile needs none."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def end(what: str, pids: list[int], *, seconds: float = 15) -> None:
    """SIGTERM, and SIGKILL for who has not ended within `seconds`."""
    kill(pids, signal.SIGTERM)
    if not wait(f"{what} to end", lambda: not any(alive(pid) for pid in pids), seconds=seconds):
        say(f"{what} did not end within {seconds:g} s: killed")
        kill(pids)
        wait(f"{what} to die", lambda: not any(alive(pid) for pid in pids), seconds=5)
