"""dvc.yaml, the stages and the artifacts agree, so that a change reruns what it touches and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shipworthy.cli import COMMANDS
from shipworthy.config.root import Config
from shipworthy.core import choices
from shipworthy.core.artifact import MADE_BY
from shipworthy.core.schema import SCHEMAS
from shipworthy.data.snapshot import pins
from shipworthy.execution.reads import stage_groups
from shipworthy.execution.stage import stage_non_identity
from shipworthy.stages import code

ROOT = Path(__file__).resolve().parents[1]
RAW = "data/${data.watched}"  # DVC fills it in from params.yaml
BENCHMARKS = "${general.watched}"
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
CODE = STAGES.pop("code")
KINDS = {out.removeprefix("artifacts/") for stage in STAGES.values() for out in stage["outs"]}


def written(stage: str) -> list[str]:
    """The artifact that a stage's file writes."""
    text = (ROOT / "src" / "shipworthy" / "stages" / f"{stage}.py").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'workspace\.write\(\s*"(\w+)"', text)))


def test_the_stages_are_the_commands_of_the_road() -> None:
    assert set(STAGES) == set(COMMANDS) - {"fetch"}


def test_code_is_read_anew_when_any_of_it_or_any_choice_changes() -> None:
    assert CODE["cmd"] == "shipworthy code --params params.yaml" and CODE["outs"] == ["artifacts/code"]
    assert CODE["deps"] == [folder for folder in ("src", "extensions", "toolchains") if (ROOT / folder).is_dir()]
    assert sorted(CODE["params"]) == sorted(stage_groups("code"))
    taken = {group for stage in STAGES for group in stage_groups(stage)} & set(Config.__dataclass_fields__)
    assert {name for name in taken if name in SCHEMAS} <= set(CODE["params"])


@pytest.mark.parametrize("stage", STAGES)
def test_of_the_code_a_stage_depends_on_its_own_lineage_alone(stage: str) -> None:
    made = {Path(dep).parts[1] for dep in STAGES[stage]["deps"] if dep.startswith("artifacts/")}
    assert [dep for dep in STAGES[stage]["deps"] if dep.startswith("artifacts/code")] == [f"artifacts/code/{stage}"]
    others = [dep for dep in STAGES[stage]["deps"] if not dep.startswith("artifacts/")]
    assert others == [dep for dep in others if dep in (RAW, BENCHMARKS)] and made - {"code"} <= set(KINDS)


def test_every_stage_has_its_lineage_written() -> None:
    assert set(code.COMMANDS) == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_reads_the_committed_params(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"shipworthy {stage} --params params.yaml"


@pytest.mark.parametrize("stage", STAGES)
def test_params_are_exactly_the_groups_that_the_stage_takes(stage: str) -> None:
    assert sorted(STAGES[stage]["params"]) == sorted(set(stage_groups(stage)) - set(stage_non_identity(stage)))


@pytest.mark.parametrize("stage", STAGES)
def test_the_output_is_the_artifact_that_the_stage_writes(stage: str) -> None:
    assert STAGES[stage]["outs"] == [f"artifacts/{kind}" for kind in written(stage)]


def test_a_missing_artifact_is_said_to_be_made_by_the_stage_that_writes_it() -> None:
    made = {Path(out).name: stage for stage, content in STAGES.items() for out in content["outs"]}
    assert {"base": "fetch", **made} == MADE_BY


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_depends_on_exists_or_is_made_by_a_stage_before_it(stage: str) -> None:
    made = {out for before in list(STAGES)[: list(STAGES).index(stage)] for out in STAGES[before]["outs"]}
    for dep in STAGES[stage]["deps"]:
        artifact = "/".join(Path(dep).parts[:2])
        assert dep in (RAW, BENCHMARKS) or artifact in {*made, *CODE["outs"]}, dep


@pytest.mark.parametrize("stage", ["plan", "prepare"])
def test_a_stage_that_reads_raw_rows_depends_on_its_own_file_alone(stage: str) -> None:
    assert [dep for dep in STAGES[stage]["deps"] if dep.startswith("data")] == [RAW]
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert "data" in STAGES[stage]["params"] and params["data"]["file"] in pins(list(choices.of("data").values()))


def test_metrics_and_plots_are_files_that_stages_write() -> None:
    whole = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    files = [*whole["metrics"], *(name for plot in whole["plots"] for name in plot)]
    outs = {out for stage in STAGES.values() for out in stage["outs"]}
    assert len(files) == 5 and {str(Path(file).parent) for file in files} <= outs
