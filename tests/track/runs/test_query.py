"""Filters and sorting."""

import time

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.track.runs import query
from shipworthy.track.runs.registry import Run, read_all
from tests.track.runs import project

NOW = time.time()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    half, most = [True] * 50 + [False] * 50, [True] * 80 + [False] * 20
    project.run(folder, "a", lr=1e-3, correct=half, began=NOW - 3600, notes={"lesson": "Rank 32 is wasted."})
    project.run(folder, "b", lr=5e-4, correct=most, began=NOW - 3 * 86400, campaign={"name": "lr", "trial": 1})
    project.run(folder, "c", lr=1e-3, status="failed", began=NOW - 9 * 86400)
    return read_all(folder)[0]


def names(runs: list[Run], *texts: str) -> list[str]:
    """Which of a, b, c (they began in this order, the newest first) all conditions hold of."""
    conditions = [query.condition(text) for text in texts]
    letters = dict(zip([one.id for one in runs], "abc", strict=True))
    return [letters[one.id] for one in runs if all(c is not None and c.holds(one) for c in conditions)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["status=finished"], "ab"),
        (["status!=finished"], "c"),
        (["status=failed,finished"], "abc"),
        (["metric>0.5"], "b"),
        (["metric>=0.5"], "ab"),
        (["metric<0.9"], "ab"),
        (["metric="], "c"),
        (["optimizer.lr=1e-3"], "ac"),
        (["optimizer.lr=0.001", "status=finished"], "a"),
        (["optimizer.lr<0.001"], "b"),
        (["optimizer.kind=adamw"], "abc"),
        (["adapter.targets~linear"], "abc"),
        (["campaign=lr"], "b"),
        (["campaign="], "ac"),
        (["trial=1"], "b"),
        (["since=2d"], "a"),
        (["since=100h"], "ab"),
        (["since=2w"], "abc"),
        (["since=2020-01-01"], "abc"),
        (["note~RANK 32"], "a"),
        (["said~finite"], "c"),
        (["seconds>10000000"], ""),
    ],
)
def test_what_a_condition_holds_of(runs: list[Run], texts: list[str], expected: str) -> None:
    assert names(runs, *texts) == list(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metric>high", "no number"),
        ("status=done", "no run has the status 'done'"),
        ("since=soon", "is no time"),
        ("since>2d", "since=2d"),
    ],
)
def test_a_condition_that_cannot_be_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        query.condition(text)


def test_a_key_that_no_run_has_comes_with_the_nearest(runs: list[Run]) -> None:
    query.check(["optimizer.lr", "metric", "since"], runs)
    for key, nearest in {"optimizer.lrr": "optimizer.lr", "lr": "optimizer.lr", "stauts": "status"}.items():
        with pytest.raises(UsageError, match=rf"no run has '{key}': did you mean {nearest}\?"):
            query.check([key], runs)


def test_a_word_is_no_condition() -> None:
    assert query.condition("note") is None and query.condition("dashboard") is None


def test_sorted_by_a_fact_or_a_key_who_has_none_comes_last(runs: list[Run]) -> None:
    assert [one.value for one in query.ordered(runs, "-metric")] == [0.8, 0.5, None]
    assert [one.value for one in query.ordered(runs, "metric")] == [0.5, 0.8, None]
    assert [one.config["optimizer.lr"] for one in query.ordered(runs, "optimizer.lr")] == [5e-4, 1e-3, 1e-3]
    assert [one.status for one in query.ordered(runs, "-status")] == ["finished", "finished", "failed"]
