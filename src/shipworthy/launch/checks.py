"""What can be known before anything is submitted: whether the cluster has what jobs ask for, and sees their folder."""

import difflib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.launch import slurm
from shipworthy.launch.records import Partition, minutes_of

IMMEDIATE_S = 10
"""How long the probe of a folder waits for a free node (seconds)."""


@dataclass(frozen=True)
class Request:
    """What each job of a sweep asks for.

    Attributes:
        partition: empty: the cluster's default.
        account: empty: the user's default.
        nodes: how many.
        tasks_per_node: processes on each node.
        cpus_per_task: cores of each process.
        gpus_per_node: GPUs on each node.
        mem_gb: memory on each node (Slurm's G: GiB; 0: the cluster's default).
        timeout_min: time limit (minutes; 0: the partition's default).
    """

    partition: str = ""
    account: str = ""
    qos: str = ""
    nodes: int = 1
    tasks_per_node: int = 1
    cpus_per_task: int = 1
    gpus_per_node: int = 0
    mem_gb: float = 0.0
    timeout_min: float = 0.0

    @classmethod
    def of(cls, script: str) -> "Request":
        """From the #SBATCH lines of a script (`--name=value`)."""
        found = dict(re.findall(r"^#SBATCH --([a-z-]+)=(\S+)", script, re.MULTILINE))
        gpus = found.get("gpus-per-node") or found.get("gres", "").removeprefix("gpu:")
        return cls(
            partition=found.get("partition", ""),
            account=found.get("account", ""),
            qos=found.get("qos", ""),
            nodes=int(found.get("nodes", "1").partition("-")[0]),
            tasks_per_node=int(found.get("ntasks-per-node", "1")),
            cpus_per_task=int(found.get("cpus-per-task", "1")),
            gpus_per_node=int(gpus.rpartition(":")[2] or 0),
            mem_gb=_gigabytes(found.get("mem", "0")),
            timeout_min=minutes_of(found.get("time", "0")) or 0.0,
        )


@dataclass(frozen=True)
class Sight:
    """Whether a node sees a folder: None if that could not be tried, then `why` says why not."""

    sees: bool | None
    node: str = ""
    why: str = ""


def before(script: Path, folder: Path) -> str:
    """Checks all that can be known before a submission.

    Args:
        script: the rendered batch script; `sbatch --test-only` has the last word on it.
        folder: what the nodes must see: the sweep's folder, or one above it.

    Returns:
        A sentence on what could not be checked; empty if all was.

    Raises:
        UsageError: the cluster has not what the jobs ask for, or a node does not see the folder.
        ShipworthyError: there is no Slurm, it does not answer, or it refuses the script.
    """
    request = Request.of(script.read_text(encoding="utf-8"))
    slurm.ping()
    check_partition(request, slurm.partitions())
    if slurm.enforces_associations():
        check_account(request, slurm.accounts())
    slurm.sbatch(script, test_only=True)
    sight = look(folder, request)
    if sight.sees is False:
        raise UsageError(
            f"Node {sight.node} does not see {folder}: put the project on a file system that the nodes share."
        )
    return f"Whether the nodes see {folder} could not be tried: {sight.why}." if sight.sees is None else ""


def check_partition(request: Request, partitions: list[Partition]) -> None:
    """Refuses a partition that is not there, and what it has not; of several (`a,b`), one that has it is enough.

    Slurm itself takes jobs for more nodes or cores than there are (unless EnforcePartLimits), and lets them wait.

    Raises:
        UsageError: with what there is.
    """
    named = [_partition(name, partitions) for name in request.partition.split(",")]
    lacks = [next(_lacks(request, part, partitions), "") for part in named]
    if all(lacks):
        raise UsageError(lacks[0])


