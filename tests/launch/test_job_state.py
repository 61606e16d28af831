"""Every way in which a job's own word and Slurm's can agree or not."""

from dataclasses import replace
from pathlib import Path

import pytest

from shipworthy.launch.job_state import Known, State, job_state
from shipworthy.launch.records import Attempt, Queued

NOW = 1_000_000.0
KNOWN = Known(sweep="train-1", folder=Path("/shared/jobs/3"), job="17_3", submitted=NOW - 1000)


def status(state, step=None, steps=40, job="17_3", starts=1, said=""):
    told = [{"job": job, "restart": number, "began": NOW - 900} for number in range(starts)]
    return {"state": state, "step": step, "steps": steps, "said": said, "attempts": told, "written": NOW - 500}


def row(state, *, job="17_3", ago=400.0, node="n1"):
    """A row of the accounting that ended `ago` seconds before now; of one that has not, `node` says if it runs."""
    live = state in ("RUNNING", "PENDING")
    return Attempt(
        job=job, name="train-1", state=state, exit_code=0, submit=NOW - ago - 200, eligible=NOW - ago - 200,
        start=NOW - ago - 100 if node else None, end=None if live else NOW - ago, elapsed_s=100, gpus=1, cpus=4,
        nodes=1 if node else 0, node_list=node, partition="low", account="lab",
    )  # fmt: skip


def entry(state, *, job="17_3", reason="", node="n1", ago=30.0):
    return Queued(job, "train-1", state, reason, node, NOW - ago)


