"""Tables of packages, from the file to the report, as `init` proposes them: numbers, ten classes, rare classes, labels.

What is said is computed once more, by scikit-learn, from the predictions and the answers that lie in the workspace.
"""

import html
import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import datasets, metrics
from sklearn.preprocessing import MultiLabelBinarizer

from scripts.bench.inits import project
from scripts.bench.tablesets import real
from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.evaluation import claims, figures
from shipworthy.evaluation.metric import metric
from shipworthy.track import quantities

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Case:
    """A file, what is asked of it, and what is to come of it.

    Attributes:
        rows: what the file holds.
        said: parts of what `init` says.
        overrides: of the pipeline's command.
        deciding: the metric, and as scikit-learn computes it from answers and predictions.
        headings: of the page.
    """

    name: str
    rows: Callable[[], pl.DataFrame]
    said: tuple[str, ...]
    overrides: tuple[str, ...]
    deciding: str
    theirs: Callable[[list[str], list[str]], float]
    headings: tuple[str, ...]


def diabetes() -> pl.DataFrame:
    """442 patients, ten columns of numbers: how far the disease is a year later."""
    return pl.from_pandas(datasets.load_diabetes(as_frame=True, scaled=False).frame)


def digits() -> pl.DataFrame:
    """1,797 images of 8 x 8 grey values, ten classes."""
    return pl.from_pandas(datasets.load_digits(as_frame=True).frame)


def proteins() -> pl.DataFrame:
    """10,000 pairs of proteins, of which one in a hundred is a match."""
    return real.member("bio_train").drop("BLOCK_ID", "EXAMPLE_ID").sample(10_000, seed=1)


def claims_of_houses() -> pl.DataFrame:
    """Claims of insurance, what happened as text with a bar between, nothing in some."""
    draws, rows = random.Random(9), []
    for _ in range(1200):
        rain, heat, night = draws.random(), draws.random(), draws.random() < 0.4
        likely = {"flood": rain**2, "fire": heat**3, "theft": 0.6 if night else 0.1}
        happened = [name for name, share in likely.items() if draws.random() < share]
        rows.append({"rain": rain, "heat": heat, "night": night, "happened": "|".join(happened)})
    return pl.DataFrame(rows)


def numbers(answers: list[str]) -> np.ndarray:
    """Answers that are numbers."""
    return np.array([float(one) for one in answers])


def indicators(texts: list[str]) -> Any:
    """Of each text, a list of labels, which it names."""
    return MultiLabelBinarizer(classes=["fire", "flood", "theft"]).fit_transform([json.loads(one) for one in texts])


