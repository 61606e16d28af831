"""The sbatch script of a sweep, from the launcher's settings and the site's; the text is in slurm/job.sbatch.j2."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import submitit

from shipworthy.core.errors import UsageError
from shipworthy.launch.site import Site
from shipworthy.launch.sweep import Sweep

TEMPLATE = Path("slurm") / "job.sbatch.j2"
OURS = ("detach", "dry_run", "preemptible", "max_restarts", "start", "python", "setup", "srun_args")
NOBODYS = ("max_num_timeout", "submitit_folder", "use_srun")
"""Settings that are no directives of a script: the first have their place in it, the others none."""


class _Directives(submitit.SlurmExecutor):
    """submitit knows which parameter is which directive."""

    @classmethod
    def affinity(cls) -> int:  # submitit asks for it
        """A script can be written on a machine without Slurm."""
        return 2

    def lines(self) -> list[str]:
        text = self._make_submission_file_text("", "")
        return [line for line in text.splitlines() if line.startswith("#SBATCH")]


def render(sweep: Sweep, site: Site, indices: Sequence[int]) -> str:
    """The script that runs these jobs of a sweep, as one array.

    Raises:
        UsageError: jobs that may be preempted, and nobody says in which partition.
    """
    settings: dict[str, Any] = {key: value for key, value in sweep.record["settings"].items() if value is not None}
    nodes, tasks = int(settings.get("nodes", 1)), int(settings.get("tasks_per_node", 1))
    start = str(settings.get("start", "srun"))
    root = sweep.root
    log = f"{sweep.folder}/jobs/%a"
    # Nothing is escaped for HTML: what goes in is quoted for the shell.
    environment = jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(root / TEMPLATE.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    srun = ["--unbuffered", "--kill-on-bad-exit=1", "--open-mode=append", f"--output={log}/log-%t.txt"]
    container, pyxis = _container(site)
    return environment.get_template(TEMPLATE.name).render(
        directives=_directives(sweep, settings, site, indices, log, start, tasks),
        setup=[*site.lines(), *settings.get("setup", [])],
        root=shlex.quote(str(root)),
        snapshot=shlex.quote(str(sweep.snapshot)),
        sweep=shlex.quote(str(sweep.folder)),
        python=settings.get("python") or shlex.quote(sys.executable),
        srun=shlex.join([*srun, *pyxis, *settings.get("srun_args", [])]),
        container=container,
        start=start,
        nodes=nodes,
        tasks_per_node=tasks,
        processes=nodes * tasks,
    )


def _directives(
    sweep: Sweep,
    settings: Mapping[str, Any],
    site: Site,
    indices: Sequence[int],
    log: str,
    start: str,
    tasks: int,
) -> list[str]:
    parameters = {key: value for key, value in settings.items() if key not in (*OURS, *NOBODYS)}
    low = site.preemptible_partition if settings.get("preemptible") else ""
    if settings.get("preemptible") and not (low or settings.get("partition")):
        raise UsageError(
            "hydra/launcher=slurm_preemptible needs to know which partition that is: set preemptible_partition in "
            "slurm/site.yaml, or hydra.launcher.partition."
        )
    for name, own in {
        "account": site.account,
        "partition": low or site.partition,
        "qos": site.qos,
        "constraint": site.constraint,
    }.items():
        if own:
            parameters.setdefault(name, own)
    if start == "torchrun":  # one task on each node, with the cores of all its processes
        parameters |= {"tasks_per_node": 1, "cpus_per_task": tasks * int(parameters.get("cpus_per_task", 1))}
    parallel = min(len(indices), int(parameters.get("array_parallelism", len(indices))))
    executor = _Directives(folder=sweep.folder)
    executor.update_parameters(
        **executor._convert_parameters(
            {
                **parameters,
                "name": sweep.name,
                "wckey": None,
                "stderr_to_stdout": True,
                "additional_parameters": {
                    "array": f"{','.join(map(str, indices))}%{parallel}",
                    "output": f"{log}/batch.txt",
                    "requeue": True,
                    **parameters.get("additional_parameters", {}),
                },
            }
        )
    )
    return executor.lines()


def _container(site: Site) -> tuple[str, list[str]]:
    """What stands before the command, and what srun itself is told."""
    if site.container is None:
        return "", []
    if site.container.runtime == "pyxis":
        return "", [f"--container-image={site.container.image}", *site.container.options]
    return shlex.join([site.container.runtime, "exec", *site.container.options, site.container.image]) + " ", []
