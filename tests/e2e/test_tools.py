"""The tools that people look into: what MLflow, W&B and DVC say of the runs of a small table."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.people import People
from tests.e2e.test_pipeline import PARAMS
from tests.track.test_trackers import records

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Told = dict[str, Any]
RECIPE = ("experiment=people", "tracker=mlflow")
READ = """
import json
from mlflow import MlflowClient
client = MlflowClient("sqlite:///runs/mlflow.db")
(experiment,) = [one for one in client.search_experiments() if one.name == "shipworthy"]
told = {"runs": {}, "models": [], "location": experiment.artifact_location}
for run in client.search_runs([experiment.experiment_id], max_results=1000):
    told["runs"][run.data.tags["shipworthy.run_id"]] = {
        "id": run.info.run_id, "name": run.info.run_name, "status": run.info.status, "tags": run.data.tags,
        "metrics": run.data.metrics, "params": run.data.params,
        "inputs": [[one.dataset.name, one.dataset.digest, one.dataset.source, one.dataset.schema, one.dataset.profile,
                    {tag.key: tag.value for tag in one.tags}] for one in run.inputs.dataset_inputs],
        "files": [one.path for one in client.list_artifacts(run.info.run_id)],
    }
for one in client.search_logged_models([experiment.experiment_id]):
    told["models"].append({"run": one.source_run_id, "name": one.name, "tags": one.tags,
                           "metrics": {metric.key: metric.value for metric in one.metrics or []}})
