"""Runs, comparisons and sweeps on a small table: what is alike is ranked, and what is said ends in a decision."""

import json
import re
from typing import Any

import pytest

from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """A dataset, a sweep over three depths, and a run that saw half of the validation rows."""
    made = People(tmp_path_factory.mktemp("people"))
    for step in ("plan", "prepare", "baseline"):
        made.ok("shipworthy", step, "experiment=people")
    made.sweep = made.ok("shipworthy", "train", "--multirun", "experiment=people", "model.max_depth=1,4,6")  # type: ignore[attr-defined]
    made.ok("shipworthy", "train", "experiment=people", "validation_share=0.5", "seed=3")
    return made


def listed(people: People, *words: str) -> dict[str, Any]:
    """What `runs --json` prints: one document, and nothing else."""
    document: dict[str, Any] = json.loads(people.ok("shipworthy", "runs", "--json", *words))
    return document


def test_a_sweep_ends_with_a_ranking_a_paired_test_and_a_command(people: People) -> None:
    said = people.sweep  # type: ignore[attr-defined]
    ranking = said[said.index("ranking by accuracy on 150 rows of validation:") :]
    places = re.findall(r"^(\d)  ([0-9a-f]{8})  (model\.max_depth=\d)  (\d+\.\d)% \[", ranking, re.MULTILINE)
    assert [place for place, *_ in places] == ["1", "2", "3"]
    values = [float(value) for *_, value in places]
    assert values == sorted(values, reverse=True) and values[0] > values[2]
    assert {changed for _, _, changed, _ in places} == {f"model.max_depth={depth}" for depth in (1, 4, 6)}
    assert " points [" in ranking and "for 2 tests (Holm)" in ranking
    (command,) = re.findall(r"`shipworthy (runs select [0-9a-f]{8})`", ranking)
    assert "150 rows" in people.ok("shipworthy", *command.split())


def test_a_run_says_what_it_changed_of_its_recipe(people: People) -> None:
    runs = {run["seconds"]: run for run in listed(people)["runs"]}.values()
    changes = [{key: (one["before"], one["after"]) for key, one in run["changes"].items()} for run in runs]
    assert {"model.max_depth": (6, 4)} in changes and {"model.max_depth": (6, 1)} in changes
    assert {} in changes, "the recipe itself, in a sweep"
    assert {"validation_share": (1.0, 0.5), "seed": (17, 3)} in changes
    assert all(run["recipe"] == "people" for run in runs)


def test_other_rows_are_ranked_apart_and_not_subtracted(people: People) -> None:
    text = people.ok("shipworthy", "runs", "sort=-accuracy")
    whole, half = re.search(r"accuracy on 150 rows:", text), re.search(r"accuracy on (\d\d) rows:", text)
    assert whole and half and whole.start() < half.start()
    assert "Not to be ranked together: accuracy on 150 rows" in people.ok("shipworthy", "runs")
    (few,) = [run for run in listed(people)["runs"] if run["rows"] != 150]
    alike = [group["runs"] for group in listed(people)["ranked_together"]]
    assert [few["id"]] in alike and len(alike) == 2

    other = next(run for run in listed(people)["runs"] if run["rows"] == 150)
    said = " ".join(people.ok("shipworthy", "compare", other["id"][:8], few["id"][:8]).split())
    assert f"other validation rows: {few['rows']} against 150; their values are not to be subtracted" in said
    found = re.search(rf"on them {few['id'][:8]} has ([\d.]+)% and {other['id'][:8]} ([\d.]+)%", said)
    difference = re.search(r"no difference shown, ([+-][\d.]+) points", said)
    assert found and difference
    assert float(found[1]) - float(found[2]) == pytest.approx(float(difference[1]), abs=0.11)
    people.ok("shipworthy", "runs", "select", other["id"][:8])
    selection = json.loads((people.folder / "artifacts" / "selection" / "selection.json").read_text("utf-8"))
    assert selection["candidates"] == 3 and "1 on other rows" in selection["why"]


def test_a_comparison_ends_with_a_conclusion(people: People) -> None:
    by_depth = {run["changes"].get("model.max_depth", {}).get("after"): run["id"][:8] for run in listed(people)["runs"]}
    said = people.ok("shipworthy", "compare", by_depth[4], by_depth[1])
    conclusion = " ".join(said[said.index("\nconclusion\n") :].split())
    assert re.search(r"`shipworthy runs select [0-9a-f]{8}`", conclusion)
    assert "validation rows to be shown" in conclusion or "Adopt it" in conclusion
    assert "they differ in model.max_depth 4 → 1" in conclusion and f"{by_depth[1]} took" in conclusion
    document = json.loads(people.ok("shipworthy", "compare", by_depth[4], by_depth[1], "--json"))
    assert document["conclusion"] and document["against_the_first"][0]["claim"]["n"] == 150


def test_column_titles_and_percent_are_filters(people: People) -> None:
    best = max(run["value"] for run in listed(people)["runs"])
    few = listed(people, f"accuracy>{100 * best - 0.1:.4f}%")["runs"]
    assert few and all(run["value"] == best for run in few)
    assert len(listed(people, "took>0s", "cost USD>=0", "accuracy>1%")["runs"]) == len(listed(people)["runs"])
    assert listed(people, "took>2h")["runs"] == []
    wrong = people.call("shipworthy", "runs", "acuracy>0.5")
    assert wrong.returncode == 2 and "did you mean accuracy?" in wrong.stderr


def test_a_sweep_in_which_runs_fail_says_so_and_goes_on(people: People) -> None:
    done = people.call("shipworthy", "train", "--multirun", "experiment=people", "workspace=gone,artifacts")
    assert done.returncode == 1, "some failed"
    assert "1 of 2 runs failed:\n" in done.stdout and "1 of 2 runs of the sweep failed" in done.stderr
    done = people.call("shipworthy", "train", "--multirun", "experiment=people", "workspace=gone,lost")
    assert done.returncode == 1 and "2 of 2 runs failed:\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_pages_of_a_table_speak_of_its_rows_and_its_model(people: People) -> None:
    said = people.ok("shipworthy", "evaluate", "experiment=people")
    assert re.search(r"^xgboost +\d", said, re.MULTILINE) and "tuned" not in said
    people.ok("shipworthy", "report", "experiment=people")
    page = (people.folder / "artifacts" / "report" / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", " ", page, flags=re.DOTALL).lower()
    assert not re.findall(r"\btokens?\b|\bquestions?\b(?! it answers)|\btuned\b", body)
    people.ok("shipworthy", "runs", "dashboard")
    dashboard = (people.folder / "runs" / "dashboard.html").read_text(encoding="utf-8")
    assert '"words":"accuracy on 150 rows"' in dashboard and "model.max_depth 6 → 1" in dashboard
