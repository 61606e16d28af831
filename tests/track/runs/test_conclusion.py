"""What follows from several runs."""

import random
import re
from pathlib import Path

import pytest

from shipworthy.evaluation import claims
from shipworthy.evaluation.paired import Shares
from shipworthy.track.runs.conclusion import concluded, round_up, rows_to_show
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.ranking import rankings
from shipworthy.track.runs.registry import Run, read
from shipworthy.track.runs.sweep_end import Job, ending, own
from tests.track.runs import project

GOOD, FAIR, POOR = ([row < share for row in range(200)] for share in (160, 156, 80))


def made(folder: Path, name: str, **facts: object) -> Run:
    one = read(project.run(folder / "runs", name, **facts))  # type: ignore[arg-type]
    assert isinstance(one, Run)
    return one


def paths(folder: Path) -> ProjectPaths:
    return ProjectPaths(folder / "artifacts", folder / "runs")


def test_a_winner_is_adopted_whichever_was_named_first(tmp_path: Path) -> None:
    good, poor = made(tmp_path, "a", correct=GOOD), made(tmp_path, "b", correct=POOR, lr=5e-4)
    for order in ((good, poor), (poor, good)):
        said = concluded(order, paths(tmp_path))
        assert said[0].startswith(
            f"{good.id[:8]} is the best by exact match on 200 rows of validation: {poor.id[:8]} has -40"
        )
        assert said[1].startswith("Adopt it: `shipworthy runs select ") and f"workspace={tmp_path}" in said[1]
    assert "they differ in optimizer.lr 0.0005 → 0.001" in said[2]


def test_where_less_is_better_the_least_wins(tmp_path: Path) -> None:
    small, large = made(tmp_path, "a", errors=[0.1] * 100), made(tmp_path, "b", errors=[0.3] * 100)
    assert concluded((large, small), paths(tmp_path))[0].startswith(f"{small.id[:8]} is the best by Brier score")


def test_of_an_open_difference_it_says_how_many_rows_would_show_it(tmp_path: Path) -> None:
    good, fair = made(tmp_path, "a", correct=GOOD), made(tmp_path, "b", correct=FAIR)
    said = " ".join(concluded((good, fair), paths(tmp_path)))
    assert f"That {good.id[:8]} is better than {fair.id[:8]} was not shown" in said
    assert (
        "validation rows to be shown (80% power, alpha 0.01)" in said
        and f"Keep {good.id[:8]}, `shipworthy runs" in said
    )


def test_the_rows_that_it_names_do_show_the_difference_in_four_of_five_cases() -> None:
    """Simulated: pairs of which the candidate alone is right in 8% and the reference alone in 5% of the rows."""
    (claim,) = claims.decide("accuracy", [Shares(1000, 80, 50)], 0.05)
    needed = rows_to_show(claim)
    assert needed is not None
    draw, shown = random.Random(0), 0
    for _ in range(300):
        rows = [draw.random() for _ in range(needed)]
        wins, losses = sum(one < 0.08 for one in rows), sum(0.08 <= one < 0.13 for one in rows)
        (found,) = claims.decide("accuracy", [Shares(needed, wins, losses)], 0.05)
        shown += found.words == claims.BETTER
    assert 0.72 < shown / 300 < 0.88


def test_equals_are_told_apart_by_their_size_and_nothing_is_promised(tmp_path: Path) -> None:
    one, other = made(tmp_path, "a", correct=GOOD), made(tmp_path, "b", correct=GOOD)
    said = " ".join(concluded((one, other), paths(tmp_path)))
    assert (
        "They are right on the same rows: no number of rows would show" in said and "of 2 with the same value" in said
    )


def test_of_runs_that_cannot_be_ranked_it_says_why_and_how_they_could(tmp_path: Path) -> None:
    recipe = {"name": "people", "overrides": ["experiment=people"], "changes": {}}
    one = made(tmp_path, "a", correct=GOOD)
    other = made(tmp_path, "b", correct=GOOD, dataset=project.OTHER_DATASET, recipe=recipe)
    said = concluded((one, other), paths(tmp_path))
    assert said[0].startswith("They cannot be ranked together, for of ")
    assert "Train one of them again on the other's dataset to compare them." in said


def test_three_are_ranked_with_holm(tmp_path: Path) -> None:
    runs = [made(tmp_path, name, correct=right) for name, right in (("a", POOR), ("b", GOOD), ("c", FAIR))]
    (found,) = rankings(runs)
    assert [found.best, *(one.run for one in found.others)] == [runs[1], runs[2], runs[0]]
    assert [one.claim.tests for one in found.others if one.claim] == [2, 2]
    assert [one.run for one in found.rivals] == [runs[2]]
    said = concluded(runs, paths(tmp_path))
    assert "(1 other is worse)" in said[0]


def test_a_sweeps_end_names_what_failed_and_what_each_changed(tmp_path: Path) -> None:
    one, other = made(tmp_path, "a", correct=GOOD), made(tmp_path, "b", correct=POOR)
    jobs = [Job("lr=1", one.id), Job("lr=2", other.id), Job("lr=3", "", "no memory.")]
    text = "\n".join(ending(jobs, paths(tmp_path)))
    places = [line.split()[:3] for line in text.splitlines() if re.match(r"\d  \S{8}  ", line)]
    assert places == [["1", one.id[:8], "lr=1"], ["2", other.id[:8], "lr=2"]]
    assert "1 of 3 runs failed:\n  lr=3: no memory." in text
    assert list(ending([Job("lr=1", "")], paths(tmp_path))) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([["a=1", "b=1"], ["a=1", "b=2"]], ["b=1", "b=2"]),
        ([["a=1", "b=1"]], ["a=1 b=1"]),
        ([["a=1"], ["a=1"]], ["", ""]),
    ],
)
def test_a_job_is_known_by_what_not_every_job_has(given: list[list[str]], expected: list[str]) -> None:
    assert own(given) == expected


@pytest.mark.parametrize(("value", "expected"), [(7.2, 8), (99.1, 100), (2837.0, 2900), (28370.0, 29000)])
def test_two_digits_count(value: float, expected: int) -> None:
    assert round_up(value) == expected