@pytest.mark.parametrize(
    ("told", "rows", "queue", "state", "said"),
    [
        # It has not begun.
        (None, [], [entry("PENDING", reason="Resources", node="")], State.WAITING, "it waits: Resources"),
        (None, [row("PENDING", node="")], [entry("PENDING", node="")], State.WAITING, ""),
        (None, [row("RUNNING")], [entry("CONFIGURING")], State.RUNNING, "it starts on n1"),
        # It runs.
        (None, [row("RUNNING")], [entry("RUNNING")], State.RUNNING, "it starts on n1"),
        (None, [], [entry("RUNNING", ago=300)], State.RUNNING, "writing anything to /shared/jobs/3: does node n1 see"),
        (status("running", 12), [row("RUNNING")], [entry("RUNNING")], State.RUNNING, ""),
        (status("running", 12), [row("PENDING", node="")], [entry("RUNNING")], State.RUNNING, ""),  # accounting lags
        (status("running", 12), [], [entry("RUNNING")], State.RUNNING, ""),
        (status("running", 12), None, [entry("RUNNING")], State.RUNNING, ""),
        (status("stopped", 12), [row("RUNNING")], [entry("COMPLETING")], State.RUNNING, ""),
        # It will go on.
        (status("stopped", 12), [row("PREEMPTED")], [entry("PENDING", node="")], State.GOING_ON, ""),
        (status("stopped", 12), None, [entry("PENDING", reason="BeginTime", node="")], State.GOING_ON, "BeginTime"),
        (status("running", 12), [row("NODE_FAIL")], [entry("PENDING", node="")], State.GOING_ON, ""),
        (None, [row("NODE_FAIL")], [entry("PENDING", node="")], State.GOING_ON, ""),
        (status("failed", 12), [row("REQUEUED")], [entry("PENDING", node="")], State.GOING_ON, ""),
        (status("running", 12), [row("PREEMPTED"), row("RUNNING", ago=0)], [entry("RUNNING")], State.RUNNING, ""),
        (status("stopped", 12), [row("REQUEUED", ago=3)], [], State.GOING_ON, "puts it back"),  # between two queries
        # It is done, whatever Slurm says.
        (status("finished", 40), [row("COMPLETED")], [], State.FINISHED, ""),
        (status("finished", 40), [row("FAILED")], [], State.FINISHED, ""),
        (status("finished", 40), [row("NODE_FAIL")], [], State.FINISHED, ""),
        (status("finished", 40), [row("CANCELLED")], [], State.FINISHED, ""),
        (status("finished", 40), [row("RUNNING")], [entry("RUNNING")], State.FINISHED, ""),  # Slurm's word lags
        (status("finished", 40), [], [], State.FINISHED, ""),
        (status("finished", 40), None, [], State.FINISHED, ""),
        (status("finished", None, steps=None), [row("COMPLETED")], [], State.FINISHED, ""),  # no steps: XGBoost
        (status("finished", 38), [row("COMPLETED")], [], State.FAILED, "after 38 of 40 steps"),
        (status("finished", 41), [row("COMPLETED")], [], State.FAILED, "after 41 of 40 steps"),
        (status("finished", None), [row("COMPLETED")], [], State.FAILED, "after None of 40 steps"),
        # It failed by itself.
        (status("failed", 3, said="No rows."), [row("COMPLETED")], [], State.FAILED, "No rows."),
        (status("failed", 3, said="No rows."), [row("FAILED")], [], State.FAILED, "No rows."),
        (status("failed", 3, said="No rows."), [row("RUNNING")], [entry("RUNNING")], State.FAILED, "No rows."),
        (status("failed", 3, said="No rows."), [], [], State.FAILED, "No rows."),
        (status("failed", 3, said="No rows."), None, [], State.FAILED, "No rows."),
        # Slurm ended it.
        (status("running", 12), [row("TIMEOUT")], [], State.LOST, "TIMEOUT on n1 (it reached its time limit)"),
        (status("running", 12), [row("OUT_OF_MEMORY")], [], State.LOST, "took more memory than it had asked for"),
        (status("running", 12), [row("NODE_FAIL")], [], State.LOST, "its node failed"),
        (status("running", 12), [row("FAILED")], [], State.LOST, "could not say why"),
        (status("running", 12), [row("COMPLETED")], [], State.LOST, "without saying how"),
        (status("running", 12), [row("CANCELLED")], [], State.LOST, "somebody cancelled it"),
        (status("running", 12), [row("DEADLINE")], [], State.LOST, "DEADLINE"),
        (status("running", 12), [row("BOOT_FAIL")], [], State.LOST, "BOOT_FAIL"),
        (status("running", 12), [row("PREEMPTED")], [], State.LOST, "another job took its place"),
        (status("running", 12), [row("REQUEUED")], [], State.LOST, "is not there any more"),
        (status("running", 12), [row("RUNNING")], [], State.LOST, "knows nothing more of job 17_3"),
        (status("running", 12), [row("RUNNING")], [entry("TIMEOUT")], State.LOST, "TIMEOUT"),  # accounting lags
        (status("running", 12), None, [entry("OUT_OF_MEMORY")], State.LOST, "OUT_OF_MEMORY on n1"),
        (status("running", 12), None, [], State.LOST, "no accounting to say how it ended"),
        (status("running", 12), [], [], State.LOST, "knows nothing more of job 17_3"),
        (status("stopped", 12, said="Disk full."), [row("FAILED")], [], State.LOST, "its last message: Disk full: `"),
        # It left nothing.
        (None, [row("COMPLETED")], [], State.LOST, "wrote nothing to /shared/jobs/3: does n1 see that folder?"),
        (None, [row("FAILED")], [], State.LOST, "wrote nothing to /shared/jobs/3: does n1 see that folder?"),
        (None, [row("TIMEOUT")], [], State.LOST, "wrote nothing to"),
        (None, None, [], State.LOST, "wrote nothing to /shared/jobs/3: does its node see"),
        (None, [], [], State.LOST, "knows nothing more of job 17_3, and it wrote nothing to"),
        (None, [row("DEADLINE", node="")], [], State.LOST, "before it began: `shipworthy sweep retry-failed train-1`"),
        (None, [row("CANCELLED", node="")], [], State.CANCELLED, "before it began"),
        # Its last word may still be on its way through a file system of the network.
        (status("running", 39), [row("COMPLETED", ago=5)], [], State.RUNNING, "has just ended"),
        (status("running", 39), [row("COMPLETED", ago=5)], [entry("COMPLETED")], State.RUNNING, "has just ended"),
        # An earlier submission's file says nothing of the new one.
        (status("failed", 3, job="11_3"), [row("FAILED", job="11_3")], [entry("PENDING", node="")], State.WAITING, ""),
        (status("failed", 3, job="11_3"), [row("FAILED", job="11_3")], [entry("RUNNING")], State.RUNNING, "it starts"),
        (status("running", 3, job="11_3"), [row("TIMEOUT", job="11_3")], [entry("PENDING")], State.WAITING, ""),
        (status("failed", 3, job="11_3"), [row("FAILED", job="11_3"), row("NODE_FAIL")], [], State.LOST, "wrote"),
        # Other tasks' rows say nothing of this one.
        (None, [row("FAILED", job="17_2")], [entry("PENDING", job="17_3", node="")], State.WAITING, ""),
    ],
)  # fmt: skip
def test_verdict(told, rows, queue, state, said):
    found = job_state(KNOWN, told, rows, queue, now=NOW)
    assert (found.state, found.job) == (state, "17_3")
    assert said in found.said if said else found.said == ""
    assert found.step == (told or {}).get("step")
    assert len(found.said.splitlines()) <= 1


