"""What a run changed of its recipe."""

from dataclasses import asdict

from shipworthy.config.compose import compose
from shipworthy.execution.recipe import recipe

ADULT = "experiment=adult_xgboost"


def of(*overrides: str, trial: tuple[str, ...] = ()) -> dict:  # type: ignore[type-arg]
    """Of a command line, or, where `trial` says so, of a trial of that campaign."""
    return recipe(overrides, asdict(compose([*overrides, *trial])), trial=bool(trial))


def test_values_are_told_with_the_recipes_own() -> None:
    found = of(ADULT, "model.max_depth=2", "seed=5", "workspace=elsewhere", "note=why not", "tracker=none")
    assert found["name"] == "adult_xgboost"
    assert found["changes"] == {"model.max_depth": [6, 2], "seed": [17, 5]}
    assert found["overrides"] == [ADULT, "model.max_depth=2", "seed=5", "tracker=none"]


def test_a_value_that_is_the_recipes_own_is_no_change() -> None:
    assert of(ADULT, "model.max_depth=6")["changes"] == {} == of(ADULT)["changes"]


def test_another_choice_is_a_change_and_its_own_values_are_none() -> None:
    assert of(ADULT, "model=logistic")["changes"] == {"model": [None, "logistic"]}
    changes = of(ADULT, "model=logistic", "seed=5")["changes"]
    assert changes == {"model": [None, "logistic"], "seed": [17, 5]}


def test_a_trial_changed_what_it_varies_of_the_campaign() -> None:
    found = of(ADULT, "model.rounds=50", trial=("model.max_depth=3",))
    assert found["changes"] == {"model.max_depth": [6, 3]}
