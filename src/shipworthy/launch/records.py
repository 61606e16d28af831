"""What Slurm's tables say, as records: jobs in the accounting and in the queue, partitions and nodes. No I/O here.

Looked at with Slurm 22.05. Nothing is read from `--json`, which older versions lack. Times are epoch seconds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SACCT_FIELDS = (
    *("JobIDRaw", "JobID", "JobName", "User", "Account", "Partition", "State", "ExitCode", "DerivedExitCode"),
    *("Submit", "Eligible", "Start", "End", "ElapsedRaw", "AllocTRES", "AllocNodes", "NodeList", "Reason"),
)
SQUEUE_FORMAT = "%i|%j|%T|%r|%N|%S"


@dataclass(frozen=True)
class Attempt:
    """One run of a job, by Slurm's accounting: a requeued job has several.

    Attributes:
        job: `ARRAY_TASK` or `JOB`.
        name: the job's name.
        state: one word, e.g. CANCELLED for `CANCELLED by 0`.
        exit_code: what the batch script ended with (0 while it runs).
        submit: when it was submitted or requeued (epoch s).
        eligible: from when on it could have started (epoch s; None: not yet).
        start: when it started (epoch s; None: it has not).
        end: when it ended (epoch s; None: it has not).
        elapsed_s: how long it has run (seconds).
        gpus: GPUs on all its nodes (0, too, where the cluster's AccountingStorageTRES leaves out gres/gpu).
        cpus: CPUs on all its nodes.
        nodes: how many nodes it had (0: it never had any).
        node_list: their names, e.g. `n[1-2]`.
    """

    job: str
    name: str
    state: str
    exit_code: int
    submit: float | None
    eligible: float | None
    start: float | None
    end: float | None
    elapsed_s: float
    gpus: int
    cpus: int
    nodes: int
    node_list: str
    partition: str
    account: str


@dataclass(frozen=True)
class Queued:
    """A job as the controller knows it: waiting, running, or ended less than MinJobAge (mostly 300 s) ago.

    Attributes:
        job: `ARRAY_TASK` or `JOB`.
        reason: why it waits (empty: no reason given).
        start: when it started, or is thought to start (epoch s; None: unknown).
    """

    job: str
    name: str
    state: str
    reason: str
    node_list: str
    start: float | None


@dataclass(frozen=True)
class Node:
    """A node: what one job can get of it at most. `memory_mb` in MiB, as Slurm counts."""

    name: str
    host: str
    address: str
    gpus: int
    cpus: int
    memory_mb: int
    state: str


@dataclass(frozen=True)
class Partition:
    """A partition and its nodes; `minutes` is its time limit (None: none), `most_nodes` what one job may have."""

    name: str
    default: bool
    up: bool
    nodes: tuple[Node, ...]
    most_nodes: int | None
    minutes: float | None


def attempts(text: str) -> list[Attempt]:
    """Parses sacct's table, in order of submission; a range of waiting array tasks becomes one row for each."""
    names, *rows = [line.split("|") for line in text.splitlines() if line]
    table = [dict(zip(names, row, strict=True)) for row in rows]
    single = {row["JobID"] for row in table}
    found = [
        _attempt(row, job)
        for row in table
        for job in _expand(row["JobID"])
        if job == row["JobID"] or job not in single  # the range still names tasks that have started since
    ]
    return sorted(found, key=lambda one: (one.submit or 0, one.start or float("inf")))


def _attempt(row: dict[str, str], job: str) -> Attempt:
    had_nodes = row["NodeList"] not in ("", "None assigned")
    return Attempt(
        job=job,
        name=row["JobName"],
        state=_word(row["State"]),
        exit_code=int(row["ExitCode"].partition(":")[0] or 0),
        submit=_time(row["Submit"]),
        eligible=_time(row["Eligible"]),
        start=_time(row["Start"]) if had_nodes else None,  # a job cancelled in the queue has a start as well
        end=_time(row["End"]),
        elapsed_s=float(row["ElapsedRaw"] or 0),
        gpus=_gpus(row["AllocTRES"], "=") if had_nodes else 0,
        cpus=int(_tres(row["AllocTRES"]).get("cpu", "0")) if had_nodes else 0,
        nodes=int(row["AllocNodes"] or 0) if had_nodes else 0,
        node_list=row["NodeList"] if had_nodes else "",
        partition=row["Partition"],
        account=row["Account"],
    )


def queued(text: str) -> list[Queued]:
    """Parses squeue's table."""
    rows = [line.split("|") for line in text.splitlines() if line]
    return [
        Queued(job, name, _word(state), "" if reason == "None" else reason, nodes, _time(start))
        for job, name, state, reason, nodes, start in rows
    ]


def partitions_of(partition_text: str, node_text: str) -> list[Partition]:
    """Parses what scontrol says of partitions and of nodes, each on a line of its own."""
    nodes = [pairs_of(line) for line in node_text.splitlines() if line.startswith("NodeName=")]
    return [
        Partition(
            name=one["PartitionName"],
            default=one["Default"] == "YES",
            up=one["State"] == "UP",
            nodes=tuple(_node(node) for node in nodes if one["PartitionName"] in node.get("Partitions", "").split(",")),
            most_nodes=int(one["MaxNodes"]) if one["MaxNodes"].isdigit() else None,
            minutes=minutes_of(one["MaxTime"]),
        )
        for one in map(pairs_of, partition_text.splitlines())
        if "PartitionName" in one
    ]


def _node(pairs: dict[str, str]) -> Node:
    return Node(
        name=pairs["NodeName"],
        host=pairs.get("NodeHostName", pairs["NodeName"]),
        address=pairs.get("NodeAddr", pairs["NodeName"]),
        gpus=_gpus(re.sub(r"\([^)]*\)", "", pairs["Gres"]), ":"),
        cpus=int(pairs.get("CPUEfctv") or pairs["CPUTot"]),
        memory_mb=int(pairs["RealMemory"]),
        state=pairs["State"],
    )


def _expand(job: str) -> Iterator[str]:
    """`17_[2-4,8%2]` → 17_2, 17_3, 17_4, 17_8; `17_[0-8:4]` → 17_0, 17_4, 17_8; anything else as it is."""
    if not (match := re.fullmatch(r"(\d+)_\[([^%\]]*)(%\d+)?\]", job)):
        yield job
        return
    for part in match[2].split(","):
        span, _, step = part.partition(":")
        first, _, last = span.partition("-")
        yield from (f"{match[1]}_{task}" for task in range(int(first), int(last or first) + 1, int(step or 1)))


def _word(state: str) -> str:
    return state.split(" ", maxsplit=1)[0].rstrip("+")


def _time(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def _tres(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in text.split(",") if "=" in item)


def _gpus(text: str, sign: str) -> int:
    """GPUs in `gpu:2`, `gpu:a100:4` (sign `:`), or `gres/gpu=2`, `gres/gpu:a100=2` (sign `=`)."""
    found = re.findall(rf"(?:^|,)(?:gres/)?gpu(:[^,=:]+)?{sign}(\d+)", text)
    plain = [int(count) for kind, count in found if not kind]
    return sum(plain) if plain else sum(int(count) for _, count in found)  # accounting gives the sum beside the kinds


def pairs_of(line: str) -> dict[str, str]:
    """`Name=value` pairs, as far as the values hold no space."""
    return dict(item.split("=", 1) for item in line.split() if "=" in item)


def minutes_of(limit: str) -> float | None:
    """A time limit as Slurm writes it (`1-02:30:00`, `30`, `1-2`, `30:00`) in minutes; None for UNLIMITED."""
    if not (match := re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", limit)):
        return None
    days, *rest = match.groups()
    first, second, third = (int(part or 0) for part in rest)
    if days is not None or rest[2] is not None:  # days-hours:minutes:seconds
        return int(days or 0) * 1440 + first * 60 + second + third / 60
    return first + second / 60  # minutes:seconds
