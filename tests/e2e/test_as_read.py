"""What a user reads of a small table: help, messages and pages speak of its columns and classes, in plain words."""

import html
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.people import People
from tests.plain_words import odd
from tests.track.runs.test_dashboard import browsed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

WORKSPACE = "workspace=work/people/artifacts"
RECIPE = ("experiment=people", WORKSPACE)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """From the table to the report, a sweep of two, a campaign of three, and all that was printed meanwhile."""
    made = People(tmp_path_factory.mktemp("people"))
    search = ("hpo=xgboost", "hpo.budget.trials=3", "hpo.workers=1")
    called = [
        ("pipeline", "experiment=people"),
        ("train", "--multirun", *RECIPE, "model.max_depth=1,4"),
        ("tune", *RECIPE, *search),
        ("runs", "dashboard", WORKSPACE),
        ("cost", WORKSPACE),
    ]
    made.said = {words[0]: made.ok("shipworthy", *words) for words in called}  # type: ignore[attr-defined]
    return made


def page_text(document: str) -> str:
    """What of a page is read: no markup, no scripts."""
    bare = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", document)
    return re.sub(r"\s+", " ", html.unescape(bare))


def pages(people: People) -> dict[str, str]:
    """Name → the text of each page that was made."""
    return {str(path.relative_to(people.folder)): page_text(path.read_text()) for path in people.folder.rglob("*.html")}


def test_messages_and_pages_are_in_plain_words(people: People) -> None:
    said: dict[str, str] = people.said  # type: ignore[attr-defined]
    read = {**said, **pages(people)}
    assert {Path(name).name for name in read} >= {"pipeline", "tune", "report.html", "data.html", "dashboard.html"}
    found = [f"{name}: {one}" for name, text in read.items() for one in odd(text)]
    assert not found, "\n".join(found)


def test_pages_of_a_table_speak_of_columns_and_classes(people: People) -> None:
    for name, text in pages(people).items():
        for word in (r"\btokens?\b", r"\bquestions?\b", r"\btuned\b", r"\b\d{4}-\d\d-\d\dT"):
            assert not (odd_one := re.search(f".{{0,60}}{word}.{{0,20}}", text)), f"{name}: {odd_one}"
    data = next(text for name, text in pages(people).items() if name.endswith("dataset/data.html"))
    assert all(word in data for word in ("age", "hours", "job", "columns", "classes"))


@pytest.mark.browser
def test_the_dashboard_says_what_each_run_changed_of_its_recipe(people: People) -> None:
    text = page_text(browsed(people.folder / "work" / "people" / "runs" / "dashboard.html"))
    (trial,) = re.findall(r"tune-\w+/1 (Δ .+?) [0-9a-f]{8} finished", text)
    assert "model.learning_rate 0.05 →" in trial, "of the campaign's recipe, not of the trial before"
    assert re.search(r"\d [A-Z][a-z]{2} \d\d:\d\d", text)
    assert "people, unchanged" in text and "the campaign's recipe, unchanged" in text
    assert "Δ model.max_depth 6 → 4" in text, "of the recipe, not of the run before, whose depth was 1"


def test_short_ids_titles_json_and_the_workspace_work_wherever_runs_are_read(people: People) -> None:
    everyone = json.loads(people.ok("shipworthy", "runs", "--json", WORKSPACE))["runs"]
    good = json.loads(people.ok("shipworthy", "runs", "accuracy>80%", "--json", WORKSPACE))["runs"]
    assert {run["id"] for run in good} == {run["id"] for run in everyone if run["value"] > 0.8}
    assert 0 < len(good) < len(everyone) == 6
    one, two = (run["id"] for run in everyone[:2])
    assert json.loads(people.ok("shipworthy", "runs", "show", one[:6], "--json", WORKSPACE))["id"] == one
    assert json.loads(people.ok("shipworthy", "compare", one[:8], two[:8], "--json", WORKSPACE))
    assert json.loads(people.ok("shipworthy", "cost", "--json", WORKSPACE))["runs"]


def test_a_point_of_a_project_in_a_folder_of_its_own_has_its_price(people: People) -> None:
    said: dict[str, str] = people.said  # type: ignore[attr-defined]
    assert "no baseline was measured" not in said["cost"]


def test_each_command_explains_its_own_keys(people: People) -> None:
    said = people.ok("shipworthy", "tune", "--help", "experiment=people")
    assert re.search(r"model\.max_depth=6 +whole number; ", said) and "hpo.budget.trials=" in said
    assert "\nquant: " not in said and "\nengine: " not in said, "what tune does not read"
    composed = yaml.safe_load(people.ok("shipworthy", "train", "--cfg", "experiment=people", "seed=3"))
    assert composed["seed"] == 3 and composed["model"]["rounds"] == 20 and "quant" not in composed