CASES = [
    Case(
        "diabetes", diabetes, ("to be learned: 'target'", "recipe: XGBoost against the median"),
        ("task.slices=[sex]",), "mae",
        lambda true, said: metrics.mean_absolute_error(numbers(true), numbers(said)),
        ("Slice by slice",),
    ),
    Case(
        "digits", digits, ("to be learned: 'target'", "recipe: XGBoost against the majority"),
        ("model.rounds=60", "task.metric=balanced_accuracy"), "balanced_accuracy",
        metrics.balanced_accuracy_score, ("Class by class",),
    ),
    Case(
        "proteins", proteins, ("to be learned: 'target'", "classes: 0 99."),
        ("task.metric=macro_f1", "model.class_weight=balanced", "model.rounds=60"), "macro_f1",
        lambda true, said: metrics.f1_score(true, said, average="macro"), ("Class by class",),
    ),
    Case(
        "claims", claims_of_houses, ("to be learned: 'happened'", "labels, of which a row may have several"),
        ("model.rounds=60", "task.slices=[night]"), "micro_f1",
        lambda true, said: metrics.f1_score(indicators(true), indicators(said), average="micro"),
        ("Label by label", "Slice by slice"),
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Walked:
    """A case, from the file to the report.

    Attributes:
        said: what `init` and the pipeline said.
        artifacts: kind → artifact.
    """

    case: Case
    said: tuple[str, str]
    artifacts: dict[str, Artifact]

    @property
    def evaluation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.artifacts["evaluation"].json("evaluation.json")
        return found

    @property
    def page(self) -> str:
        return self.artifacts["report"].file("report.html").read_text(encoding="utf-8")

    def answered(self, name: str) -> pl.DataFrame:
        """The predictions of a candidate, with the answers."""
        answers = pl.read_parquet(self.artifacts["dataset"].file("test_answers.parquet"))
        given = pl.read_parquet(self.artifacts["evaluation"].file(f"predictions/{name}.parquet"))
        return given.join(answers, on="id", maintain_order="left")


def ok(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Each case in turn, in a project of its own."""
    case: Case = request.param
    folder = tmp_path_factory.mktemp(case.name)
    home = project.make(folder / "project")
    case.rows().write_csv(folder / f"{case.name}.csv")
    proposed = ok(project.call(home, "init", str(folder / f"{case.name}.csv")))
    ran = ok(project.call(home, "pipeline", f"experiment={case.name}", "tracker=none", *case.overrides))
    work = home / "work" / case.name / "artifacts"
    kinds = ("plan", "dataset", "checkpoint", "evaluation", "package", "report")
    return Walked(case, (proposed, ran), {kind: read_artifact(work / kind, kind) for kind in kinds})


def test_init_says_what_it_proposes_and_the_page_has_its_parts(walked: Walked) -> None:
    for part in walked.case.said:
        assert part in walked.said[0]
    for heading in walked.case.headings:
        assert f"<h2>{heading}</h2>" in walked.page
    (verdict,) = [line for line in walked.said[1].splitlines() if line.startswith("VERDICT: ")]
    assert f'class="verdict {"ship" if verdict.startswith("VERDICT: SHIP:") else "dont"}"' in walked.page


def test_figures_are_scikit_learns_and_lie_within_their_intervals(walked: Walked) -> None:
    for one in walked.evaluation["candidates"]:
        rows = walked.answered(one["name"])
        found = one["metrics"][walked.case.deciding]
        assert found["value"] == pytest.approx(
            walked.case.theirs(rows["answer"].to_list(), rows["prediction"].to_list())
        )
        assert found["low"] <= found["value"] <= found["high"]


def test_the_verdict_follows_from_the_figures(walked: Walked) -> None:
    name, found = walked.case.deciding, walked.evaluation
    values = {one["name"]: one["metrics"][name]["value"] for one in found["candidates"]}
    criteria = walked.artifacts["plan"].json("criteria.json")
    claim = claims.Claim.from_json(found["comparison"])
    beaten = values[found["best_baseline"]]
    assert claim.difference.value == pytest.approx(values["tuned"] - beaten)
    margin = claims.margin_of(name, criteria["margin"], beaten)
    sign = 1 if metric(name).GREATER_IS_BETTER else -1
    enough = sign * (values["tuned"] - beaten) >= margin
    sure = claim.p_value < criteria["alpha"] and (claim.difference.low > 0 or claim.difference.high < 0)
    assert found["verdict"]["passed"] is bool(enough and sure)
    said = "PASSED" if enough and sure else "NOT PASSED"
    assert f"\n{said} against {found['best_baseline']}\n" in walked.said[1]
    assert f"{claim.test}: {figures.probability(claim.p_value, claim.alpha)} {claim.rows}" in walked.said[1]
    assert quantities.typeset(claim.figures) in html.unescape(walked.page)


def test_the_package_answers_raw_rows_of_test_as_the_project_does(walked: Walked) -> None:
    package, tuned = walked.artifacts["package"], walked.answered("tuned")
    assert package.json("package.json")["validated"] is True
    place = [int(name.removeprefix("row-")) for name in tuned["id"]]
    label = walked.artifacts["dataset"].manifest.config["data"]["label"]
    asked = walked.case.rows()[place].drop(label).to_dicts()
    said = subprocess.run(
        [sys.executable, str(package.path / "predict")],
        input="".join(json.dumps(row) + "\n" for row in asked),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    given = [json.loads(line)["prediction"] for line in ok(said).splitlines()]
    assert [one if isinstance(one, str) else json.dumps(one) for one in given] == tuned["prediction"].to_list()