@pytest.mark.parametrize("rows", [[], None])
def test_a_job_just_submitted_waits(rows):
    new = replace(KNOWN, submitted=NOW - 2)
    assert job_state(new, None, rows, [], now=NOW).state == State.WAITING
    assert job_state(replace(new, job=""), None, rows, [], now=NOW).state == State.WAITING  # sbatch has yet to answer


@pytest.mark.parametrize("known", [replace(KNOWN, job=""), replace(KNOWN, job="", submitted=None)])
def test_a_job_that_slurm_never_got(known):
    found = job_state(known, None, [], [], now=NOW)
    assert (found.state, found.job) == (State.NEVER, "")
    assert found.said.endswith("`shipworthy sweep retry-failed train-1` submits it again.")


def test_a_job_whose_id_only_its_own_file_knows():
    found = job_state(replace(KNOWN, job=""), status("running", 12), [row("TIMEOUT")], [], now=NOW)
    assert (found.state, found.job) == (State.LOST, "17_3")


@pytest.mark.parametrize(
    ("told", "rows", "queue", "state"),
    [
        (None, [], [], State.CANCELLED),
        (None, [row("CANCELLED", node="")], [], State.CANCELLED),
        (status("running", 12), [row("CANCELLED")], [], State.CANCELLED),
        (status("stopped", 12), None, [], State.CANCELLED),
        (status("running", 12), [row("RUNNING")], [entry("COMPLETING")], State.RUNNING),
        (status("finished", 40), [row("COMPLETED")], [], State.FINISHED),
        (status("failed", 3), [row("FAILED")], [], State.FAILED),
    ],
)
def test_a_cancelled_sweep(told, rows, queue, state):
    assert job_state(replace(KNOWN, cancelled=True), told, rows, queue, now=NOW).state == state


def test_restarts_by_the_job_or_by_slurm():
    rows = [row("PREEMPTED"), row("NODE_FAIL"), row("RUNNING")]
    assert job_state(KNOWN, status("running", 12, starts=3), None, [entry("RUNNING")], now=NOW).restarts == 2
    assert job_state(KNOWN, status("running", 12, starts=1), rows, [entry("RUNNING")], now=NOW).restarts == 2
    assert job_state(KNOWN, None, [row("PENDING", node="")], [entry("PENDING")], now=NOW).restarts == 0


def test_what_to_do():
    lost = job_state(KNOWN, status("running", 12), [row("TIMEOUT")], [], now=NOW)
    assert lost.said.endswith("`shipworthy sweep retry-failed train-1` goes on from its last checkpoint.")
    assert {state for state in State if state.again} == {State.FAILED, State.LOST, State.NEVER}
    assert {state for state in State if not state.over} == {State.WAITING, State.RUNNING, State.GOING_ON}
