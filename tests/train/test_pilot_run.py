"""Samples are nested and repeatable, keep the epochs, and foretell within their bounds."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.core.errors import UsageError
from shipworthy.train.pilot_run import Sample, compare, extrapolate, find, identity, parse, scaled_steps, subset

ROWS = pl.DataFrame({"id": [f"row-{i}" for i in range(1000)], "answer": list(range(1000))})


def test_shares_and_counts_are_read() -> None:
    assert parse("1%") == Sample(share=0.01)
    assert parse(" 0.5 % ") == Sample(share=0.005)
    assert parse("100%") == Sample(share=1.0)
    assert parse("500") == Sample(count=500)
    assert parse("") is None


@pytest.mark.parametrize("text", ["0", "0%", "101%", "-5", "0.01", "1 percent", "many", "%", "5%%", "1e3"])
def test_what_is_neither_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="sample="):
        parse(text)


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(0, 3))
def test_a_larger_sample_holds_the_smaller_one(one: int, other: int, seed: int) -> None:
    small, large = (subset(ROWS, Sample(count=n), seed)["id"].to_list() for n in sorted((one, other)))
    assert len(small) == min(one, other) and set(small) <= set(large)


def test_a_sample_follows_from_ids_and_seed_not_from_the_order() -> None:
    sample = Sample(share=0.05)
    mixed = subset(ROWS.sample(fraction=1.0, shuffle=True, seed=4), sample, seed=1)
    chosen = subset(ROWS, sample, seed=1)
    assert chosen.height == 50 and set(chosen["id"]) == set(mixed["id"]) != set(subset(ROWS, sample, seed=2)["id"])
    assert chosen["answer"].is_sorted()


def test_a_sample_is_no_more_than_there_is() -> None:
    assert subset(ROWS.head(3), Sample(share=0.01), 1).height == 1
    with pytest.raises(UsageError, match="1001 is more than the 1000 rows"):
        subset(ROWS, Sample(count=1001), 1)


def test_epochs_are_kept_but_for_a_few_steps_at_least() -> None:
    assert scaled_steps(4000, 16000, 160) == 40
    assert scaled_steps(400, 16000, 160) == 5
    assert scaled_steps(3, 16000, 160) == 3
    assert scaled_steps(400, 16000, 16000) == 400


def test_the_identity_forgets_the_sample_alone() -> None:
    config = {"seed": 17, "trainer": {"steps": 4}, "sample": "1%"}
    whole = identity({"seed": 17, "trainer": {"steps": 4}, "sample": ""}, {"dataset": "a"})
    assert identity(config, {"dataset": "a"}) == whole
    assert identity({**config, "seed": 18}, {"dataset": "a"}) != whole != identity(config, {"dataset": "b"})


def run(steps: int, seed: int, slow: float = 1.0) -> list[dict[str, float]]:
    """Steps of a machine that takes 2 ms a token, more or less; the first takes longer."""
    draws = np.random.default_rng(seed)
    tokens = draws.integers(400, 800, steps)
    seconds = tokens * 0.002 * slow * draws.normal(1.0, 0.1, steps)
    seconds[0] += 5.0
    return [
        {"step": i + 1, "tokens": int(t), "step_s": float(s)}
        for i, (t, s) in enumerate(zip(tokens, seconds, strict=True))
    ]


def foretold(history: list[dict[str, float]], whole: list[dict[str, float]]) -> dict[str, object]:
    return extrapolate(
        history,
        sample="1%",
        of="abc",
        rows=(160, 16000),
        steps=len(whole),
        tokens=sum(entry["tokens"] for entry in whole),
        beside=(2.0, 36.0),
        price_per_hour=3.0,
        currency="EUR",
        seed=1,
    )


def test_the_whole_run_lies_within_the_bounds_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(40):
        whole = run(2000, seed)
        training = {"seconds": sum(e["step_s"] for e in whole), "tokens": sum(e["tokens"] for e in whole)}
        inside += compare(foretold(run(40, 1000 + seed), whole), training)["inside"]
    assert 32 <= inside <= 40


def test_a_slower_whole_run_lies_outside_and_is_said_to() -> None:
    whole = run(500, 7, slow=1.5)
    training = {"seconds": sum(e["step_s"] for e in whole), "tokens": sum(e["tokens"] for e in whole)}
    found = compare(foretold(run(40, 3), whole), training)
    assert not found["inside"] and found["ratio"] == pytest.approx(1.5, rel=0.05) and "outside" in found["sentence"]
    assert found["tokens_ratio"] == 1.0


def test_a_whole_run_that_ended_early_is_compared_with_what_was_foretold_for_that_long() -> None:
    whole = run(500, 7)
    told = foretold(run(40, 3), whole)
    half = whole[:250]
    training = {"seconds": sum(e["step_s"] for e in half), "tokens": sum(e["tokens"] for e in half)}
    assert not compare(told, training)["inside"]
    found = compare(told, {**training, "stopped_early": {"step": 250}})
    assert found["ratio"] == pytest.approx(1.0, abs=0.05) and "until the run ended early" in found["sentence"]


def test_money_follows_hours_and_bounds_are_in_order() -> None:
    found = json.loads(json.dumps(foretold(run(20, 1), run(1000, 2))))
    hours, money = found["hours"], found["money"]
    assert 0 < hours["low"] < hours["value"] < hours["high"]
    assert money["value"] == pytest.approx(3 * hours["value"]) and money["currency"] == "EUR"
    assert hours["value"] == pytest.approx((found["training_s"]["value"] + 36) / 3600)


def test_the_newest_sample_of_the_same_run_is_found(tmp_path: Path) -> None:
    for number, (name, of) in enumerate((("a", "mine"), ("b", "mine"), ("c", "other"))):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "sample.json"
        file.write_text(json.dumps({"of": of, "sample": name}))
        os.utime(file, (number, number))
    found = find(tmp_path, "mine")
    assert found is not None and found["sample"] == "b"
    assert find(tmp_path, "none") is None
