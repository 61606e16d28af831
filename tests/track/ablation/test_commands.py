"""Commands that follow, as a shell takes them."""

from dataclasses import replace

import pytest

from shipworthy.track.ablation.commands import Next
from shipworthy.track.ablation.decisions import DROP, KEEP, MEASURE, Decision, decisions
from shipworthy.track.ablation.precision import More
from shipworthy.track.ablation.schema import Ablation
from tests.track.ablation.made import scores_of

GIVEN = ["experiment=adult_xgboost", "ablation=own", "ablation.seeds=2", "workspace=my work/artifacts"]
CONFIG = {
    "ablation": {"seeds": 2},
    "workspace": "my work/artifacts",
    "data": {"sample": 1.0, "split": {"test": 0.2, "validation": 0.1}},
}
NEXT = Next(GIVEN, CONFIG, {"a": ["model.max_depth=2", "task.name=Billing, or not?"]}, 293)
WORKSPACE = "workspace='my work/artifacts'"


def decided(advice: str, more: More | None = None) -> Decision:
    config = Ablation(changes={"a": ["x=1"]}, seeds=2)
    (found,) = decisions(config, scores_of(config, {"a": 0.0}), "accuracy", 0.01)
    return replace(found, advice=advice, more=more)


def test_more_seeds_go_on_with_the_same_campaign():
    found = decided(MEASURE, More(8, 1.0))
    command = f"shipworthy ablate experiment=adult_xgboost ablation=own ablation.seeds=8 {WORKSPACE}"
    assert NEXT.of(found) == [command]
    assert NEXT.after([found]) == [("decide about a", command)]


def test_a_campaign_of_a_cluster_goes_on_there():
    (said,) = replace(NEXT, about_hydra=["hydra/launcher=slurm_cpu"]).of(decided(MEASURE, More(8, 1.0)))
    assert said.endswith(f"ablation.seeds=8 hydra/launcher=slurm_cpu {WORKSPACE}")


def test_what_is_decided_is_trained_without_the_ablation():
    command = f"shipworthy train experiment=adult_xgboost model.max_depth=2 'task.name=Billing, or not?' {WORKSPACE}"
    assert NEXT.of(decided(DROP)) == [command]
    assert NEXT.after([decided(DROP), decided(KEEP)]) == [("train the recipe with what was decided (a)", command)]
    assert NEXT.of(decided(KEEP)) == []


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"data": {"sample": 0.1, "split": {"validation": 0.1}}}, "data.sample=0.3"),
        ({"data": {"sample": 1.0, "split": {"validation": 0.1}}}, "data.split.validation=0.3"),
        ({"data": {"split": {"validation": 293}}}, "data.split.validation=879"),
        ({"trainer": {"validation_rows": 293}}, "trainer.validation_rows=880"),
    ],
)
def test_more_rows_are_prepared_first_where_the_dataset_lacks_them(config, key):
    following = replace(NEXT, config={"ablation": {"seeds": 2}, **config})
    said = following.of(decided(MEASURE, More(2, 3.0)))
    assert said[-1] == f"shipworthy ablate experiment=adult_xgboost ablation=own ablation.seeds=2 {key}"
    prepare = [f"shipworthy prepare experiment=adult_xgboost {key}"]
    assert said[:-1] == ([] if key.startswith("trainer") else prepare)


def test_rows_that_there_are_not_are_no_command():
    assert NEXT.of(decided(MEASURE, More(2, 30.0))) == [] == NEXT.of(decided(MEASURE))
    assert NEXT.after([decided(MEASURE, More(2, 30.0))]) == []
