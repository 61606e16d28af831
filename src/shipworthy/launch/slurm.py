"""Slurm's commands, typed: each under a time limit, each refusal one sentence. Looked at with Slurm 22.05."""

import getpass
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shipworthy.core.errors import ShipworthyError
from shipworthy.launch.records import (
    SACCT_FIELDS,
    SQUEUE_FORMAT,
    Attempt,
    Partition,
    Queued,
    attempts,
    pairs_of,
    partitions_of,
    queued,
)

LIMIT_S = 60
"""How long a command of Slurm may take (seconds): srun and sacctmgr can block for minutes."""

KEPT = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "SLURM_CLUSTERS")
"""What a command is told of our environment's SLURM_*: the rest, inside a job, would be taken for options."""

TABLES = {"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
"""Times in epoch seconds, and ranges of array tasks in full length."""

UNREACHABLE = ("Unable to contact slurm controller", "Unable to establish control machine", "Connection refused")
UNCONFIGURED = ("cannot stat file", "Could not establish a configuration source")
UNKNOWN_JOB = ("Invalid job id", "not found")

ADVICE = {
    "Invalid account": "`sacctmgr show assoc user=$USER` lists your accounts; name one in slurm/site.yaml",
    "Invalid partition": "`sinfo` lists the partitions; name one in slurm/site.yaml",
    "Invalid qos": "`sacctmgr show qos` lists them; name one in slurm/site.yaml",
    "Requested node configuration is not available": "no node has so many GPUs, cores or so much memory: ask for less",
    "Memory specification can not be satisfied": "no node has so much memory: ask for less",
    "Invalid feature": "no node has this constraint; `sinfo -o '%N %f'` lists what they have",
    "Invalid generic resource": "`sinfo -o '%N %G'` lists the GPUs that the nodes have",
    "Invalid job array": "the sweep has more jobs than the cluster's MaxArraySize: split it",
    "Requested time limit is invalid": "the partition allows less: set hydra.launcher.timeout_min lower",
    "violates accounting/QOS policy": "your limits (jobs, size or time) are reached: wait, or ask for less",
}
"""What to do about sbatch's reasons, by the words that they begin with or hold."""


class NoSlurmError(ShipworthyError):
    """There is no Slurm on this machine, or none that it is told of: asking again would not help."""


@dataclass(frozen=True)
class Accounting:
    """What Slurm's accounting knows; `silent` says why it says nothing: empty if it answered."""

    attempts: list[Attempt]
    silent: str = ""


def command(*arguments: str, limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
    """Runs a command of Slurm, whatever it ends with.

    Raises:
        NoSlurmError: there is no such command, or no such configuration.
        ShipworthyError: nobody answers it, or it takes longer than `limit_s` (seconds).
    """
    named = os.environ.get("SLURM_CONF")
    if named and not Path(named).is_file():  # they would look for it for a minute
        raise NoSlurmError(f"SLURM_CONF names {named}, which is not there: correct it, or unset it.")
    program, timed_out = arguments[0], False
    own = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_") or name in KEPT}
    own |= TABLES if program in ("sacct", "squeue") else {}  # a job gets the environment of its sbatch
    try:
        done = subprocess.run(
            arguments, env=own, capture_output=True, encoding="utf-8", errors="replace", timeout=limit_s, check=False
        )
    except FileNotFoundError:
        raise NoSlurmError(
            f"There is no {program} on this machine: submit from a login node of a Slurm cluster, or bring one up "
            "with slurm/testcluster up."
        ) from None
    except subprocess.TimeoutExpired as error:
        timed_out = True
        said = (error.stderr or b"").decode(errors="replace") if isinstance(error.stderr, bytes) else ""
        done = subprocess.CompletedProcess(arguments, 124, "", said)
    if any(text in done.stderr for text in UNCONFIGURED):
        raise ShipworthyError(
            f"Slurm's configuration is not found ({complaint(done)}): set SLURM_CONF to the cluster's slurm.conf, or "
            "bring a cluster up with slurm/testcluster up."
        )
    if program not in ("sacct", "sacctmgr") and done.returncode and any(text in done.stderr for text in UNREACHABLE):
        raise ShipworthyError(
            f"Slurm's controller does not answer ({complaint(done)}): ask again when `scontrol ping` says UP."
        )
    if timed_out:
        raise ShipworthyError(
            f"{program} did not answer within {limit_s:.0f} s: ask again when `scontrol ping` says UP."
        )
    return done


def ping() -> None:
    """Asks whether a controller answers; other commands try for nine seconds before they give up.

    Raises:
        ShipworthyError: none does.
    """
    done = command("scontrol", "ping")
    if not re.search(r"\bis UP\b", done.stdout):
        said = (done.stdout.strip() or complaint(done)).splitlines()[0]
        raise ShipworthyError(
            f"Slurm's controller does not answer ({said}): wait until `scontrol ping` says UP, or bring a cluster up "
            "with slurm/testcluster up."
        )


def sbatch(script: Path, *, test_only: bool = False) -> str:
    """Submits a batch script; its job id.

    Args:
        test_only: submit nothing; what comes back is Slurm's word on when and where it would start.

    Raises:
        ShipworthyError: Slurm refuses it; the sentence has its reason.
    """
    done = command("sbatch", "--test-only" if test_only else "--parsable", str(script))
    if done.returncode:
        reason = complaint(done)
        advice = next((advice for words, advice in ADVICE.items() if words in reason), "change the job's settings")
        raise ShipworthyError(f"Slurm refuses {script}: {reason}: {advice}.")
    if test_only:
        return done.stderr.strip().splitlines()[-1].removeprefix("sbatch: ")
    return done.stdout.strip().splitlines()[-1].partition(";")[0]


def sacct(job_ids: Sequence[str] = (), *, name: str = "", since: float | None = None) -> Accounting:
    """Every attempt of jobs (an array's id stands for all its tasks), requeued ones too, oldest first.

    The accounting lags by seconds: what `squeue` says of now is the truth. By name alone (or with `since`) it leaves
    out tasks that have not started: `squeue` has those.

    Args:
        name: only jobs of this name; a cluster's job ids begin anew at some time.
        since: only what ran after this (epoch s); by name alone, the last 30 days if not given.

    Raises:
        ShipworthyError: there is no Slurm, or sacct fails otherwise.
    """
    assert job_ids or name
    arguments = [*([f"--jobs={','.join(job_ids)}"] if job_ids else []), *([f"--name={name}"] if name else [])]
    if since is not None:
        arguments.append(f"--starttime={datetime.fromtimestamp(since).astimezone():%Y-%m-%dT%H:%M:%S}")
    elif not job_ids:
        arguments.append("--starttime=now-30days")
    form = ("--duplicates", "--allocations", "--parsable2", f"--format={','.join(SACCT_FIELDS)}")
    done = command("sacct", *form, *arguments)
    if done.returncode == 0:
        return Accounting(attempts(done.stdout))
    if "accounting storage is disabled" in done.stderr:
        return Accounting([], "accounting is off on this cluster")
    if "database" in done.stderr or "persist" in done.stderr.lower():
        return Accounting([], f"Slurm's accounting does not answer ({complaint(done)})")
    raise ShipworthyError(f"sacct failed: {complaint(done)}.")


def squeue(job_ids: Sequence[str] = (), *, name: str = "") -> list[Queued]:
    """The jobs that the controller knows, one row for each task of an array: the truth of now.

    Raises:
        ShipworthyError: the controller does not answer, or squeue fails otherwise.
    """
    assert job_ids or name
    arguments = [*([f"--jobs={','.join(job_ids)}"] if job_ids else []), *([f"--name={name}"] if name else [])]
    done = command("squeue", "--array", "--states=all", "--noheader", f"--format={SQUEUE_FORMAT}", *arguments)
    if done.returncode and any(text in done.stderr for text in UNKNOWN_JOB):
        return []  # it was there once, and the controller has forgotten it
    _expect(done)
    return queued(done.stdout)


def partitions() -> list[Partition]:
    """The cluster's partitions, with their nodes."""
    done = _expect(command("scontrol", "--oneliner", "show", "partition"))
    return partitions_of(done.stdout, _expect(command("scontrol", "--oneliner", "show", "node")).stdout)


def scancel(job_ids: Sequence[str]) -> None:
    """Cancels jobs, waiting or running; one that has ended is none to complain about."""
    if job_ids:
        _expect(command("scancel", *job_ids))


def requeue(job: str) -> None:
    """Puts a running job back into the queue.

    A job that has ended must be submitted anew: Slurm would count the time since its end as time that it ran.
    """
    _expect(command("scontrol", "requeue", job))


def job_state(job: str) -> str | None:
    """A job's state in one word; None when the controller does not know the job (any more)."""
    done = command("scontrol", "--oneliner", "show", "job", job)
    if any(text in done.stdout + done.stderr for text in UNKNOWN_JOB):
        return None
    return pairs_of(_expect(done).stdout.splitlines()[0])["JobState"]


def accounts(user: str = "") -> list[str]:
    """The accounts that a user (this one, if none is named) may use; none where there is no accounting."""
    done = command(
        "sacctmgr", "--noheader", "--parsable2", "show", "assoc", f"user={user or getpass.getuser()}", "format=account"
    )
    if "supported accounting_storage plugin" in done.stdout + done.stderr:
        return []
    return sorted(set(_expect(done).stdout.split()))


def configuration() -> dict[str, str]:
    """What `scontrol show config` says, by name."""
    pairs = (line.partition("=") for line in _expect(command("scontrol", "show", "config")).stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def enforces_associations() -> bool:
    """Whether the cluster refuses jobs whose account the user may not use."""
    settings = configuration()
    off = settings.get("AccountingStorageType", "").endswith("none")
    return not off and "associations" in settings.get("AccountingStorageEnforce", "")


def _expect(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if done.returncode:
        raise ShipworthyError(f"`{' '.join(done.args)}` failed: {complaint(done)}.")
    return done


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The last line of what a command complains of, without the command's name and the full stop."""
    lines = [line for line in (done.stderr.strip() or done.stdout.strip()).splitlines() if line.strip()]
    if not lines:
        return f"it ended with {done.returncode}"
    text = lines[-1].strip().rstrip(".")
    return re.sub(r"^(\S+ (error|fatal): )?(Batch job submission failed: |allocation failure: )?", "", text)
