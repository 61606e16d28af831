"""Asks about a sweep on Slurm, from any shell: how it stands, what came out, and what to do with it."""

import difflib
from collections.abc import Callable, Sequence

from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import write_text
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.launch import slurm
from shipworthy.launch.job_state import State
from shipworthy.launch.submit import submit
from shipworthy.launch.sweep import PARAMS, Sweep
from shipworthy.launch.sweep_status import expect_results, follow, look, show

DEFAULT_WORKSPACE = "artifacts"
USAGE = "shipworthy sweep status|collect|cancel|retry-failed|adopt ID, where ID is a folder of runs/sweeps"


def run(arguments: Sequence[str]) -> None:
    """Does what the first argument says with the sweep that the second one names.

    Raises:
        UsageError: there is no such verb or sweep.
        ShipworthyError: Slurm does not answer, or jobs of a collected sweep failed.
    """
    if len(arguments) != 2 or arguments[0] not in VERBS:
        close = difflib.get_close_matches(arguments[0], VERBS, n=1) if arguments and arguments[0] not in VERBS else []
        raise UsageError(f"{f'did you mean {close[0]}? It' if close else 'it'} is {USAGE}.")
    VERBS[arguments[0]](Sweep.find(project_root(), arguments[1]))


def _status(sweep: Sweep) -> None:
    """Shows how it stands now."""
    show(look(sweep))


def _collect(sweep: Sweep) -> None:
    """Waits for the end, shows all results and all failures, and names the best."""
    sweep_status = follow(sweep)
    best = sweep_status.best()
    if best is not None:
        say(f"\nbest: job {best}, {sweep.overrides(best)}; `shipworthy sweep adopt {sweep.name}` takes it over")
        _tell(sweep, best, sweep_status.metric(best))
    expect_results(sweep_status)


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
    "status": _status,
    "collect": _collect,
    "cancel": _cancel,
    "retry-failed": _retry_failed,
    "adopt": _adopt,
}
