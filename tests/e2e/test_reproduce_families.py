"""A run of any family, and of any committed recipe, is reproduced to the last bit, by its own config alone."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.files import read_json
from tests.conftest import Shipworthy
from tests.e2e.conftest import Pipeline
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RECIPE = """\
# @package _global_
defaults:
  - override /task: {task}
  - override /data: {name}
  - override /model: {model}
  - override /adapter: none
  - override /trainer: classical
  - override /optimizer: none
  - override /quant: none
  - override /engine: in_process
  - override /tracker: none
task: {settings}
"""
TABLE = (
    "defaults: [base_table, _self_]\nname: p\nlicence: CC0-1.0\nfile: made.csv\nsplit: {test: 0.2, validation: 0.1}\n"
)
TEXTS = TABLE.replace("base_table", "base_records")


@dataclass(frozen=True)
class Kind:
    """Data of one kind, a task on it, and the families that learn it.

    Attributes:
        data: of conf/data.
        settings: of the task.
    """

    name: str
    data: str
    task: str
    settings: str
    models: tuple[str, ...]


CLASSES = Kind(
    "classes",
    TABLE + "label: pay\nignore: [wage, marks, text]\n",
    "adult_income",
    "{positive: 'yes'}",
    ("xgboost", "logistic"),
)
NUMBERS = Kind(
    "numbers",
    TABLE + "label: wage\nignore: [pay, marks, text]\n",
    "house_value",
    "{name: wage}",
    ("xgboost_regression", "xgboost_quantiles", "ridge", "mean", "median"),
)
LABELS = Kind(
    "labels",
    TABLE + "label: marks\nseparator: '|'\nignore: [pay, wage, text]\n",
    "operation_errors",
    "{name: marks, baselines: [frequent]}",
    ("xgboost_labels", "logistic_labels"),
)
WORDS = Kind("words", TEXTS + "text: text\nanswer: pay\n", "sarcasm", "{prompt: '{text}', system: ''}", ("tfidf",))
MARKED = Kind(
    "marked",
    TEXTS + "text: text\nanswer: marks\nseparator: '|'\n",
    "operation_errors",
    "{name: marks, baselines: [frequent]}",
    ("tfidf_labels",),
)
KINDS = (CLASSES, NUMBERS, LABELS, WORDS, MARKED)
SHORT = {"xgboost", "xgboost_quantiles", "tfidf_labels"}
"""The families that are always tried: of each kind of file one; the others in the long form."""
FAMILIES = [
    pytest.param(kind, model, id=model, marks=[] if model in SHORT else pytest.mark.long)
    for kind in KINDS
    for model in kind.models
]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """A project with one small file, and a recipe for each kind of answer in it."""
    people = People(tmp_path_factory.mktemp("families") / "p")
    rows = pl.read_csv(people.folder / "data" / "people.csv").head(600).with_row_index("number")
    noise = pl.col("number") * 7919 % 97
    marks = [pl.when(pl.col(name) + noise > limit).then(pl.lit(name)) for name, limit in (("age", 90), ("hours", 80))]
    rows = rows.with_columns(
        wage=10.0 * pl.col("age") + 3.0 * pl.col("hours") + noise,
        marks=pl.concat_str(marks, separator="|", ignore_nulls=True),
        text=pl.format("number {} of age {} works {} hours as {}", "number", "age", "hours", "job"),
    )
    rows.drop("number").write_csv(people.folder / "data" / "made.csv")
    for kind in KINDS:
        recipe = RECIPE.format(name=kind.name, task=kind.task, model=kind.models[0], settings=kind.settings)
        for group, text in {"data": kind.data, "experiment": recipe}.items():
            (people.folder / "conf" / group / f"{kind.name}.yaml").write_text(text, encoding="utf-8")
    return people


def reproduced(people: People, run: Path, *arguments: str) -> tuple[list[str], str]:
    """What differed, and the verdict."""
    workspace = run.parents[1] / "artifacts"
    said = people.ok("shipworthy", "reproduce", run.name[:8], f"workspace={workspace}", *arguments).splitlines()
    return [line.removeprefix("differs: ") for line in said if line.startswith("differs: ")], said[-1]


def trained(people: People, kind: Kind, *overrides: str) -> Path:
    """The folder of a run, made from what it reads, which is made once."""
    recipe = (f"experiment={kind.name}", f"workspace=work/{kind.name}/artifacts")
    work = people.folder / "work" / kind.name
    for command, made in {"plan": "plan", "prepare": "dataset"}.items():
        if not (work / "artifacts" / made).is_dir():
            people.ok("shipworthy", command, *recipe)
    people.ok("shipworthy", "train", *recipe, *overrides)
    return work / "runs" / str(read_json(work / "artifacts" / "checkpoint" / "manifest.json")["run_id"])


@pytest.mark.parametrize(("kind", "model"), FAMILIES)
def test_a_family_is_reproduced_to_the_last_bit(people: People, kind: Kind, model: str) -> None:
    run = trained(people, kind, f"model={model}", *(["task.interval=0.8"] if model == "ridge" else []))
    assert reproduced(people, run) == ([], "identical")
    result = read_json(run / "reproduction.json")
    assert result["run_id"] == run.name and all(result["files"].values()) and result["predictions"]["others"] == 0


def test_of_a_table_code_row_and_library_that_changed_are_named(people: People) -> None:
    run = trained(people, CLASSES)
    code = people.folder / "src" / "shipworthy" / "models" / "xgboost" / "schema.py"
    raw, train = people.folder / "data" / "made.csv", people.folder / "work" / "classes" / "artifacts" / "dataset"
    library = people.folder / "src" / "xgboost_cpu-0.0.1.dist-info"
    library.mkdir()
    (library / "METADATA").write_text("Metadata-Version: 2.1\nName: xgboost-cpu\nVersion: 0.0.1\n", encoding="utf-8")
    rows = pl.read_parquet(train / "train.parquet")
    changed = rows["id"][3]
    kept = {path: path.read_bytes() for path in (code, raw, train / "train.parquet")}
    code.write_bytes(kept[code] + b"# edited\n")
    age = pl.when(pl.col("id") == changed).then(pl.col("age") + 1).otherwise(pl.col("age"))
    rows.with_columns(age.alias("age")).write_parquet(train / "train.parquet")
    try:
        differing, verdict = reproduced(people, run)
    finally:
        shutil.rmtree(library)
        for path, content in kept.items():
            path.write_bytes(content)
    assert verdict == "identical", "the run's own code ran, on rows that were made again"
    assert [one.partition(", was ")[0] for one in differing] == [
        f"code: src/shipworthy/models/xgboost/schema.py, line {len(kept[code].splitlines()) + 1}: `# edited`",
        "library xgboost-cpu: 0.0.1",
        f"data: train row {changed} is another",
    ]
    raw.write_bytes(kept[raw].replace(b"yes", b"no", 1))
    try:
        differing, verdict = reproduced(people, run)
    finally:
        raw.write_bytes(kept[raw])
    assert "data: data/made.csv is not the file that the dataset was made from" in differing
    assert verdict == "identical", "its dataset still stands"


@pytest.mark.long
def test_the_runs_of_a_sweep_and_of_a_campaign_are_reproduced(people: People) -> None:
    trained(people, CLASSES)
    recipe = ("experiment=classes", "workspace=work/classes/artifacts")
    runs = people.folder / "work" / "classes" / "runs"
    before = set(runs.glob("*/record.json"))
    people.ok("shipworthy", "train", *recipe, "--multirun", "model.rounds=3,4")
    people.ok("shipworthy", "tune", *recipe, "hpo=xgboost_small", "hpo.budget.trials=2")
    made = set(runs.glob("*/checkpoint/manifest.json")) - {path.parent / "checkpoint/manifest.json" for path in before}
    assert len(made) >= 3
    for manifest in made:
        differences, verdict = reproduced(people, manifest.parents[1])
        assert verdict == "identical"
        # A trial had its worker's share of the cores, and this has them all.
        assert [one for one in differences if not one.startswith("cores: ")] == []


@pytest.fixture(scope="module")
def demo(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The default demo's model, from its real base weights, in two steps."""
    steps = ("trainer.steps=2", "trainer.validate_every=2", "trainer.checkpoint_every=2")
    return Pipeline.shared(shipworthy, "smoke", tmp_path_factory, "demo", ("model=smollm2_135m", *steps))


RECIPES = ["demo", "smoke", "adult", "california", "operation_errors", "sarcasm", "sarcasm_tfidf", "sarcasm_head"]


@pytest.mark.parametrize(
    "recipe", [pytest.param(name, marks=[] if name == "adult" else pytest.mark.long) for name in RECIPES]
)
def test_a_committed_recipe_is_reproduced(recipe: str, request: pytest.FixtureRequest, shipworthy: Shipworthy) -> None:
    workspace = request.getfixturevalue(recipe).to("train")
    run = str(read_json(workspace / "checkpoint" / "manifest.json")["run_id"])
    done = shipworthy("reproduce", run, f"workspace={workspace}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "identical"
