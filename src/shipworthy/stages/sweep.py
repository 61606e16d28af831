"""Asks about a sweep on Slurm, from any shell: how it stands, what came out, and what to do with it."""

from collections.abc import Callable, Iterator, Sequence

from shipworthy.core import json_output, words, yaml_text
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import write_text
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.launch import slurm
from shipworthy.launch.job_state import State
from shipworthy.launch.submit import submit
from shipworthy.launch.sweep import PARAMS, Sweep
from shipworthy.launch.sweep_status import SweepStatus, expect_results, follow, look, show
from shipworthy.track.runs.project_paths import project_paths
from shipworthy.track.runs.sweep_end import Job, ending, own

DEFAULT_WORKSPACE = "artifacts"
USAGE = """\
shipworthy sweep status ID [--json]
shipworthy sweep collect|cancel|retry-failed|adopt ID

ID            a folder of runs/sweeps, or the beginning of its name
status        how its jobs stand now
collect       wait for its end, show all results and failures, and name the best
cancel        cancel the jobs that have not ended
retry-failed  submit again what failed, was lost or cancelled; it goes on from its checkpoints
adopt         make the best job's config params.yaml, so that `dvc repro` takes its run
"""


def run(arguments: Sequence[str]) -> None:
    """Does what the first argument says with the sweep that the second one names.

    Raises:
        UsageError: there is no such verb or sweep.
        ShipworthyError: Slurm does not answer, or jobs of a collected sweep failed.
    """
    asked = words.read(USAGE, arguments)
    sweep = Sweep.find(project_root(), asked.names[0])
    if asked.verb != "status":
        VERBS[asked.verb](sweep)
        return
    with json_output.one_document(json_output.FLAG in asked.flags) as document:
        sweep_status = look(sweep)
        document(sweep_status.document())
        show(sweep_status)


def _collect(sweep: Sweep) -> None:
    """Waits for the end, shows all results and all failures, ranks them, and names the best."""
    sweep_status = follow(sweep)
    for line in ending_of(sweep_status):
        say(line)
    best = sweep_status.best()
    if best is not None:
        say(f"\nbest: job {best}, {sweep.overrides(best)}; `shipworthy sweep adopt {sweep.name}` takes it over")
        _tell(sweep, best, sweep_status.metric(best))
    expect_results(sweep_status)


def ending_of(sweep_status: SweepStatus) -> Iterator[str]:
    """The ranking of a sweep's runs, as a sweep on this machine ends with it."""
    sweep = sweep_status.sweep
    known = [status or {} for status in sweep_status.statuses]
    failed = [job.said or str(job.state) if job.state is not State.FINISHED else "" for job in sweep_status.jobs]
    changed = own([job["overrides"] for job in sweep.record["jobs"]])
    jobs = [Job(text, one.get("run_id", ""), said) for text, one, said in zip(changed, known, failed, strict=True)]
    workspace = yaml_text.read(sweep.job(0) / PARAMS)["workspace"]
    yield from ending(jobs, project_paths(workspace))


def _tell(sweep: Sweep, best: int, metric: float | None) -> None:
    """Tells the tracker of its trainings what came of them."""
    if sweep.record["command"] != "train" or metric is None:
        return
    from shipworthy.track.record.groups import sweep_group
    from shipworthy.track.trackers.forwarder import tracker_of
    from shipworthy.track.trackers.groups import conclude

    params = yaml_text.parse((sweep.job(best) / PARAMS).read_text(encoding="utf-8"))
    values: dict[str, float | str] = {"best/metric": metric, "best_job": f"{best} {sweep.overrides(best)}"}
    conclude(sweep_group(sweep.about(best)), tracker_of(params["tracker"]), sweep.folder, values)


def _cancel(sweep: Sweep) -> None:
    """Cancels what has not ended."""
    alive = [job.job for job in look(sweep).jobs if not job.state.over and job.job]
    sweep.record["cancelled"] += alive
    sweep.save()
    slurm.scancel(alive)
    say(f"sweep {sweep.name}: {len(alive)} of {sweep.size} jobs cancelled; `retry-failed` would go on with them")


def _retry_failed(sweep: Sweep) -> None:
    """Submits again what failed, was lost or cancelled; it goes on from its checkpoints, with the same code."""
    again = [n for n, v in enumerate(look(sweep).jobs) if v.state.again or v.state is State.CANCELLED]
    if not again:
        raise UsageError(f"no job of sweep {sweep.name} failed, was lost or cancelled: there is nothing to do again.")
    submit(sweep, again)


def _adopt(sweep: Sweep) -> None:
    """Makes the best job's config the pipeline's: `dvc repro` then takes the run that the job made."""
    sweep_status = look(sweep)
    best = sweep_status.best()
    if best is None:
        raise ShipworthyError(f"no job of sweep {sweep.name} has finished with a metric: there is no best one yet.")
    if waiting := sum(not job.state.over for job in sweep_status.jobs):
        raise ShipworthyError(f"{waiting} jobs of sweep {sweep.name} are not over: wait (`collect`), or cancel them.")
    params = (sweep.job(best) / PARAMS).read_text(encoding="utf-8")
    if (workspace := yaml_text.parse(params)["workspace"]) != DEFAULT_WORKSPACE:
        raise UsageError(
            f"sweep {sweep.name} worked in {workspace}, and `dvc repro` works in {DEFAULT_WORKSPACE}/: adopt by hand."
        )
    write_text(project_root() / PARAMS, params)
    say(
        f"params.yaml is that of job {best} ({sweep.overrides(best)}, metric {sweep_status.metric(best):.4f}): `dvc "
        "repro` goes on from its run. `scripts/params` brings back what conf/ says."
    )


VERBS: dict[str, Callable[[Sweep], None]] = {
    "collect": _collect,
    "cancel": _cancel,
    "retry-failed": _retry_failed,
    "adopt": _adopt,
}
