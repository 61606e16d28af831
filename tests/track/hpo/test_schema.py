"""Searches that can't work, and settings without an effect, are refused."""

import pytest
from omegaconf import OmegaConf

from shipworthy.core.errors import UsageError
from shipworthy.track.hpo.schema import Search

ONE = {"a": {"float": [0.0, 1.0]}}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sampler": {"name": "tpee"}}, "hpo.sampler.name=tpee must be one of tpe, gp, cmaes, random"),
        ({"sampler": {"name": "gp", "multivariate": True}}, "multivariate has no effect with gp"),
        ({"sampler": {"name": "random", "startup": 5}}, "startup=5 has no effect with random"),
        ({"sampler": {"name": "cmaes"}, "space": ONE}, "cmaes adapts two or more numbers"),
        ({"sampler": {"name": "cmaes"}, "objectives": [{"name": "metric"}, {"name": "seconds"}]}, "one objective only"),
        ({"pruner": {"name": "halving"}}, "hpo.pruner.name=halving must be one of"),
        ({"pruner": {"name": "median", "reduction": 3}}, "hpo.pruner.reduction has no effect with median"),
        ({"pruner": {"name": "none", "first_step": 3}}, "hpo.pruner.first_step has no effect with none"),
        ({"pruner": {"name": "asha", "reduction": 1}}, "hpo.pruner.reduction=1 must be at least 2"),
        (
            {"pruner": {"name": "median"}, "objectives": [{"name": "metric"}, {"name": "seconds"}]},
            "set hpo.pruner.name=none",
        ),
        ({"pruner": {"name": "median"}, "objectives": [{"name": "seconds"}]}, "set hpo.pruner.name=none"),
        ({"objectives": [{"name": "f1"}]}, "there is no 'f1'"),
        ({"objectives": [{"name": "metric"}, {"name": "metric"}]}, "names one twice"),
        ({"objectives": [{"name": "metric", "direction": "up"}]}, "must be maximize or minimize"),
        ({"objectives": []}, "hpo.objectives is empty"),
        ({"budget": {"trials": 0}}, "hpo.budget.trials=0"),
        ({"budget": {"hours": -1}}, "hpo.budget.hours=-1"),
        ({"workers": 0}, "hpo.workers=0 must be at least 1"),
        ({"unseen": 1.0}, "hpo.unseen=1.0 is no share"),
        ({"seed": -1}, "hpo.seed=-1 is negative"),
        ({"storage": "journal"}, "hpo.storage is no URL"),
        ({"storage": "postgresql://me:hunter2@db/optuna"}, "set hpo.storage=env:ITS_NAME"),
    ],
)
def test_what_cannot_work_is_refused(settings, said):
    with pytest.raises(UsageError) as error:
        OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Search), settings))
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)


def test_an_objective_knows_what_is_better():
    search = OmegaConf.to_object(
        OmegaConf.merge(OmegaConf.structured(Search), {"objectives": [{"name": "metric"}, {"name": "val_loss"}]})
    )
    assert isinstance(search, Search)
    for metric, own in (("accuracy", "maximize"), ("auc", "maximize"), ("brier", "minimize")):
        assert [one.direction for one in search.measured_by(metric).objectives] == [own, "minimize"]


@pytest.mark.parametrize(
    ("metric", "wrong", "own"), [("brier", "maximize", "minimize"), ("auc", "minimize", "maximize")]
)
def test_the_metric_has_one_direction(metric, wrong, own):
    given = {"objectives": [{"name": "metric", "direction": wrong}]}
    search = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Search), given))
    assert isinstance(search, Search)
    with pytest.raises(UsageError, match=f"{wrong} is not the direction of metric, .*: {own} it, or leave"):
        search.measured_by(metric)
