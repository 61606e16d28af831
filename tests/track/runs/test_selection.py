"""A run's model, taken for the pipeline."""

import json
from pathlib import Path

import pytest

from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.registry import Run, read_all
from shipworthy.track.runs.selection import select
from tests.track.runs import project

RIGHT = {name: [True] * number + [False] * (100 - number) for name, number in (("a", 50), ("b", 70), ("c", 60))}


@pytest.fixture
def here(tmp_path: Path) -> ProjectPaths:
    for name, correct in RIGHT.items():
        project.run(tmp_path / "runs", name, correct=correct, began=project.FIRST + ord(name), said=name)
    project.run(tmp_path / "runs", "other", dataset=project.OTHER_DATASET, correct=[True] * 100)
    project.run(tmp_path / "runs", "failed", status="failed")
    return ProjectPaths(tmp_path / "artifacts", tmp_path / "runs")


def chosen(here: ProjectPaths, value: float | None) -> tuple[Run, list[Run]]:
    runs, _ = read_all(here.runs)
    return next(run for run in runs if run.value == value), runs


def test_the_pipelines_checkpoint_is_the_runs_and_whole(here: ProjectPaths) -> None:
    run, runs = chosen(here, 0.7)
    said = select(run, runs, here)
    mine, published = (read_artifact(path / "checkpoint", "checkpoint") for path in (run.folder, here.artifacts))
    assert published.digest == mine.digest and published.manifest.run_id == run.id
    selection = read_artifact(here.artifacts / "selection", "selection")
    about = selection.json("selection.json")
    assert selection.manifest.inputs == {"checkpoint": mine.digest} and selection.manifest.run_id == run.id
    # Neither the one on other data nor the one that failed was a candidate.
    assert (about["run_id"], about["candidates"], about["place"], about["alias"]) == (run.id, 3, 1, "champion")
    assert about["why"] == (
        "the best of 3 runs by exact match on the same 100 rows of validation; 1 on other rows or by another metric "
        "are not counted"
    )
    assert about["registered"] == "" and about["model"] == "operation_naming"
    assert any("too good" in line for line in said)


def test_where_less_is_better_the_best_has_the_least(tmp_path: Path) -> None:
    for name, error in (("a", 0.3), ("b", 0.1), ("c", 0.2)):
        project.run(tmp_path / "runs", name, errors=[error] * 10)
    here = ProjectPaths(tmp_path / "artifacts", tmp_path / "runs")
    runs, _ = read_all(here.runs)
    best = min(runs, key=lambda run: run.value or 0.0)
    select(best, runs, here)
    about = read_artifact(here.artifacts / "selection", "selection").json("selection.json")
    assert about["why"] == "the best of 3 runs by Brier score on the same 10 rows of validation"


def test_the_alias_moves_and_what_was_selected_before_is_kept(here: ProjectPaths) -> None:
    first, runs = chosen(here, 0.6)
    select(first, runs, here, note="Smaller, and as good.")
    second, runs = chosen(here, 0.7)
    assert first.id in {run.id for run in runs if run.tags == ("champion",)}
    select(second, runs, here)
    assert {run.id for run in read_all(here.runs)[0] if run.tags} == {second.id}
    lines = [json.loads(line) for line in (here.runs / "selections.jsonl").read_text().splitlines()]
    assert [line["run_id"] for line in lines] == [first.id, second.id]
    assert lines[0]["why"] == "Smaller, and as good."
    assert read_artifact(here.artifacts / "checkpoint", "checkpoint").manifest.run_id == second.id


def test_a_reason_with_separators_and_a_torn_line_end_no_list(here: ProjectPaths) -> None:
    """U+2028 comes along with a paste out of a chat; a full disk leaves half a line."""
    first, runs = chosen(here, 0.6)
    note = "Best so far\u2028chosen\u0085with Ana\x0c"
    select(first, runs, here, note=note)
    with (here.runs / "selections.jsonl").open("ab") as file:
        file.write(b'\nno json\n[1]\n{"alias": "champion"}\n{"name": "x", "ali')
    assert {run.id for run in read_all(here.runs)[0] if run.tags} == {first.id}
    second, runs = chosen(here, 0.7)
    select(second, runs, here)
    assert {run.id for run in read_all(here.runs)[0] if run.tags} == {second.id}
    first_line = (here.runs / "selections.jsonl").read_bytes().split(b"\n")[0]
    assert json.loads(first_line)["why"] == note


def test_what_did_not_finish_is_refused(here: ProjectPaths) -> None:
    run, runs = chosen(here, None)
    with pytest.raises(UsageError, match="is failed"):
        select(run, runs, here)
    assert not here.artifacts.exists()


def test_a_damaged_checkpoint_is_refused_and_the_pipeline_stays_as_it_was(here: ProjectPaths) -> None:
    good, runs = chosen(here, 0.6)
    select(good, runs, here)
    bad, _ = chosen(here, 0.7)
    (bad.folder / "checkpoint" / "adapter" / "adapter_model.safetensors").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="adapter_model"):
        select(bad, runs, here)
    assert read_artifact(here.artifacts / "checkpoint", "checkpoint").manifest.run_id == good.id
    assert read_json(here.artifacts / "selection" / "selection.json")["run_id"] == good.id


def test_what_the_manifest_does_not_list_is_not_published(here: ProjectPaths, tmp_path: Path) -> None:
    run, runs = chosen(here, 0.7)
    (tmp_path / "secret").write_text("kept")
    (run.folder / "checkpoint" / "link").symlink_to(tmp_path / "secret")
    select(run, runs, here)
    assert not (here.artifacts / "checkpoint" / "link").exists()


def test_a_model_of_other_data_is_refused(here: ProjectPaths) -> None:
    with write_artifact(here.artifacts / "dataset", "dataset", run_id="", config={}, inputs={}, seeds={}) as folder:
        write_json(folder / "dataset.json", {})
    run, runs = chosen(here, 0.7)
    with pytest.raises(ShipworthyError, match="test split"):
        select(run, runs, here)
    assert not (here.artifacts / "checkpoint").exists()


@pytest.mark.e2e
def test_mlflow_gets_the_model_with_its_alias(here: ProjectPaths, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    from shipworthy.track.trackers.build import build
    from shipworthy.track.trackers.identity import Identity
    from shipworthy.track.trackers.schema import Mlflow

    tracker = {"kind": "mlflow", "uri": f"sqlite:///{tmp_path}/mlflow.db", "experiment": "e", "flush_s": 0.0}
    project.run(here.runs, "tracked", tracker=tracker, correct=[True] * 99 + [False])
    run, runs = chosen(here, 0.99)
    # Where it does not know the run, nothing is selected.
    with pytest.raises(ShipworthyError, match=run.id):
        select(run, runs, here)
    assert not (here.artifacts / "checkpoint").exists() and not (here.runs / "selections.jsonl").exists()
    records = build(Mlflow(uri=str(tracker["uri"]), experiment="e", flush_s=0.0))
    records.start(Identity(run.id, "train"))
    records.finish("finished")
    assert "version 1 of namer, alias best" in select(run, runs, here, alias="best", name="namer")[-1]
    version = MlflowClient(tracker["uri"]).get_model_version_by_alias("namer", "best")
    assert version.tags["run_id"] == run.id
    assert version.tags["digest"] == read_artifact(here.artifacts / "checkpoint", "checkpoint").digest
    assert read_json(here.artifacts / "selection" / "selection.json")["registered"] == "1"
