"""Each detector fires on its planted failure, once, and on nothing else."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.train.monitor.detectors import detect, detect_at_validation
from shipworthy.train.monitor.findings import Finding, History, decide, rate_factor
from shipworthy.train.monitor.schema import Divergence, ModeCollapse, Monitor, NotFinite, Plateau, SlowData, Spike
from tests.train.monitor.histories import GROUPS, Entry, ordinary, real

CONFIG = Monitor()
METRIC = "exact_match"


def through(history: History, config: Monitor = CONFIG) -> list[Finding]:
    """What is found at each step, as a run would have it."""
    return [finding for end in range(1, len(history) + 1) for finding in detect(history[:end], config)]


@pytest.mark.parametrize("noise", [0.02, 0.15, 0.3])
def test_an_ordinary_run_raises_nothing(noise: float) -> None:
    assert through(ordinary(300, noise=noise)) == []


@pytest.mark.parametrize("noise", [0.05, 0.15])
def test_of_many_ordinary_runs_none_raises_anything(noise: float) -> None:
    assert [through(ordinary(400, seed=seed, noise=noise)) for seed in range(1, 21)] == [[]] * 20


@pytest.mark.parametrize("name", ["rate 1.5e-3, batch 4", "rate 1.5e-3, batch 1"])
def test_a_real_run_raises_nothing(name: str) -> None:
    assert through(real()[name]) == []


@pytest.mark.parametrize("name", ["rate 0.15, batch 4", "rate 0.15, batch 8"])
def test_a_real_rate_100_times_too_high_is_rolled_back_to_before_it_climbed(name: str) -> None:
    found = through(real()[name])
    assert {f.detector for f in found} == {"divergence"} and found[0].action == "rollback"
    assert found[0].step <= 12 and found[0].since <= 3
    assert "optimizer.lr" in found[0].sentence


def nan_loss(entry: Entry) -> None:
    entry["loss"] = math.nan


def infinite_gradient(entry: Entry) -> None:
    entry["grad_norm"] = math.inf


def high_loss(entry: Entry) -> None:
    entry["loss"] += 8.0


def high_gradient(entry: Entry) -> None:
    entry["grad_norm"] *= 300


@pytest.mark.parametrize(
    ("plant", "detector", "action"),
    [
        (nan_loss, "not_finite", "skip"),
        (infinite_gradient, "not_finite", "skip"),
        (high_loss, "spike", "warn"),
        (high_gradient, "explosion", "skip"),
    ],
)
def test_one_bad_batch_is_found_at_its_step_alone(plant: Callable[[Entry], None], detector: str, action: str) -> None:
    history = ordinary(150)
    plant(history[119])
    assert [(f.detector, f.action, f.step, f.since) for f in through(history)] == [(detector, action, 120, 120)]
    (found,) = detect(history[:120], CONFIG)
    assert "step 120" in found.sentence and not found.value < found.limit


def test_a_loss_far_below_is_no_spike() -> None:
    history = ordinary(150, end=3.0)
    history[119]["loss"] = 0.01
    assert through(history) == []


def test_small_rises_of_a_loss_that_is_all_but_zero_are_none() -> None:
    history = ordinary(150)
    for i, entry in enumerate(history[60:]):
        high = i > 70
        entry |= {"loss": 0.1 if high else 0.001 + 1e-6 * i, "grad_norm": 0.3 if high else 0.003}
    assert through(history) == []


def test_a_run_of_nothing_but_nan_stops_after_the_skips_allowed() -> None:
    history = ordinary(60)
    for entry in history[40:]:
        entry["loss"] = math.nan
    actions = [f.action for f in through(history)]
    assert actions[: CONFIG.skips + 1] == ["skip"] * CONFIG.skips + ["stop"]


def test_gradients_that_explode_again_and_again_send_the_run_back() -> None:
    history = ordinary(60)
    for entry in history[40:]:
        high_gradient(entry)
    found = through(history)[: CONFIG.skips + 1]
    assert [f.action for f in found] == ["skip"] * CONFIG.skips + ["rollback"]
    assert (found[-1].since, found[-1].good) == (41, 39)


def test_nan_from_the_first_step_on_is_found() -> None:
    assert [f.detector for f in detect([{**ordinary(1)[0], "loss": math.nan}], CONFIG)] == ["not_finite"]


@pytest.mark.parametrize(("detector", "rise"), [("late", 4.0), ("whole", 2.5)])
def test_a_loss_that_climbs_and_stays_diverges(detector: str, rise: float) -> None:
    history = ordinary(200)
    for entry in history[150:]:
        entry["loss"] *= rise
    found = [f for f in through(history) if f.detector == "divergence"]
    assert found[0].action == "rollback" and found[0].step <= 165 and 145 <= found[0].since <= 151


def test_a_loss_that_climbs_and_comes_back_does_not_diverge() -> None:
    history = ordinary(200)
    for entry in history[150:156]:
        entry["loss"] *= 4
    assert [f for f in through(history) if f.detector == "divergence"] == []


def test_a_warning_comes_when_it_begins_and_not_again() -> None:
    history = ordinary(200)
    for entry in history[150:]:
        entry["loss"] *= 5
    config = Monitor(divergence=Divergence(action="warn"), spike=Spike(action="off"))
    assert [f.detector for f in through(history, config)] == ["divergence"]


def test_gradients_that_vanish_while_the_loss_stays_are_found_once() -> None:
    history = ordinary(200, end=3.0)
    for entry in history[100:]:
        entry["grad_norm"] *= 1e-4
    assert [f.detector for f in through(history)] == ["vanishing"]


def test_gradients_that_fall_with_the_loss_do_not_vanish() -> None:
    history = ordinary(200)
    for i, entry in enumerate(history):
        entry["loss"] *= math.exp(-i / 15)
        entry["grad_norm"] *= math.exp(-i / 15)
    assert [f for f in through(history) if f.detector == "vanishing"] == []


@pytest.mark.parametrize("gradient", [0.0, 1e-12])
def test_a_group_without_gradient_stops_the_run(gradient: float) -> None:
    history = ordinary(30)
    for entry in history:
        entry[f"grad_norm/{GROUPS[0]}"] = gradient
    first = through(history)[0]
    assert (first.detector, first.action, first.step) == ("dead_adapter", "stop", CONFIG.dead_adapter.steps)
    assert GROUPS[0] in first.sentence and GROUPS[1] not in first.sentence


def test_rows_without_a_supervised_token_stop_the_run() -> None:
    history = [{"step": i + 1, "loss": 0.0, "grad_norm": 0.0, "lr": 1e-3} for i in range(20)]
    assert through(history)[0].detector == "dead_adapter"


def test_weights_that_do_not_move_stop_the_run() -> None:
    history = ordinary(30)
    for entry in history:
        entry[f"weight_norm/{GROUPS[1]}"] = 12.5
    first = through(history)[0]
    assert (first.detector, first.step) == ("dead_adapter", CONFIG.dead_adapter.steps + 1)
    assert f"weights of {GROUPS[1]} did not move" in first.sentence


def test_weights_that_do_not_move_because_steps_are_skipped_are_not_dead() -> None:
    history = ordinary(40)
    for entry in history[5:]:
        entry |= {f"weight_norm/{group}": 12.5 for group in GROUPS}
        entry["skipped"] = 1
    assert through(history) == []


def test_a_flat_loss_is_a_plateau_and_a_falling_one_is_not() -> None:
    config = Monitor(plateau=Plateau(window=50))
    generator = random.Random(1)
    flat = [{**e, "loss": 3.0 + generator.gauss(0, 0.05)} for e in ordinary(300)]
    falling = [{**e, "loss": 6.0 * math.exp(-e["step"] / 300) + generator.gauss(0, 0.05)} for e in ordinary(300)]
    assert [(f.detector, f.step) for f in through(flat, config)] == [("plateau", 100)]
    assert through(falling, config) == []


def test_a_loader_that_stalls_is_named() -> None:
    history = ordinary(100)
    history[50] |= {"data_wait_s": 30.0, "step_s": 31.0}
    assert [(f.detector, f.step) for f in through(history)] == [("slow_data", 60)]
    assert "61% of the time" in through(history)[0].sentence
    assert through(history, Monitor(slow_data=SlowData(action="off"))) == []


def test_the_first_step_may_wait_for_the_loader_to_start() -> None:
    history = ordinary(60)
    history[0] |= {"data_wait_s": 300.0, "step_s": 301.0}
    assert through(history) == []


def validated(history: list[Entry], at: int, **values: float) -> None:
    history[at - 1] |= {"reference_distinct_2": 0.8, "reference_length": 6.0, "general_nll_before": 1.0, **values}
    history[at - 1]["general_right_before"] = 0.5


GENERAL = {"general_questions": 36, "general_won": 2, "general_lost": 6, "general_right": 0.4}
GOOD = {"generation_distinct_2": 0.7, "generation_length": 5.0, "general_nll": 1.2, **GENERAL}


@pytest.mark.parametrize(
    ("bad", "detector"),
    [
        ({"generation_distinct_2": 0.1}, "mode_collapse"),
        ({"generation_length": 0.5}, "mode_collapse"),
        ({"general_nll": 2.5}, "forgetting"),
        ({"general_questions": 36, "general_won": 0, "general_lost": 9, "general_right": 0.25}, "forgetting"),
    ],
)
def test_validations_show_collapse_and_forgetting_once(bad: dict[str, float], detector: str) -> None:
    history = ordinary(90)
    for at in (30, 60, 90):
        validated(history, at, **{**GOOD, **(bad if at > 30 else {})})
    assert detect_at_validation(history[:30], CONFIG, METRIC) == []
    (found,) = detect_at_validation(history[:60], CONFIG, METRIC)
    assert (found.detector, found.action, found.step, found.good) == (detector, "warn", 60, 30)
    assert detect_at_validation(history, CONFIG, METRIC) == []
    strict = Monitor(mode_collapse=ModeCollapse(action="stop"))
    assert [f.action for f in detect_at_validation(history, strict, METRIC)] == (
        ["stop"] if detector == "mode_collapse" else []
    )


def test_wrong_answers_are_told_with_their_test() -> None:
    history = ordinary(30)
    lost = {"general_questions": 36, "general_won": 0, "general_lost": 9, "general_right": 0.25}
    validated(history, 30, **{**GOOD, **lost})
    (found,) = detect_at_validation(history, CONFIG, METRIC)
    assert "25.0% of 36 general questions are answered rightly at step 30, and 50.0% were before" in found.sentence
    assert "p = 0.0039" in found.sentence and "trainer.replay.share" in found.sentence
    assert (found.value, found.limit) == (0.25, 0.5)


def test_the_most_severe_is_done_and_the_last_rollback_is_a_stop() -> None:
    warn, skip, back = (Finding("x", action, 9, 1.0, 0.5, "So.", 8, 6) for action in ("warn", "skip", "rollback"))
    assert decide([warn], 0, CONFIG) is None
    assert decide([warn, skip, back], CONFIG.rollback.most - 1, CONFIG) == back
    stopped = decide([back], CONFIG.rollback.most, CONFIG)
    assert stopped is not None and stopped.action == "stop"
    assert rate_factor(2, CONFIG) == pytest.approx(CONFIG.rollback.factor**2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=True, allow_infinity=True, width=32), st.floats(0, width=32)),
        min_size=1,
        max_size=60,
    )
)
def test_any_history_can_be_judged(pairs: list[tuple[float, float]]) -> None:
    history = [{"step": i + 1, "loss": loss, "grad_norm": norm, "lr": 1e-3} for i, (loss, norm) in enumerate(pairs)]
    config = Monitor(not_finite=NotFinite(action="stop"))
    for finding in through(history, config):
        assert 0 <= finding.good < finding.since <= finding.step and finding.sentence
    bad = [e["step"] for e in history if not (math.isfinite(e["loss"]) and math.isfinite(e["grad_norm"]))]
    assert [f.step for f in through(history, config) if f.detector == "not_finite"] == bad
