"""What a cluster would say to a sweep's jobs, asked before there are any."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shipworthy.core.commands import again
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.finding import Finding, Level, checked
from shipworthy.core.project import cache_folder
from shipworthy.launch import slurm
from shipworthy.launch.checks import Request, check_account, check_partition, look
from shipworthy.launch.records import Partition, pairs_of
from shipworthy.launch.site import Site, read_site, site_file
from shipworthy.launch.status import job_id

SAVE_S = 30
"""What a job should have to reach the end of its step and write a checkpoint (seconds)."""
UNUSABLE = ("DOWN", "DRAIN", "FAIL", "MAINT", "*")
"""Parts of the state of a node on which no job starts."""


def examine(folder: Path) -> Iterator[Finding]:
    """The site's file, and the cluster; no Slurm at all is fine.

    Args:
        folder: what the nodes must see: the project's.
    """
    try:
        site = _site()
    except ShipworthyError as error:
        site = Finding(Level.MISSING, "site", str(error))
    yield site
    if not shutil.which("scontrol"):
        yield Finding(
            Level.OK, "Slurm", "none here, so a sweep's runs follow one another (slurm/testcluster makes one)"
        )
        return
    try:
        slurm.ping()
    except ShipworthyError as error:
        nowhere = "SLURM_CONF" not in os.environ and any(words in str(error) for words in slurm.UNCONFIGURED)
        yield Finding(Level.WARNING if nowhere else Level.MISSING, "Slurm", str(error))
        return
    settings, parts = slurm.configuration(), slurm.partitions()
    yield Finding(Level.OK, "Slurm", f"the controller answers, version {settings['SLURM_VERSION']}")
    yield _partitions(parts)
    yield _accounting(settings)
    yield _limits(parts, settings)
    if site.level is not Level.MISSING:
        yield checked("submission", lambda: _submission(read_site(), parts))
        yield _sight(folder, read_site())


def _site() -> Finding:
    path = site_file()
    if path is None:
        return Finding(Level.OK, "site", "no file of yours, so Slurm gets only what the command says")
    site = read_site()
    said = f"{path} sets {', '.join(name for name, value in vars(site).items() if value) or 'nothing'}"
    theirs = site.env.get("SHIPWORTHY_CACHE")
    if theirs and Path(theirs) != cache_folder():
        advice = f"run `export SHIPWORTHY_CACHE={theirs}` before `{again('fetch')}`"
        return Finding(
            Level.WARNING, "site", f"{said}; jobs will look for weights in {theirs}, not in {cache_folder()}: {advice}."
        )
    return Finding(Level.OK, "site", said)


def _partitions(parts: list[Partition]) -> Finding:
    said = "; ".join(_described(part) for part in parts)
    idle = [part.name for part in parts if part.up and not _usable(part)]
    if not any(part.up and _usable(part) for part in parts):
        return Finding(Level.MISSING, "partitions", f"{said}: no node can take a job, `sinfo -R` says why.")
    return Finding(Level.WARNING if idle else Level.OK, "partitions", said)


def _usable(part: Partition) -> int:
    return sum(not any(word in node.state for word in UNUSABLE) for node in part.nodes)


def _described(part: Partition) -> str:
    cpus, gpus = (max((getattr(node, what) for node in part.nodes), default=0) for what in ("cpus", "gpus"))
    down = len(part.nodes) - _usable(part)
    return (
        f"{part.name}{'*' if part.default else ''}: {_count(len(part.nodes), 'node')} of {_count(cpus, 'core')} and "
        f"{_count(gpus, 'GPU')}"
        f"{f', {down} of them unusable' if down else ''}{'' if part.up else ', not up'}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _accounting(settings: dict[str, str]) -> Finding:
    if silent := slurm.sacct(name="shipworthy-doctor").silent:
        lost = "a sweep's costs, and how jobs ended that said nothing themselves, stay unknown"
        return Finding(Level.WARNING, "accounting", f"{silent}: {lost}.")
    if "gres/gpu" not in settings["AccountingStorageTRES"]:
        return Finding(
            Level.WARNING, "accounting", "on, but AccountingStorageTRES lacks gres/gpu, so GPU-hours are estimated."
        )
    return Finding(Level.OK, "accounting", f"on, cluster {settings['ClusterName']}")


def _limits(parts: list[Partition], settings: dict[str, str]) -> Finding:
    """How long jobs may take, and how long they have from SIGTERM to their end."""
    limits: dict[float | None, list[str]] = {}
    for part in parts:
        limits.setdefault(part.minutes, []).append(part.name)
    longest = "; ".join(
        f"{', '.join(names)}: {'no limit' if minutes is None else f'{minutes:g} min'}"
        for minutes, names in limits.items()
    )
    wait = _seconds(settings["KillWait"])
    left = {name: grace + wait for name, grace in _graces(settings)}
    said = f"{longest}; from SIGTERM to SIGKILL {wait} s"
    said += "".join(f", in {name} {seconds} s when preempted" for name, seconds in left.items())
    said += f"; a dead node is noticed after {_seconds(settings['SlurmdTimeout'])} s"
    if short := [name for name, seconds in left.items() if seconds < SAVE_S]:
        advice = f"less than {SAVE_S} s may be too short to save in: keep trainer.checkpoint_every small in"
        return Finding(Level.WARNING, "time-outs", f"{said}; {advice} {', '.join(short)}.")
    return Finding(Level.OK, "time-outs", said)


def _graces(settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The partitions whose jobs may be preempted, and the grace that these have (seconds)."""
    for line in slurm.command("scontrol", "--oneliner", "show", "partition").stdout.splitlines():
        pairs = pairs_of(line)
        if settings["PreemptType"] != "preempt/none" and "OFF" not in pairs.get("PreemptMode", "OFF"):
            yield pairs["PartitionName"], int(pairs["GraceTime"])


def _seconds(value: str) -> int:
    """`30 sec` → 30."""
    return int(value.partition(" ")[0])


def _submission(site: Site, parts: list[Partition]) -> str:
    """Whether Slurm would take a small job of this user with what the site's file says."""
    own = {name: value for name in ("account", "partition", "qos", "constraint") if (value := getattr(site, name))}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "doctor.sbatch"
        lines = ["#!/bin/bash", *(f"#SBATCH --{name}={value}" for name, value in own.items()), "true", ""]
        script.write_text("\n".join(lines), encoding="utf-8")
        request = Request.of(script.read_text(encoding="utf-8"))
        check_partition(request, parts)
        if site.preemptible_partition:
            check_partition(Request(partition=site.preemptible_partition), parts)
        if slurm.enforces_associations():
            check_account(request, slurm.accounts())
        slurm.sbatch(script, test_only=True)
    given = ", ".join(f"{name} {value}" for name, value in own.items())
    return f"a job would be taken, with {given or 'the defaults of the cluster'}"


def _sight(folder: Path, site: Site) -> Finding:
    """Whether the nodes see the project."""
    if job_id():
        return Finding(
            Level.OK, "folder", f"{folder} is seen by {os.environ.get('SLURMD_NODENAME')}, where this job runs"
        )
    sight = look(folder / "runs", Request(partition=site.partition, account=site.account, qos=site.qos))
    if sight.sees is None:
        return Finding(Level.WARNING, "folder", f"whether the nodes see {folder} could not be tried: {sight.why}.")
    if not sight.sees:
        said = f"{sight.node} does not see {folder}: put the project on a file system that the nodes share."
        return Finding(Level.MISSING, "folder", said)
    return Finding(Level.OK, "folder", f"{sight.node} sees {folder}")
