"""What a change sets, beside what the recipe has there."""

from shipworthy.track.ablation.settings import settings

RECIPE = {"model": {"kind": "xgboost", "max_depth": 6}, "adapter": {"kind": "lora"}, "task": {"name": "", "costs": {}}}


def test_the_recipes_own_value_stands_before_the_changed_one():
    overrides = ["model.max_depth=2", "adapter=none", "+task.costs.yes=2.5", "~task.costs", "task.name=Billing"]
    found = settings(overrides, RECIPE, {"adapter": "lora_attention", "model": "xgboost"})
    assert [str(one) for one in found] == [
        "model.max_depth 6 → 2",
        "adapter lora_attention → none",
        "task.costs.yes unset → 2.5",
        "task.costs {} → unset",
        "task.name unset → Billing",
    ]
