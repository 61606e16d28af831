"""A `map` whose items are computed by the jobs of a Slurm array, through submitit and files of a shared folder."""

import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import submitit
from submitit.core.utils import FailedJobError, UncompletedJobError

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.parallel import ordered_map
from shipworthy.core.progress import say
from shipworthy.launch.site import Site, read_site
from shipworthy.launch.slurm import ping

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Refused:
    """What a job leaves for an item whose function raised a sentence for the user."""

    error: ShipworthyError


@dataclass(frozen=True)
class ArrayMap:
    """A `map` over the jobs of an array; see core/parallel.py for what it takes.

    Each call writes its items into a folder of its own and submits one array, whose jobs leave the results there. The
    folder is removed when all results are read, and stays, with the jobs' logs, where something failed. Only what this
    process and its jobs wrote is unpickled: the folder is its user's alone. An error that is a sentence for the user is
    raised here as the function raised it there.

    Attributes:
        folder: on a disk that all nodes see.
        tasks: jobs of an array, at most.
        cpus_per_task: threads of a job.
        mem_gb: memory of a job (GB).
        timeout_min: time limit of a job (minutes).
        retries: how often a lost job is submitted again; it goes on after the last result that it left.
        site: account, partition, and what else the cluster wants to be told.
        cluster: submitit's executor: slurm, or for tests local (processes) or debug (this process).
        one_at_a_time: whether a job computes its items one after the other, not on a thread for each of its CPUs: for
            items that need its memory and its CPUs for themselves.
    """

    folder: Path
    tasks: int
    cpus_per_task: int
    mem_gb: int
    timeout_min: int
    retries: int
    site: Site
    cluster: str = "slurm"
    one_at_a_time: bool = False

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
        """The results, in the items' order.

        Raises:
            ShipworthyError: Slurm refuses the array, a job ended with an error, or was lost too often; or what the
                function raised for the first item at which it did.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="map-", dir=self.folder))
        count = 0
        for item in items:
            _write(folder / f"{count}.item", item)
            count += 1
        if count:
            yield from self._results(folder, function, count)
        shutil.rmtree(folder)

    def _results(self, folder: Path, function: Callable[[Any], Result], count: int) -> Iterator[Result]:
        tasks = min(self.tasks, count)
        bounds = [count * task // tasks for task in range(tasks + 1)]
        compute = partial(_compute, function, folder, 1 if self.one_at_a_time else self.cpus_per_task)
        jobs = self._submit(folder, compute, bounds[:-1], bounds[1:])
        parts = "1 part goes" if count == 1 else f"{count} parts go"
        where = "1 job of Slurm" if len(jobs) == 1 else f"{len(jobs)} jobs of Slurm"
        on = "" if len(jobs) == 1 else " and on"
        say(f"{parts} to {where}, {jobs[0].job_id}{on}; logs: {folder / 'log'}")
        try:
            for task, (low, high) in enumerate(pairwise(bounds)):
                self._finish(folder, compute, jobs, task, (low, high))
                for number in range(low, high):
                    result = _read(folder / f"{number}.result")
                    if isinstance(result, Refused):
                        raise result.error
                    yield result
                    (folder / f"{number}.result").unlink()
        finally:
            for job in jobs:
                if not job.done():
                    job.cancel(check=False)

    def _submit(self, folder: Path, compute: Callable[..., None], lows: list[int], highs: list[int]) -> list[Any]:
        executor = submitit.AutoExecutor(folder=folder / "log", cluster=self.cluster)
        executor.update_parameters(
            name="shipworthy-map",
            cpus_per_task=self.cpus_per_task,
            mem_gb=self.mem_gb,
            timeout_min=self.timeout_min,
            slurm_array_parallelism=self.tasks,
            slurm_setup=self.site.lines() or None,
            **{
                f"slurm_{name}": value
                for name in ("account", "partition", "qos", "constraint")
                if (value := getattr(self.site, name))
            },
        )
        try:
            jobs: list[Any] = executor.map_array(compute, lows, highs)
        except FailedJobError as error:
            raise ShipworthyError(f"Slurm refuses the array of data.slurm: {_last_line(error)}") from error
        return jobs

    def _finish(
        self, folder: Path, compute: Callable[..., None], jobs: list[Any], task: int, bounds: tuple[int, int]
    ) -> None:
        """Waits for a job; one that was lost is submitted again."""
        for left in range(self.retries, -1, -1):
            job = jobs[task]
            try:
                job.result()
            except FailedJobError as error:
                raise ShipworthyError(
                    f"Job {job.job_id} of data.slurm failed: {_last_line(error)}; its log: {job.paths.stderr}"
                ) from error
            except UncompletedJobError as error:
                if not left:
                    raise ShipworthyError(
                        f"Job {job.job_id} of data.slurm was lost {self.retries + 1} times (state {job.state}): look "
                        f"at its log, {job.paths.stderr}, and give it more data.slurm.mem_gb or timeout_min."
                    ) from error
                say(f"job {job.job_id} was lost (state {job.state}): it is submitted again")
                [jobs[task]] = self._submit(folder, compute, [bounds[0]], [bounds[1]])
            else:
                return


def array_map(folder: Path, **settings: int) -> ArrayMap:
    """The map of this machine's cluster.

    Args:
        folder: on a disk that all nodes see.
        settings: tasks, cpus_per_task, mem_gb, timeout_min, retries.

    Raises:
        ShipworthyError: no Slurm on this machine, or its controller does not answer.
        UsageError: the site's jobs run in a container.
    """
    try:
        ping()
    except ShipworthyError as error:
        raise ShipworthyError(f"data.slurm asks for jobs: {error} Or set data.slurm=null.") from None
    site = read_site()
    if site.container is not None:
        raise UsageError("data.slurm does not start jobs in the site's container: run with data.slurm=null.")
    return ArrayMap(folder, site=site, cluster="slurm", one_at_a_time=False, **settings)


def _compute(function: Callable[[Any], Any], folder: Path, threads: int, low: int, high: int) -> None:
    """What a job does; results that stand already are not computed again, and after a refusal nothing is."""

    def one(number: int) -> str:
        """What was refused; empty: nothing."""
        try:
            result = function(_read(folder / f"{number}.item"))
        except ShipworthyError as error:
            result = Refused(error)
        _write(folder / f"{number}.result", result)
        (folder / f"{number}.item").unlink()
        return str(result.error) if isinstance(result, Refused) else ""

    missing = [number for number in range(low, high) if not (folder / f"{number}.result").exists()]
    for refused in ordered_map(one, missing, threads):
        if refused:
            say(refused)
            return


def _write(path: Path, value: Any) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)
    temporary.replace(path)


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 – written by this process and its own jobs, in a folder of mode 700


def _last_line(error: Exception) -> str:
    """Of what Slurm says, or of the traceback that submitit quotes before it names the logs."""
    quoted, _, _ = str(error).partition("You can check full logs")
    lines = [line.strip() for line in quoted.splitlines() if line.strip(" -")]
    return lines[-1] if lines else type(error).__name__
