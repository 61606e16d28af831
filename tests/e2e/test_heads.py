"""A head on an encoder, from the raw rows to a package that answers."""

import json

import polars as pl
import pytest

from tests.conftest import Shipworthy
from tests.e2e.conftest import Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


def test_it_goes_the_whole_road(sarcasm_head: Pipeline) -> None:
    workspace = sarcasm_head.to("report")
    training = json.loads((workspace / "checkpoint" / "training.json").read_text())
    assert training["steps"] == 40 and training["forgetting"] is None
    asked = pl.read_parquet(workspace / "evaluation" / "predictions" / "tuned.parquet")
    assert set(asked["prediction"]) <= {"sarcastic", "serious"}
    package = json.loads((workspace / "package" / "package.json").read_text())
    assert package["validated"] and package["format"] == "sequence_classifier" and len(package["questions"]) == 3
    assert {"network", "head.json", "model.py", "predict", "serve"} <= {
        p.name for p in (workspace / "package").iterdir()
    }


def test_a_step_shows_its_rows(sarcasm_head: Pipeline, shipworthy: Shipworthy) -> None:
    workspace = sarcasm_head.to("train")
    run = json.loads((workspace / "checkpoint" / "manifest.json").read_text())["run_id"]
    done = shipworthy("trace", run, "step=7", f"workspace={workspace}")
    assert done.returncode == 0 and "as the run noted it" in done.stdout, done.stderr


def test_a_sample_says_what_the_whole_would_take(sarcasm_head: Pipeline, shipworthy: Shipworthy) -> None:
    workspace = sarcasm_head.to("train")
    recipe = (f"experiment={sarcasm_head.experiment}", f"workspace={workspace}", *sarcasm_head.overrides)
    done = shipworthy("train", *recipe, "sample=50%", "preflight=off")
    assert done.returncode == 0 and "the whole run would take" in done.stdout, done.stderr


def test_what_a_head_cannot_do_is_refused_in_a_sentence(sarcasm_head: Pipeline, shipworthy: Shipworthy) -> None:
    for wrong, said in {
        "objective=sft": "objective 'sft' needs model to be causal_lm",
        "trainer.replay.share=0.1": "objective 'head' writes none",
    }.items():
        workspace = sarcasm_head.to("prepare")
        recipe = (f"experiment={sarcasm_head.experiment}", f"workspace={workspace}", *sarcasm_head.overrides, wrong)
        done = shipworthy("train", *recipe)
        assert done.returncode == 2 and said in done.stderr, done.stderr
