"""The recipe itself as a point of the space."""

from shipworthy.execution.campaigns.recipe import recipe_values
from shipworthy.track.hpo.schema import Search

SPACE = {
    "adapter": {"categorical": ["lora", "none"]},
    "adapter.rank": {"int": [4, 64], "when": {"adapter": ["lora"]}},
    "optimizer.lr": {"float": [1e-6, 1e-5]},
}


def test_values_of_keys_and_of_groups_are_the_recipes_own() -> None:
    found = recipe_values(
        ["experiment=smoke", "adapter=lora", "adapter.rank=7", "optimizer.lr=0.5"], Search(space=SPACE)
    )
    assert found == {"adapter": "lora", "adapter.rank": 7, "optimizer.lr": 0.5}


def test_a_key_that_is_not_there_or_means_nothing_beside_the_others_is_left_out() -> None:
    assert recipe_values(["experiment=adult_xgboost"], Search(space=SPACE)) == {"adapter": "none"}
