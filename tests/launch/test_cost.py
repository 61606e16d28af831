"""Cost from what sacct really printed: a preempted array, a failing job, a node that died."""

from dataclasses import replace
from pathlib import Path

import pytest

from shipworthy.launch.cost import cost, kept_seconds
from shipworthy.launch.records import attempts

RECORDED = Path(__file__).parent / "recorded"


def recorded(name):
    return attempts((RECORDED / f"sacct_{name}.txt").read_text())


def test_every_start_counts():
    """19 + 41 + 23 + 4 + 2 + 2 s on one node with 2 GPUs and 4 CPUs."""
    found = cost(recorded("preempted"), price_per_hour=3.6, currency="EUR")
    assert (found.jobs, found.attempts) == (4, 6)
    assert (found.total.gpu, found.total.cpu, found.total.node) == pytest.approx((182 / 3600, 364 / 3600, 91 / 3600))
    assert found.money == pytest.approx(91 * 0.001)


def test_time_in_the_queue_counts_from_when_it_could_have_started():
    found = cost(recorded("preempted"))
    assert (found.queue_s, found.longest_queue_s) == (7 + 5 + 65 + 65, 65)
    assert found.held_s == 20 + 41 + 58 + 36


def test_what_was_done_again():
    assert cost(recorded("preempted")).preempted.node == pytest.approx((19 + 41 + 4) / 3600)


def test_work_up_to_the_last_checkpoint_is_kept():
    began = 1795395519.0
    status = {
        "attempts": [
            {"job": "13_0", "restart": 0, "began": began, "kept": began + 15},
            {"job": "13_0", "restart": 1, "began": began + 145},
        ]
    }
    kept = kept_seconds([status, None])
    assert kept == {("13_0", 0): 15.0}
    assert cost(recorded("preempted"), kept_s=kept).preempted.gpu == pytest.approx(2 * (19 - 15 + 41 + 4) / 3600)


def test_never_less_than_nothing_is_done_again():
    kept = {("13_0", 0): 1000.0, ("13_1", 0): 1000.0, ("13_3", 0): 1000.0}
    assert cost(recorded("preempted"), kept_s=kept).preempted.node == 0


def test_jobs_without_a_result_are_counted_once():
    found = cost(recorded("preempted"), failed={"13_2", "13_3"})
    assert found.failed.node == pytest.approx((23 + 4) / 3600)
    assert found.preempted.node == pytest.approx((19 + 41) / 3600)


def test_a_failing_job_and_one_on_two_nodes():
    """2 s on a node, 65 s on two; the third was cancelled before it began."""
    found = cost(recorded("ended"), failed={"18", "19", "20"})
    assert (found.jobs, found.attempts) == (2, 2)
    assert found.total.node == found.failed.node == pytest.approx(132 / 3600)
    assert found.total.gpu == 0


def test_a_dead_node():
    found = cost(recorded("node_fail"))
    assert found.preempted.gpu == pytest.approx(2 * 6 / 3600)
    assert found.total.gpu == pytest.approx(2 * 9 / 3600)


def test_gpus_that_the_accounting_leaves_out_are_those_asked_for():
    without = [replace(one, gpus=0) for one in recorded("node_fail")]
    found = cost(without, gpus_per_node=1)
    assert found.total.gpu == pytest.approx(2 * 1 * 9 / 3600)
    assert any("as asked for" in line for line in found.lines())
    assert cost(recorded("node_fail"), gpus_per_node=1).gpus_recorded


def test_what_is_printed():
    found = cost(recorded("preempted"), failed={"13_2"}, price_per_hour=36, currency="USD")
    assert found.lines() == [
        "4 jobs in 6 starts: 0.0506 GPU-hours, 0.101 CPU-hours, 0.0253 node-hours, 0.91 USD (a node's hour at 36 USD)",
        "waited 142 s in the queue, at most 65 s; held back for 155 s by requeues and limits",
        "done again after preemption, requeue or a failed node: "
        "0.0356 GPU-hours, 0.0711 CPU-hours, 0.0178 node-hours, 0.64 USD, 70% of all",
        "in jobs that gave no result: 0.0128 GPU-hours, 0.0256 CPU-hours, 0.00639 node-hours, 0.23 USD, 25% of all",
    ]


def test_nothing_has_run():
    found = cost([], price_per_hour=1, currency="USD", gpus_per_node=1)
    assert found.lines()[0] == "0 jobs in 0 starts: nothing (a node's hour at 1 USD)"
    assert found.gpus_recorded
