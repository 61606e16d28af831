"""dvc.yaml, the stages and the artifacts agree, so that a change reruns what it touches and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shipworthy.cli import COMMANDS, stage_groups, stage_non_identity
from shipworthy.core import choices
from shipworthy.data.snapshot import pins

ROOT = Path(__file__).resolve().parents[1]
RAW = "data/${data.file}"  # DVC fills it in from params.yaml
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def written(stage: str) -> list[str]:
    """The artifact that a stage's file writes."""
    text = (ROOT / "src" / "shipworthy" / "stages" / f"{stage}.py").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'workspace\.write\(\s*"(\w+)"', text)))


def test_the_stages_are_the_commands_of_the_road() -> None:
    assert set(STAGES) == set(COMMANDS) - {"fetch"}


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_reads_the_committed_params(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"shipworthy {stage} --params params.yaml"


@pytest.mark.parametrize("stage", STAGES)
def test_params_are_exactly_the_groups_that_the_stage_takes(stage: str) -> None:
    assert sorted(STAGES[stage]["params"]) == sorted(set(stage_groups(stage)) - set(stage_non_identity(stage)))


@pytest.mark.parametrize("stage", STAGES)
def test_the_output_is_the_artifact_that_the_stage_writes(stage: str) -> None:
    assert STAGES[stage]["outs"] == [f"artifacts/{kind}" for kind in written(stage)]


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_depends_on_exists_or_is_made_by_a_stage_before_it(stage: str) -> None:
    made = {out for before in list(STAGES)[: list(STAGES).index(stage)] for out in STAGES[before]["outs"]}
    for dep in STAGES[stage]["deps"]:
        artifact = "/".join(Path(dep).parts[:2])
        assert dep == RAW or artifact in made or (ROOT / dep).exists(), dep


@pytest.mark.parametrize("stage", ["plan", "prepare"])
def test_a_stage_that_reads_raw_rows_depends_on_its_own_file_alone(stage: str) -> None:
    assert [dep for dep in STAGES[stage]["deps"] if dep.startswith("data")] == [RAW]
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert "data" in STAGES[stage]["params"] and params["data"]["file"] in pins(list(choices.of("data").values()))
