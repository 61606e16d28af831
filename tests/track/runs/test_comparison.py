"""Runs side by side."""

import random
from dataclasses import asdict
from pathlib import Path

import pytest

from shipworthy.core.artifact import Manifest
from shipworthy.core.files import read_json, sha256_of_json, write_json
from shipworthy.evaluation import claims, figures, paired
from shipworthy.evaluation.paired import Shares
from shipworthy.track.runs.comparison import NOT_MEASURED, Part, compare
from shipworthy.track.runs.pairs import interval, pairs
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.registry import Run, read
from tests.track.runs import project

DRAW = random.Random(0)
GOOD, FAIR, POOR = ([DRAW.random() < share for _ in range(150)] for share in (0.8, 0.7, 0.4))


def made(folder: Path, name: str, **facts: object) -> Run:
    one = read(project.run(folder / "runs", name, **facts))  # type: ignore[arg-type]
    assert isinstance(one, Run)
    return one


def against(mine: list[bool], theirs: list[bool]) -> Shares:
    pairs = list(zip(mine, theirs, strict=True))
    return Shares(len(pairs), pairs.count((True, False)), pairs.count((False, True)))


def parts(folder: Path, *runs: Run) -> dict[str, Part]:
    return {part.title: part for part in compare(runs, ProjectPaths(folder / "artifacts", folder / "runs"))}


def test_the_paired_difference_is_that_of_the_same_rows(tmp_path: Path) -> None:
    runs = [made(tmp_path, name, correct=right) for name, right in (("a", FAIR), ("b", GOOD), ("c", POOR))]
    found = pairs(runs)
    expected = [against(GOOD, FAIR), against(POOR, FAIR)]
    assert [pair.found for pair in found] == expected
    claimed = [pair.claim for pair in found if pair.claim]
    assert [one.p_value for one in claimed] == paired.holm([one.p_value for one in expected])
    assert [one.words for one in claimed] == [claims.OPEN, claims.WORSE]
    said = parts(tmp_path, *runs)["difference"].remarks
    assert ": no difference shown, " in said[0] and ": worse, -" in said[1]
    assert all(f"{100 * one.value:+.1f} points [" in words for one, words in zip(expected, said, strict=False))
    assert "for 2 tests (Holm), by the exact McNemar test at alpha 0.01" in said[1]


def test_of_a_metric_whose_less_is_better_less_is_better(tmp_path: Path) -> None:
    large = [0.2 + 0.1 * DRAW.random() for _ in range(150)]
    small = [one - 0.05 * DRAW.random() for one in large]
    runs = [made(tmp_path, name, errors=errors) for name, errors in (("a", large), ("b", small), ("c", large))]
    better, equal = (pair.claim for pair in pairs(runs))
    assert better and equal and (better.words, equal.words) == (claims.BETTER, claims.OPEN)
    assert (better.wins, better.losses) == (150, 0)
    (said, _, _) = parts(tmp_path, *runs)["difference"].remarks
    assert ": better, -0.0" in said and "permutation test of rows" in said


def test_rows_of_a_group_are_exchanged_together(tmp_path: Path) -> None:
    import polars as pl

    runs = [made(tmp_path, name, correct=right) for name, right in (("a", FAIR), ("b", GOOD))]
    for one in runs:
        path = one.folder / "checkpoint" / "validation.parquet"
        frame = pl.read_parquet(path)
        frame.with_columns(group=pl.int_range(frame.height) // 10).write_parquet(path)
    (pair,) = pairs(runs)
    assert pair.claim and pair.claim.test == "permutation test of 15 clusters of rows"


def test_answers_from_before_metrics_had_kinds_are_read(tmp_path: Path) -> None:
    import polars as pl

    runs = [made(tmp_path, name, correct=right) for name, right in (("a", FAIR), ("b", GOOD))]
    now = pairs(runs)
    for one in runs:
        path = one.folder / "checkpoint" / "validation.parquet"
        pl.read_parquet(path).rename({"scored": "correct"}).write_parquet(path)
    assert pairs(runs) == now


def test_rows_are_paired_by_id_not_by_place(tmp_path: Path) -> None:
    import polars as pl

    one, other = made(tmp_path, "a", correct=GOOD), made(tmp_path, "b", correct=FAIR)
    path = other.folder / "checkpoint" / "validation.parquet"
    pl.read_parquet(path).reverse().head(100).write_parquet(path)
    found = pairs([one, other])[0].found
    assert found == against(FAIR[50:], GOOD[50:])


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"dataset": project.OTHER_DATASET}, "validated on other data"),
        ({"status": "failed"}, "has no result"),
    ],
)
def test_where_there_can_be_no_test_it_says_why(tmp_path: Path, facts: dict[str, str], why: str) -> None:
    pair = pairs([made(tmp_path, "a"), made(tmp_path, "b", **facts)])[0]
    assert pair.found is None and why in pair.why_not


