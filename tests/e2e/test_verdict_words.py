"""A verdict's words follow the sign of what was measured: a model that is significantly worse meets nothing."""

import json
import re

import pytest

from tests.e2e.people import People

pytestmark = pytest.mark.e2e
WEAK = ("model.rounds=1", "model.max_depth=1")
"""One tree of one question, where the answer follows from two columns: far worse than logistic regression."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> People:
    """The people's project, with a model that is worse than the baseline, evaluated."""
    project = People(tmp_path_factory.mktemp("worse"))
    for command in ("plan", "prepare", "baseline", "train", "evaluate"):
        project.ok("shipworthy", command, "experiment=people", *WEAK)
    return project


def test_a_significantly_worse_model_meets_no_criterion(project: People) -> None:
    found = json.loads((project.folder / "artifacts" / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    claim, verdict = found["comparison"], found["verdict"]
    assert found["best_baseline"] == "logistic" and claim["words"] == "worse" and claim["losses"] > claim["wins"]
    assert claim["p_value"] < claim["alpha"], "it is significant, in the wrong direction"
    assert not verdict["passed"] and all(reason.startswith("Not met: ") for reason in verdict["reasons"])
    (test,) = (reason for reason in verdict["reasons"] if "won," in reason)
    assert f"({claim['wins']} won, {claim['losses']} lost), in favour of logistic" in test


def test_the_report_says_the_same(project: People) -> None:
    shown = project.call("shipworthy", "report", "experiment=people", *WEAK)
    assert "VERDICT: DON'T SHIP" in shown.stdout and re.search(r"against logistic: worse, p [=<] 0\.0", shown.stdout)
    page = (project.folder / "artifacts" / "report" / "report.html").read_text(encoding="utf-8")
    assert "DON'T SHIP" in page.replace("&#39;", "'")
