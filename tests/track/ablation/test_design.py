"""From named changes to trainings."""

from dataclasses import replace

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.track.ablation.design import planned, trainings
from shipworthy.track.ablation.schema import Ablation

CHANGES = {"rate": ["optimizer.lr=1e-4"], "rank": ["adapter.rank=4", "adapter.alpha=8"]}


def test_drop_one_is_the_recipe_and_each_change_alone_on_each_seed():
    found = trainings(Ablation(changes=CHANGES, seeds=2), seed=5)
    assert [one.name for one in found] == [
        "recipe, seed 5", "rate, seed 5", "rank, seed 5", "recipe, seed 6", "rate, seed 6", "rank, seed 6",
    ]  # fmt: skip
    assert found[0].overrides == ("seed=5",)
    assert found[5].overrides == ("adapter.rank=4", "adapter.alpha=8", "seed=6")


def test_a_factorial_has_all_combinations():
    found = trainings(Ablation(design="factorial", changes={**CHANGES, "warmup": ["schedule.warmup=0"]}), seed=1)
    assert len(found) == len(set(found)) == 3 * 2**3
    assert "rate + rank + warmup, seed 3" in [one.name for one in found]


def test_a_campaigns_list_says_what_each_change_sets_and_more_seeds_come_last():
    config = Ablation(design="factorial", changes={"depth": ["model.max_depth=2"], "rank": ["adapter=none"]}, seeds=2)
    recipe = {"seed": 5, "model": {"max_depth": 6}, "adapter": {"kind": "lora"}}
    found = planned(config, recipe, {"adapter": "lora_attention"})
    assert [one["name"] for one in found] == [one.name for one in trainings(config, 5)]
    assert found[1]["sets"] == [{"key": "model.max_depth", "before": "6", "after": "2"}]
    assert found[2]["sets"] == [{"key": "adapter", "before": "lora_attention", "after": "none"}]
    assert "sets" not in found[0] and "sets" not in found[3]
    more = planned(replace(config, seeds=3), recipe, {"adapter": "lora_attention"})
    assert more[: len(found)] == found and {one["seed"] for one in more[len(found) :]} == {7}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"changes": {}}, "ablation.changes"),
        ({"changes": {"rate": []}}, "ablation.changes"),
        ({"changes": CHANGES, "seeds": 1}, "ablation.seeds=1"),
        ({"changes": CHANGES, "design": "all"}, "ablation.design=all"),
        ({"changes": CHANGES, "level": 95}, "ablation.level=95"),
        ({"changes": CHANGES, "workers": 0}, "ablation.workers"),
        ({"changes": {str(n): ["a=1"] for n in range(7)}, "design": "factorial"}, "128 variants"),
    ],
)
def test_what_would_compare_nothing_is_refused(values, named):
    with pytest.raises(UsageError) as refused:
        Ablation(**values)
    assert named in str(refused.value)