print("TOLD", json.dumps(told))
"""


def mlflow(project: People) -> Told:
    """What MLflow's own client says in the project's root, where `mlflow ui` is called too."""
    said = project.ok("python", "-c", READ)
    told: Told = json.loads(said.partition("TOLD ")[2])
    return told


def listing(folder: Path) -> dict[str, float]:
    """Every file of a folder, and when it was written."""
    return {str(path): path.lstat().st_mtime for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """With a plan and a dataset."""
    project = People(tmp_path_factory.mktemp("tools"))
    for command in ("plan", "prepare"):
        project.ok("shipworthy", command, *RECIPE)
    return project


@pytest.fixture(scope="module")
def campaign(people: People) -> Told:
    """What MLflow says after a training, a sweep of two and a campaign of three."""
    people.ok("shipworthy", "train", *RECIPE, "note=Trees are enough")
    people.ok("shipworthy", "train", "--multirun", *RECIPE, "model.max_depth=2,3")
    search = ("hpo=xgboost", "hpo.budget.trials=3", "hpo.workers=1")
    people.ok("shipworthy", "tune", *RECIPE, *search)
    return mlflow(people)


def test_mlflow_tells_runs_apart_and_says_what_each_is(people: People, campaign: Told) -> None:
    runs = {key: run for key, run in campaign["runs"].items() if run["tags"]["command"] == "train"}
    assert len(runs) == 6
    names = [run["name"] for run in runs.values()]
    assert len({*names}) == len(names), "112 of 114 runs had one name"
    assert all(run["name"].endswith(key[:6]) for key, run in runs.items())
    assert sum("max_depth=2" in name for name in names) == 1 and any("people" in name for name in names)
    (noted,) = [run for run in runs.values() if "Trees are enough" in run["tags"]["mlflow.note.content"]]
    assert "shipworthy train experiment=people tracker=mlflow" in noted["tags"]["mlflow.note.content"]
    expected = {"recipe": "people", "task": "adult_income", "metric": "accuracy", "model": "xgboost", "seed": "17"}
    assert expected.items() <= noted["tags"].items() and noted["tags"]["host"] and noted["tags"]["dataset"]

    contexts = {tags["mlflow.data.context"] for *_, tags in noted["inputs"]}
    assert contexts == {"train", "validation"}
    manifest = json.loads((people.folder / "artifacts" / "dataset" / "manifest.json").read_text())
    for name, digest, source, columns, profile, tags in noted["inputs"]:
        split = tags["mlflow.data.context"]
        assert name == "people" and manifest["files"][f"{split}.parquet"]["sha256"].startswith(digest)
        assert json.loads(source) == {"uri": f"artifacts/dataset/{split}.parquet"}
        assert {"age", "hours", "job"} <= {one["name"] for one in json.loads(columns)["mlflow_colspec"]}
        assert json.loads(profile) == {"num_rows": {"train": 1050, "validation": 150}[split]}

    (folder,) = [people.folder / "runs" / key for key, run in runs.items() if run is noted]
    training = json.loads((folder / "checkpoint" / "training.json").read_text())
    reached = {
        f"validation/accuracy{end}": noted["metrics"][f"validation/accuracy{end}"] for end in ("", "_low", "_high")
    }
    interval = training["selected_interval"]
    assert [*reached.values()] == [training["selected_metric"], interval["low"], interval["high"]]
    (model,) = [one for one in campaign["models"] if one["run"] == noted["id"]]
    assert model["tags"]["path"] == f"runs/{folder.name}/checkpoint" and model["metrics"] == reached


def test_mlflow_nests_campaigns_and_sweeps(people: People, campaign: Told) -> None:
    runs = campaign["runs"]
    (folder,) = (people.folder / "runs" / "campaigns").iterdir()
    parent = runs[folder.name]
    children = [run for run in runs.values() if run["tags"].get("mlflow.parentRunId") == parent["id"]]
    assert {run["tags"]["trial"] for run in children} == {"0", "1", "2"}
    assert all(run["name"].startswith(f"{folder.name} #{run['tags']['trial']} ") for run in children)
    assert all("learning_rate" in run["name"] for run in children)
    assert parent["status"] == "FINISHED" and parent["metrics"]["trials/finished"] >= 1
    best = runs[parent["tags"]["best_run"]]
    assert best["metrics"]["validation/accuracy"] == parent["metrics"]["best/metric"]
    assert parent["tags"]["best_trial"].startswith(f"#{best['tags']['trial']} ")
    winner = json.loads((folder / "winner.json").read_text())["unseen"]
    assert parent["metrics"]["validation/accuracy_low"] == winner["low"]
    assert "report.html" in parent["files"]

    (sweep,) = {run["tags"]["sweep"] for run in runs.values() if "sweep" in run["tags"]}
    jobs = [run for run in runs.values() if run["tags"].get("mlflow.parentRunId") == runs[sweep]["id"]]
    assert len(jobs) == 2 and runs[sweep]["status"] == "FINISHED" and "max_depth=2,3" in runs[sweep]["name"]
    assert runs[sweep]["tags"]["best_run"] in runs


def test_a_copied_and_a_moved_checkout_leaves_the_old_one_alone(people: People, campaign: Told, tmp_path: Path) -> None:
    assert campaign["location"] == "runs/mlflow_artifacts"
    copied = object.__new__(People)
    copied.folder = tmp_path / "copied"
    shutil.copytree(people.folder, copied.folder, symlinks=True)
    before = listing(people.folder)
    copied.ok("shipworthy", "train", *RECIPE, "model.rounds=21")
    moved = object.__new__(People)
    moved.folder = tmp_path / "moved"
    copied.folder.rename(moved.folder)
    moved.ok("shipworthy", "train", *RECIPE, "model.rounds=22")
    assert listing(people.folder) == before and not copied.folder.exists()
    found = mlflow(moved)["runs"]
    trained = {key: run for key, run in found.items() if run["tags"]["command"] == "train"}
    assert len(trained) == 8 and all("record.json" in run["files"] for run in trained.values())
    rounds = {run["params"]["model.rounds"] for run in trained.values()}
    assert {"21", "22"} <= rounds

    (chosen,) = [key for key, run in trained.items() if run["params"]["model.rounds"] == "22"]
    said = moved.ok("shipworthy", "runs", "select", chosen, "name=payer")
    assert "MLflow: version 1 of payer, alias champion" in said
    get = "import mlflow; mlflow.set_tracking_uri('sqlite:///runs/mlflow.db')\n"
    get += "print('GOT', mlflow.artifacts.download_artifacts('models:/payer@champion'))"
    again = tmp_path / "again"
    moved.folder.rename(again)
    moved.folder = again
    got = moved.ok("python", "-c", get).partition("GOT ")[2].strip()
    kept = again / got if not Path(got).is_absolute() else Path(got)
    assert (kept / "manifest.json").read_bytes() == (
        again / "runs" / chosen / "checkpoint" / "manifest.json"
    ).read_bytes()


def test_wandb_says_that_it_is_offline_and_how_it_is_sent(people: People) -> None:
    from wandb.proto.wandb_internal_pb2 import Record

    said = people.ok("shipworthy", "train", "experiment=people", "tracker=wandb", "model.rounds=23", "note=For W&B")
    assert "W&B is offline: the run is written to runs/wandb/offline-run-" in said
    (folder,) = re.findall(r"`wandb sync (\S+)` sends the run", said)
    (file,) = (people.folder / folder).glob("run-*.wandb")
    found = [Record.FromString(raw) for raw in records(file)]
    run = next(one.run for one in found if one.HasField("run"))
    assert run.display_name == f"xgboost model.rounds=23 · {run.run_id[:6]}" and run.job_type == "train"
    assert "For W&B" in run.notes and "recipe:people" in run.tags
    artifacts = {one.request.log_artifact.artifact.type: one.request.log_artifact.artifact for one in found} | {
        one.artifact.type: one.artifact for one in found if one.HasField("artifact")
    }
    assert {"dataset", "model"} <= artifacts.keys()
    kept = people.folder / folder / "files" / "record.json"
    assert kept.is_file() and not kept.is_symlink(), "a link into a folder that is cleared would be sent as nothing"
    assert not Path(folder).is_absolute()


def test_dvc_shows_what_a_change_did(tmp_path: Path) -> None:
    project = People(tmp_path)
    project.ok("python", "-c", PARAMS)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    for arguments in (["init", "--quiet"], ["config", "user.name", "t"], ["config", "user.email", "t@t"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    project.ok("dvc", "init", "--quiet")
    project.ok("dvc", "repro", "evaluate")
    subprocess.run(["git", "add", "dvc.yaml", "dvc.lock", "params.yaml", ".dvc"], cwd=tmp_path, check=True)
    subprocess.run(["git", "commit", "--quiet", "--message=one"], cwd=tmp_path, check=True)
    before = json.loads((tmp_path / "artifacts" / "evaluation" / "metrics.json").read_text())
    project.choose(model={"rounds": 2, "max_depth": 1})
    project.ok("dvc", "repro", "evaluate")
    after = json.loads((tmp_path / "artifacts" / "evaluation" / "metrics.json").read_text())

    changed = json.loads(project.ok("dvc", "metrics", "diff", "--json"))["artifacts/evaluation/metrics.json"]
    assert (changed["accuracy"]["old"], changed["accuracy"]["new"]) == (before["accuracy"], after["accuracy"])
    evaluation = json.loads((tmp_path / "artifacts" / "evaluation" / "evaluation.json").read_text())
    (tuned,) = [one for one in evaluation["candidates"] if one["role"] == "tuned"]
    assert after["accuracy"] == tuned["metrics"]["accuracy"]["value"] != before["accuracy"]
    (shown, *_) = json.loads(project.ok("dvc", "exp", "show", "--json"))
    results = shown["data"]["metrics"]["artifacts/evaluation/metrics.json"]["data"]
    assert results["accuracy"] == after["accuracy"] and results["accuracy_low"] < after["accuracy"]
    said = project.ok("dvc", "plots", "diff", "--out", "plots")
    page = (tmp_path / "plots" / "index.html").read_text()
    assert "Loss on validation" in page and "The deciding metric on test" in page, said


def test_a_store_of_an_earlier_version_is_made_movable(tmp_path: Path) -> None:
    """MLflow had noted absolute places: they become relative when the store is next opened, wherever that is."""
    script = """
