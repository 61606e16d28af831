"""How a sweep stands: whose jobs are whose, what counts as lost, and what is shown."""

from pathlib import Path
from typing import Any

import pytest

from shipworthy.launch.job_state import JobState, State
from shipworthy.launch.records import Attempt, Queued
from shipworthy.launch.sweep import Sweep
from shipworthy.launch.sweep_status import SweepStatus, note_unnoted, show, spread


def submission(job: str | None, *indices: int) -> dict[str, Any]:
    return {"job": job, "indices": list(indices), "at": 0.0}


def jobs(array: int, *tasks: int) -> set[str]:
    return {f"{array}_{task}" for task in tasks}


@pytest.mark.parametrize(
    ("submissions", "known", "found"),
    [
        ([submission(None, 0, 1, 2)], jobs(17, 0, 1, 2), ["17"]),
        ([submission(None, 0, 1, 2)], jobs(17, 1), ["17"]),  # sacct knows of those that began
        ([submission(None, 0, 1, 2)], set(), [None]),
        ([submission(None, 0, 1)], jobs(17, 2), [None]),
        # The retry of 1 was never noted; that of 0 was.
        ([submission("17", 0, 1, 2), submission(None, 1), submission("21", 0)], jobs(19, 1), ["17", "19", "21"]),
        # What Slurm never got stays unknown, though an array of the same tasks is there.
        ([submission("17", 0, 1), submission(None, 1), submission("19", 1)], jobs(17, 0, 1), ["17", None, "19"]),
        ([submission("17", 0, 1), submission(None, 1), submission("19", 1)], jobs(23, 1), ["17", None, "19"]),
        # Two of the same tasks: the newest array is the newest submission's.
        ([submission(None, 0, 1), submission(None, 1)], jobs(17, 0, 1) | jobs(19, 1), ["17", "19"]),
        ([submission(None, 1), submission(None, 1)], jobs(17, 1) | jobs(19, 1), ["17", "19"]),
        ([submission(None, 1), submission(None, 1)], jobs(9, 1) | jobs(10, 1), ["9", "10"]),
        ([submission(None, 0), submission(None, 1)], jobs(17, 0) | jobs(19, 1), ["17", "19"]),
    ],
)
def test_an_array_that_nobody_noted_is_found_by_its_tasks(submissions, known, found):
    before = [one["job"] for one in submissions]
    assert note_unnoted(submissions, known) == (before != found)
    assert [one["job"] for one in submissions] == found


def test_an_array_whose_waiting_tasks_were_cancelled_is_listed_without_them():
    """As Slurm 22.05 does: `13|train|CANCELLED|JobHeldUser||…`."""

    def row(job: str) -> Queued:
        return Queued(job, "train", "CANCELLED", "JobHeldUser", "", None)

    submissions = [submission("13", 0, 1, 2), submission("15", 1)]
    queue = [row("13"), row("13_2"), row("15_1")]
    assert [one.job for one in spread(queue, submissions, {"13", "13_2", "15_1", "13_0"})] == ["13_1", "13_2", "15_1"]
    unnoted = [submission(None, 0, 1)]
    assert note_unnoted(unnoted, {"13"})
    assert unnoted[0]["job"] == "13"


def attempt(job: str, state: str, start: float, seconds: float) -> Attempt:
    return Attempt(
        job=job, name="s", state=state, exit_code=0, submit=start, eligible=start, start=start, end=start + seconds,
        elapsed_s=seconds, gpus=1, cpus=4, nodes=1, node_list="n1", partition="low", account="lab",
    )  # fmt: skip


PARAMS = "compute:\n  price_per_hour: 2.0\n  currency: USD\ntask:\n  metric: {metric}\n"
LONG = " ".join(f"some.group.setting_{number}=12345" for number in range(9))


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    made = Sweep.new(tmp_path, "train", tmp_path, {}, [["optimizer.lr=1"], ["optimizer.lr=2"], LONG.split(" ")])
    made.make([PARAMS.format(metric="accuracy")] * 3)
    return made


def sweep_status(sweep: Sweep, *states: State, attempts: list[Attempt] | None = None) -> SweepStatus:
    """Jobs that were all submitted as 17, and the second one again as 19."""
    newest = ["17_0", "19_1", "17_2"]
    jobs = [JobState(state, "", 4, 4, 0, job) for state, job in zip(states, newest, strict=True)]
    ids = [{"17_0"}, {"17_1", "19_1"}, {"17_2"}]
    statuses = [{"attempts": [], "metric": metric} for metric in (0.25, 0.5, 0.5)]
    return SweepStatus(sweep, jobs, ids, statuses, attempts, "" if attempts is not None else "it is off")


def test_the_best_is_the_first_of_the_finished_with_the_highest_metric(sweep):
    assert sweep_status(sweep, State.FINISHED, State.FINISHED, State.FINISHED).best() == 1
    assert sweep_status(sweep, State.FINISHED, State.FAILED, State.FINISHED).best() == 2
    assert sweep_status(sweep, State.FAILED, State.FAILED, State.LOST).best() is None


def test_the_best_has_the_lowest_metric_where_less_is_better(sweep):
    (sweep.job(0) / "params.yaml").write_text(PARAMS.format(metric="brier"))
    assert sweep_status(sweep, State.FINISHED, State.FINISHED, State.FINISHED).best() == 0
    assert sweep_status(sweep, State.FAILED, State.FINISHED, State.FINISHED).best() == 1


HOUR = 3600.0
ATTEMPTS = [
    attempt("17_0", "COMPLETED", 0, HOUR),
    attempt("17_1", "FAILED", 0, 2 * HOUR),
    attempt("19_1", "COMPLETED", 9 * HOUR, 4 * HOUR),
    attempt("17_2", "CANCELLED", 0, 8 * HOUR),
]


def test_all_attempts_of_a_job_that_failed_again_are_lost(sweep):
    found = sweep_status(sweep, State.FINISHED, State.FAILED, State.FINISHED, attempts=ATTEMPTS).cost()
    assert found is not None
    assert (found.total.gpu, found.failed.gpu, found.preempted.gpu) == (15, 6, 0)


def test_of_a_job_whose_retry_gave_a_result_only_what_it_did_again_is_lost(sweep):
    found = sweep_status(sweep, State.FINISHED, State.FINISHED, State.CANCELLED, attempts=ATTEMPTS)
    assert found.cost().preempted.gpu == 2, "nothing is known to have been kept"
    found.statuses[1]["attempts"] = [{"job": "17_1", "restart": 0, "began": 0.0, "kept": 1.5 * HOUR}]
    assert (found.cost().failed.gpu, found.cost().preempted.gpu) == (8, 0.5)


def test_what_is_shown(sweep, capsys):
    found = sweep_status(sweep, State.FINISHED, State.FINISHED, State.FAILED)
    found.jobs[2] = JobState(State.FAILED, "the loss is not finite.", 2, 4, 1, "17_2")
    (sweep.job(2) / "log-0.txt").write_text("step 1\nstep 2\nshipworthy: the loss is not finite.\n")
    show(found)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["job", "Slurm", "state", "steps", "restarts", "metric", "overrides"]
    assert shown[2].split() == ["1", "19_1", "finished", "4/4", "0", "0.5000", "optimizer.lr=2"]
    assert shown[3].endswith("=12345 …")
    assert max(len(line) for line in shown[:4]) <= 120
    after = shown[shown.index("job 2 failed: the loss is not finite.") :]
    assert LONG in "".join(after), "in full"
    assert "  | step 2" in after
    assert f"  ({sweep.job(2)})" in after
    assert shown[-1] == "no cost: it is off"
