"""The commands of slurm/testcluster."""

import argparse
import fcntl
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from cluster import accounting, daemons, files, install, nodes
from cluster.processes import ask, count, say, tell, wait
from cluster.settings import HOME_VARIABLE, Cluster, ClusterError, UsageError, remembered

DESCRIPTION = f"""A real Slurm cluster of virtual nodes on this one machine, to try everything on: munge, slurmctld,
slurmd, slurmdbd with MariaDB, fake GPUs, a preemptible partition. It lives in .slurm of the project's root, or where
{HOME_VARIABLE} says, and touches no Slurm or MariaDB of the system."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Without argparse's usage lines."""
        raise UsageError(f"{message} ({self.prog} --help says more).")


def parse(words: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(prog="slurm/testcluster", description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="bring the cluster up, or repair it; options are remembered until down --purge")
    for option, what in {
        "nodes": "virtual nodes (3)",
        "cpus": "CPUs of a node (4), whatever the machine has",
        "gpus": "fake GPUs of a node (2)",
        "memory-mb": "memory of a node in MB (8000), whatever the machine has",
        "port": "the first of nodes + 2 TCP ports (26800)",
    }.items():
        up.add_argument(f"--{option}", type=int, metavar="N", help=what)
    up.add_argument("--hide", type=_folder, metavar="FOLDER", help="an empty folder to the nodes; '' ends it")
    down = commands.add_parser("down", help="cancel all jobs and end the cluster; its records stay")
    down.add_argument("--purge", action="store_true", help="delete its folder too")
    for name, what in {
        "kill-node": "let a node crash: its slurmd and all its tasks are killed",
        "revive": "bring a crashed node back",
    }.items():
        commands.add_parser(name, help=what).add_argument("node", metavar="NAME")
    commands.add_parser("env", help='for the shell: eval "$(slurm/testcluster env)"')
    commands.add_parser("install", help="install Debian's packages of Slurm, munge and MariaDB")
    return parser.parse_args(words)


def _folder(text: str) -> str:
    if text and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return text and str(Path(text).resolve())


@contextmanager
def locked(cluster: Cluster) -> Iterator[None]:
    """One command at a time; the lock goes with its process, however that ends."""
    cluster.home.mkdir(parents=True, exist_ok=True)
    with (cluster.home / "lock").open("a", encoding="utf-8") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if not wait("another slurm/testcluster command to end", taken, seconds=300):
            raise ClusterError(f"Another slurm/testcluster command has held {file.name} for 5 minutes.")
        if not Path(file.name).exists():
            raise ClusterError(f"Another command has just deleted {cluster.home}: run this one again.")
        yield


def up(cluster: Cluster) -> None:
    """Bring up what does not stand."""
    install.require(cluster)
    with locked(cluster):
        files.make_folders(cluster)
        hidden_before = remembered().hide
        cluster.save()
        if not files.make_gpus(cluster):
            cluster = replace(cluster, gpus=0)
        files.add_names(cluster)
        if (files.write_configs(cluster) or hidden_before != cluster.hide) and daemons.running(cluster):
            say("the cluster's shape has changed: its daemons are started anew")
            daemons.stop(cluster, *daemons.PROGRAMS)
        daemons.start_munged(cluster)
        accounting.start(cluster)
        daemons.start_slurm(cluster)
    print_standing(cluster)


def print_standing(cluster: Cluster) -> None:
    """Print what stands, as Slurm itself says it."""
    print(f"{tell(cluster, 'sinfo', '--version', log='slurmctld').strip()}, in {cluster.home}")
    now = ", ".join(f"{node} {state}" for node, state in daemons.states(cluster).items())
    shape = f"{count(cluster.cpus, 'CPU')}, {cluster.memory_mb} MB and {count(cluster.gpus, 'fake GPU')}"
    print(f"nodes:      {now}; each has {shape}")
    if cluster.hide:
        print(f"hidden:     {cluster.hide} is an empty folder to the nodes")
    partitions = tell(cluster, "sinfo", "-h", "-o", "%P", log="slurmctld").split()
    notes = {"main*": " (default)", "low": " (preempted by high: SIGTERM, then requeued)", "high": ""}
    print(f"partitions: {', '.join(name + notes.get(name, '') for name in partitions)}")
    found = tell(cluster, "sacctmgr", "-nP", "show", "assoc", "user=root", "format=account", log="slurmdbd").split()
    print(f"accounting: slurmdbd with MariaDB; accounts of root: {', '.join(found)}; any other is refused")
    print_env(cluster)


def print_env(cluster: Cluster) -> None:
    """Print what a shell needs to use the cluster."""
    print(f"export SLURM_CONF={shlex.quote(str(cluster.slurm_conf))}")


def down(cluster: Cluster, *, purge: bool) -> None:
    """End everything that runs, however much of it stands."""
    if not cluster.home.exists():
        files.remove_names(cluster)
        print(f"There is no cluster in {cluster.home}.")
        return
    with locked(cluster):
        up = "slurmctld" in daemons.running(cluster) and daemons.answers(cluster)
        jobs = _cancel_jobs(cluster) if up else 0
        ended = daemons.stop(cluster, "slurmd")
        for log in sorted((cluster.home / "log").glob("slurmd-*.log")):
            nodes.kill_steps(cluster, log.stem.removeprefix("slurmd-"))
        ended += daemons.stop(cluster, *daemons.PROGRAMS)
        files.remove_names(cluster)
        if purge:
            files.remove_all(cluster)
    was = f"ended {', '.join(ended)}" if ended else "nothing was running"
    kept = "its folder is deleted" if purge else f"its records stay in {cluster.home} (down --purge deletes them)"
    print(f"Down: {was}; {count(jobs, 'job')} cancelled; {kept}.")


def _cancel_jobs(cluster: Cluster) -> int:
    """Cancel all jobs, without KillWait's patience; what does not end here is killed with its node."""
    jobs = sorted(set(ask(cluster, "squeue", "-h", "-t", "PD,R,S,CF", "-o", "%A").stdout.split()))
    if jobs:
        ask(cluster, "scancel", *jobs)
        ask(cluster, "scancel", "--full", "--signal=KILL", *jobs)
        wait("jobs to end", lambda: not ask(cluster, "squeue", "-h", "-o", "%A").stdout.split(), seconds=15)
    return len(jobs)


def act(asked: argparse.Namespace) -> None:
    """Carry out a command."""
    shape = {key: value for key, value in vars(asked).items() if key not in ("command", "purge", "node")}
    cluster = remembered(**shape)
    if asked.command == "install":
        install.install(cluster)
    elif asked.command == "up":
        up(cluster)
    elif asked.command == "down":
        down(cluster, purge=asked.purge)
    elif not daemons.running(cluster).get("slurmctld"):
        raise ClusterError(f"No cluster is up in {cluster.home}: slurm/testcluster up brings one up.")
    elif asked.command == "env":
        print_env(cluster)
    else:
        with locked(cluster):
            {"kill-node": nodes.crash, "revive": nodes.revive}[asked.command](cluster, asked.node)


def main(words: list[str] | None = None) -> int:
    """Run one command; a failure is one sentence."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that `finally` is heeded
    os.umask(0o022)
    try:
        act(parse(words))
    except ClusterError as error:
        print(f"slurm/testcluster: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted; slurm/testcluster up goes on, down clears up")
        return 130
    return 0