import sys
from pathlib import Path
from mlflow import MlflowClient
from shipworthy.track.trackers.build import build
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.schema import Mlflow
old = Path("runs").resolve()
if sys.argv[1] == "old":
    old.mkdir()
    client = MlflowClient(f"sqlite:///{old}/mlflow.db")
    experiment = client.create_experiment("shipworthy", (old / "mlflow_artifacts").as_uri())
    run = client.create_run(experiment, run_name="one")
    Path("note.txt").write_text("kept")
    client.log_artifact(run.info.run_id, "note.txt")
else:
    tracker = build(Mlflow())
    tracker.start(Identity("0" * 16, "two"))
    tracker.keep(Path("note.txt"))
    tracker.finish("finished")
    client = MlflowClient("sqlite:///runs/mlflow.db")
    for run in client.search_runs([client.get_experiment_by_name("shipworthy").experiment_id]):
        print(run.info.artifact_uri.split("/")[0], [one.path for one in client.list_artifacts(run.info.run_id)])
"""
    for name in ("one", "two"):
        if name == "two":
            shutil.copytree(tmp_path / "one", tmp_path / "two")
            before = listing(tmp_path / "one")
        else:
            (tmp_path / "one" / "conf").mkdir(parents=True)
            (tmp_path / "one" / "conf" / "config.yaml").touch()
        done = subprocess.run(
            [sys.executable, "-c", script, "old" if name == "one" else "new"],
            cwd=tmp_path / name,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == ["runs ['note.txt']"] * 2
    assert listing(tmp_path / "one") == before