def _lacks(request: Request, part: Partition, partitions: list[Partition]) -> Iterator[str]:
    """What a partition has not, in sentences."""
    if not part.up:
        yield f"Partition {part.name} is not up: choose another of {_names(partitions)}, or wait."
    if lack := _lack_of_gpus(request, part, partitions):
        yield lack
    cpus, memory_mb = request.tasks_per_node * request.cpus_per_task, request.mem_gb * 1024
    if cpus > (most := max((node.cpus for node in part.nodes), default=0)):
        yield (
            f"Tasks per node × cores per task are {cpus} cores, but a node of partition {part.name} has at most "
            f"{most}: set hydra.launcher.cpus_per_task lower."
        )
    if memory_mb > (memory := max((node.memory_mb for node in part.nodes), default=0)):
        yield (
            f"hydra.launcher.mem_gb={request.mem_gb:g} is more than a node of partition {part.name} has "
            f"({memory / 1024:.1f}): set it lower."
        )
    fit = [n for n in part.nodes if n.gpus >= request.gpus_per_node and n.cpus >= cpus and n.memory_mb >= memory_mb]
    if request.nodes > (most := min(len(fit), part.most_nodes or len(fit))):
        yield (
            f"hydra.launcher.nodes={request.nodes}, but a job can have at most {_count(most, 'node')} of partition "
            f"{part.name} with {_count(cpus, 'core')}, {_count(request.gpus_per_node, 'GPU')} and "
            f"{request.mem_gb:g} GB each: ask for less."
        )
    if part.minutes is not None and request.timeout_min > part.minutes:
        yield (
            f"hydra.launcher.timeout_min={request.timeout_min:g} is more than partition {part.name} allows "
            f"({part.minutes:g} minutes): set it lower, a job that reaches its limit goes on in another turn."
        )


def _lack_of_gpus(request: Request, part: Partition, partitions: list[Partition]) -> str:
    gpus = max((node.gpus for node in part.nodes), default=0)
    if request.gpus_per_node <= gpus:
        return ""
    others = [p.name for p in partitions if any(node.gpus >= request.gpus_per_node for node in p.nodes)]
    hint = f"take partition {' or '.join(others)}" if others else "set hydra.launcher.gpus_per_node lower"
    has = f"at most {_count(gpus, 'GPU')}" if gpus else "no GPU"
    return f"A node of partition {part.name} has {has}, not {request.gpus_per_node}: {hint}."


def check_account(request: Request, accounts: list[str]) -> None:
    """Refuses an account that the user may not use.

    Raises:
        UsageError: with those that they may.
    """
    if not accounts:
        raise UsageError("This cluster wants an account, and you have none on it: ask its administrators for one.")
    if request.account and request.account not in accounts:
        close = difflib.get_close_matches(request.account, accounts, n=1)
        raise UsageError(
            f"You may not use the account '{request.account}': "
            f"{f'did you mean {close[0]}? ' if close else ''}Yours: {', '.join(accounts)}."
        )


def look(folder: Path, request: Request) -> Sight:
    """Puts a file into a folder and asks a node, within seconds, whether it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / f".seen-{uuid.uuid4().hex}"
    marker.touch()
    name = f"shipworthy-look-{marker.name[-8:]}"
    own = {"partition": request.partition, "account": request.account, "qos": request.qos}
    try:
        done = slurm.command(
            "srun",
            f"--job-name={name}",
            f"--immediate={IMMEDIATE_S}",
            *("--time=1", "--nodes=1", "--ntasks=1", "--mem=64M", "--chdir=/"),
            *(f"--{key}={value}" for key, value in own.items() if value),
            *(
                "sh",
                "-c",
                'if test -e "$1"; then echo "sees $SLURMD_NODENAME"; else echo "misses $SLURMD_NODENAME"; fi',
            ),
            *("sh", str(marker)),
        )
    except ShipworthyError as error:
        slurm.command("scancel", f"--name={name}")
        return Sight(None, why=str(error).rstrip("."))
    finally:
        marker.unlink()
    word, _, node = done.stdout.strip().partition(" ")
    if word not in ("sees", "misses"):
        return Sight(None, why=slurm.complaint(done))
    return Sight(word == "sees", node)


def _partition(name: str, partitions: list[Partition]) -> Partition:
    if found := next((p for p in partitions if (p.name == name if name else p.default)), None):
        return found
    if not name:
        raise UsageError(
            f"This cluster has no default partition: set hydra.launcher.partition or the site's, to one of "
            f"{_names(partitions)}."
        )
    close = difflib.get_close_matches(name, [p.name for p in partitions], n=1)
    hint = f"did you mean {close[0]}? There are" if close else "there are"
    raise UsageError(f"There is no partition '{name}' on this cluster: {hint} {_names(partitions)}.")


def _names(partitions: list[Partition]) -> str:
    return ", ".join(p.name for p in partitions)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _gigabytes(size: str) -> float:
    """`16GB`, `16G`, `16000M`, `16000` (M) in GiB."""
    match = re.fullmatch(r"([\d.]+)([KMGT]?)B?", size.upper())
    return float(match[1]) * 1024 ** ("KMGT".index(match[2] or "M") - 2) if match else 0.0
