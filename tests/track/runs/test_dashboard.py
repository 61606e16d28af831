"""The page of all runs: whole, harmless, and drawn by a browser."""

import json
import re
import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from shipworthy.track.runs import dashboard
from shipworthy.track.runs.curves import POINTS
from shipworthy.track.runs.page import embedded
from shipworthy.track.runs.project_paths import ProjectPaths
from tests.track.runs import project

EVIL = "</script><b id=evil>bold</b><script>document.title = 'evil'</script> & <!-- \u2028 \"quoted\""


class Page(HTMLParser):
    """The scripts of a page, and each address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "action")]
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


def written(folder: Path) -> tuple[Path, Page]:
    path = dashboard.write(ProjectPaths(folder / "artifacts", folder / "runs"), folder / "runs")
    return path, Page(path.read_text(encoding="utf-8"))


def browsed(path: Path, wanted: str = "") -> str:
    """The document after its scripts ran."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "this test looks at the page with Chromium: install it"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
        command += ["--dump-dom", f"{path.as_uri()}{wanted}"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_page_stands_alone_and_holds_every_run(tmp_path: Path) -> None:
    project.project(tmp_path, 30)
    path, page = written(tmp_path)
    assert page.addresses == []
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\"' )]+", text) == ["http://www.w3.org/2000/svg"]
    data = json.loads(page.scripts[0])
    assert len(data["runs"]) == 30
    assert {one["status"] for one in data["runs"]} > {"finished", "failed"}
    assert data["common"]["adapter.targets"] == "all-linear"
    assert all(
        set(one["config"]) <= {"optimizer.lr", "adapter.rank", "adapter.alpha", "adapter.dropout", "seed"}
        for one in data["runs"]
    )
    sizes = [len(curve["steps"]) for one in data["runs"] for curve in one["curves"].values()]
    assert 100 < max(sizes) <= POINTS


def test_no_text_of_a_user_can_become_markup(tmp_path: Path) -> None:
    project.run(tmp_path / "runs", "a", notes={"lesson": EVIL}, model=EVIL, status="failed", said=EVIL)
    path, page = written(tmp_path)
    assert page.tags.count("script") == 3 and "b" not in page.tags[page.tags.index("script") :]
    assert json.loads(page.scripts[0])["runs"][0]["notes"]["lesson"] == EVIL
    assert "<b id=evil>" not in path.read_text(encoding="utf-8")


def test_embedded_json_is_the_same_json() -> None:
    data = {"a": EVIL, "b": [1, None, 0.5], "ä": "ö"}
    text = embedded(data)
    assert json.loads(text) == data
    assert not set("<>&\u2028") & set(text)
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded({"a": float("nan")})


def test_links_lead_to_what_is_there(tmp_path: Path) -> None:
    tracker = {"kind": "mlflow", "uri": "https://[secret]@tracker.example:5000/base?x=1"}
    one = project.run(tmp_path / "runs", "a", campaign={"name": "the lr", "trial": 1}, tracker=tracker)
    project.run(tmp_path / "runs", "b", status="failed", tracker={"kind": "mlflow", "uri": "sqlite:///runs/mlflow.db"})
    path, page = written(tmp_path)
    links = {run["id"]: run["links"] for run in json.loads(page.scripts[0])["runs"]}
    for address in (address for found in links.values() for name, address in found.items() if name != "MLflow"):
        assert (path.parent / unquote(address)).exists()
    server = links[one.name]["MLflow"]
    assert set(links.pop(one.name)) == {"folder", "checkpoint", "campaign", "MLflow"}
    assert set(links.popitem()[1]) == {"folder"}
    assert server == "https://tracker.example:5000/base"


def test_a_page_elsewhere_has_links_that_lead_back(tmp_path: Path) -> None:
    project.run(tmp_path / "runs", "a")
    path = dashboard.write(ProjectPaths(tmp_path / "artifacts", tmp_path / "runs"), tmp_path / "some where" / "pages")
    links = json.loads(Page(path.read_text(encoding="utf-8")).scripts[0])["runs"][0]["links"]
    assert (path.parent / unquote(links["folder"])).is_dir() and links["folder"].startswith("../../runs/")


def test_runs_that_are_damaged_are_named(tmp_path: Path) -> None:
    (project.run(tmp_path / "runs", "a") / "record.json").write_text("{")
    data = json.loads(written(tmp_path)[1].scripts[0])
    assert data["runs"] == [] and data["damaged"][0]["said"].startswith("record.json cannot be read")


@pytest.mark.e2e
@pytest.mark.browser
def test_a_browser_draws_all_rows_points_and_curves(tmp_path: Path) -> None:
    project.project(tmp_path, 60)
    project.run(tmp_path / "runs", "evil", notes={"lesson": EVIL}, began=project.FIRST + 1e7, model=EVIL)
    path, page = written(tmp_path)
    runs = json.loads(page.scripts[0])["runs"]
    seen = browsed(path)
    assert re.findall(r'<tr class="run"[^>]* data-id="(\w+)"', seen) == [run["id"] for run in runs]
    finished = [run for run in runs if run["value"] is not None]
    assert seen.count('<circle class="dot') == len(finished)
    assert seen.count('<path class="line"') == 5
    assert "data-drawn=" in seen
    assert "<title>Runs</title>" in seen and '<b id="evil"' not in seen
    assert "&lt;/script&gt;&lt;b id=evil&gt;" in seen


@pytest.mark.e2e
@pytest.mark.browser
def test_a_browser_filters_as_the_command_line_does(tmp_path: Path) -> None:
    project.project(tmp_path, 60, steps=80)
    path, page = written(tmp_path)
    runs = json.loads(page.scripts[0])["runs"]
    wanted = {run["id"] for run in runs if run["status"] == "finished" and run["config"]["optimizer.lr"] < 1e-3}
    assert 0 < len(wanted) < len(runs)
    seen = browsed(path, "#" + quote("status=finished optimizer.lr<1e-3"))
    assert set(re.findall(r'data-id="(\w+)"', seen)) == wanted
    assert "No run has &#39;optimizer.lrr&#39;" in browsed(path, "#optimizer.lrr=1").replace("'", "&#39;")
    opened = browsed(path, f"#{runs[3]['id']}")
    assert opened.count('class="detail"') == 1 and f"run {runs[3]['id']}" in opened


@pytest.mark.e2e
@pytest.mark.browser
def test_a_browser_says_that_there_is_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert "No run was made yet" in browsed(written(tmp_path)[0])