def test_a_run_without_answers_is_not_paired(tmp_path: Path) -> None:
    one, other = made(tmp_path, "a"), made(tmp_path, "b")
    (other.folder / "checkpoint" / "validation.parquet").unlink()
    assert "noted no answers" in pairs([one, other])[0].why_not
    assert interval(other) is None and interval(one) is not None


def test_other_data_is_said_first_and_aloud(tmp_path: Path) -> None:
    found = compare(
        [made(tmp_path, "a"), made(tmp_path, "b", dataset=project.OTHER_DATASET)],
        ProjectPaths(tmp_path / "artifacts", tmp_path / "runs"),
    )
    assert found[0].title == "data" and found[0].alarm and "cannot be compared" in found[0].remarks[0]
    assert found[0].rows == [("dataset", [project.DATASET[:12], project.OTHER_DATASET[:12]])]


def test_only_what_differs_is_shown(tmp_path: Path) -> None:
    code = {"git_sha": "f" * 40, "uncommitted": "", "source": "4" * 64}
    runs = [made(tmp_path, "a"), made(tmp_path, "b", lr=5e-4, seed=18, code=code)]
    for one, version in zip(runs, ("2.13.0", "2.14.0"), strict=True):
        (one.folder / "packages.txt").write_text(f"numpy==2.4.6\ntorch=={version}\n")
    found = parts(tmp_path, *runs)
    assert not found["data"].alarm
    assert found["config"].rows == [("optimizer.lr", ["0.001", "0.0005"]), ("seed", ["17", "18"])]
    assert found["environment"].rows == [("torch", ["2.13.0", "2.14.0"])]
    assert [key for key, _ in found["code"].rows] == ["git_sha", "source"]
    assert parts(tmp_path, runs[0], made(tmp_path, "c"))["config"].remarks == ["The same config."]


def test_a_model_that_was_not_measured_says_so_and_one_that_was_says_what(tmp_path: Path) -> None:
    one, other = made(tmp_path, "a"), made(tmp_path, "b")
    manifest = read_json(one.folder / "checkpoint" / "manifest.json")
    digest = sha256_of_json({"kind": manifest["kind"], "files": manifest["files"]})
    measured = {
        "evaluation": {"candidates": [{"role": "tuned", "size_mb": 556.04, "p95_s": 0.536}]},
        "bench": {"variant": "q8_0", "engine": "llamacpp", "single": {"latency_s": {"p95": 0.214}}},
    }
    for kind, content in measured.items():
        about = Manifest(kind, "", {}, {"checkpoint": digest}, {}, {}, {}, {}, 0.0, 0.0)
        write_json(tmp_path / "artifacts" / kind / "manifest.json", asdict(about))
        write_json(tmp_path / "artifacts" / kind / f"{kind}.json", content)
    rows = dict(parts(tmp_path, one, other)["model"].rows)
    assert rows["size"] == ["556.0 MB with its base", NOT_MEASURED]
    assert rows["p95, in process"] == ["536 ms", NOT_MEASURED]
    assert rows["p95, served"] == ["214 ms (q8_0, llamacpp)", NOT_MEASURED]


def test_a_metric_without_a_noted_interval_gets_that_of_its_rows(tmp_path: Path) -> None:
    one, other = made(tmp_path, "a", correct=GOOD), made(tmp_path, "b")
    assert isinstance(one.training, dict)
    del one.training["selected_interval"]
    expected = interval(one)
    assert expected is not None
    shown = dict(parts(tmp_path, one, other)["result"].rows)["exact match"][0]
    assert shown == figures.interval("exact_match", expected)
