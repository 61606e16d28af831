"""Schedules are transformers' where it has the same; parts that don't fit are one sentence."""

import math
from typing import Any

import pytest
import torch
from transformers import optimization as theirs

from shipworthy.core.errors import UsageError
from shipworthy.train.schedules.build import build, factor
from shipworthy.train.schedules.schema import FORMS, WSD, Constant, Cosine, InverseSqrt, Linear, Schedule

STEPS, WARMUP = 50, 8


def optimizer(*rates: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates], lr=1.0)


def shares(config: Schedule, steps: int = STEPS) -> list[float]:
    return [factor(step, steps, config) for step in range(steps)]


PAIRS: list[tuple[Schedule, Any]] = [
    (Constant(warmup=WARMUP), theirs.get_constant_schedule_with_warmup(optimizer(1.0), WARMUP)),
    (Linear(warmup=WARMUP), theirs.get_linear_schedule_with_warmup(optimizer(1.0), WARMUP, STEPS)),
    (Cosine(warmup=WARMUP, floor=0.0), theirs.get_cosine_schedule_with_warmup(optimizer(1.0), WARMUP, STEPS)),
    (
        Cosine(warmup=WARMUP, floor=0.1),
        theirs.get_cosine_with_min_lr_schedule_with_warmup(optimizer(1.0), WARMUP, STEPS, min_lr_rate=0.1),
    ),
    (InverseSqrt(warmup=WARMUP), theirs.get_inverse_sqrt_schedule(optimizer(1.0), WARMUP)),
    *(
        (
            WSD(warmup=WARMUP, decay=20, form=form, floor=0.0),
            theirs.get_wsd_schedule(optimizer(1.0), WARMUP, 20, STEPS, decay_type=form),
        )
        for form in FORMS
    ),
]


@pytest.mark.parametrize(("config", "expected"), PAIRS, ids=lambda one: getattr(one, "kind", ""))
def test_they_are_those_of_transformers(config: Schedule, expected: Any) -> None:
    (known,) = expected.lr_lambdas
    for step in range(STEPS):
        # There the first step has no rate at all, here it has the first one of the rise.
        assert factor(step, STEPS, config) == pytest.approx(known(step + 1 if step < WARMUP else step), abs=1e-12)
    assert max(shares(config)) == 1.0


def test_cosine_gives_the_numbers_that_it_always_gave() -> None:
    for steps in (1, 7, 320):
        rising = max(1, round(0.06 * steps))
        for step in range(steps):
            share = (step - rising) / max(1, steps - rising)
            fallen = 0.05 + (1 - 0.05) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
            assert factor(step, steps, Cosine()) == ((step + 1) / rising if step < rising else fallen)


def test_parts_are_shares_or_steps() -> None:
    assert shares(Linear(warmup=0.2)) == shares(Linear(warmup=10))
    assert shares(WSD(warmup=0.1, decay=0.4)) == shares(WSD(warmup=5, decay=20))
    assert shares(Constant(warmup=0)) == [1.0] * STEPS
    assert shares(WSD(warmup=0.0, decay=0.5, form="linear", floor=0.2), 4) == [1.0, 1.0, 1.0, pytest.approx(0.6)]


@pytest.mark.parametrize("config", [config for config, _ in PAIRS], ids=lambda one: str(one.kind))
def test_they_rise_and_never_rise_again(config: Schedule) -> None:
    found = shares(config)
    assert found[:WARMUP] == pytest.approx([(step + 1) / WARMUP for step in range(WARMUP)])
    assert all(0 <= later <= sooner for sooner, later in zip(found[WARMUP - 1 :], found[WARMUP:], strict=False))


def test_each_group_goes_from_its_own_rate() -> None:
    rule = optimizer(1.0, 16.0)
    schedule = build(rule, Linear(warmup=2), 10)
    rates = []
    for _ in range(10):
        rates.append([group["lr"] for group in rule.param_groups])
        rule.step()
        schedule.step()
    assert rates == [[share, 16 * share] for share in shares(Linear(warmup=2), 10)]


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        (Cosine, {"warmup": -1.0}, r"schedule\.warmup=-1\.0 must be a share of all steps"),
        (Cosine, {"warmup": 2.5}, "or a whole number of them"),
        (Linear, {"floor": 1.0}, r"schedule\.floor=1\.0 must be from 0 to below 1"),
        (WSD, {"form": "exp"}, r"schedule\.form=exp must be one of 1-sqrt, linear, cosine"),
        (WSD, {"decay": 0.0}, "take schedule=constant"),
        (WSD, {"warmup": 0.5, "decay": 0.6}, "are more than all steps"),
    ],
)
def test_a_wrong_setting_is_one_sentence(kind: type[Schedule], settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        kind(**settings)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Cosine(warmup=60), r"schedule\.warmup=60 is more than trainer\.steps=50"),
        (WSD(decay=60), r"schedule\.decay=60 is more than trainer\.steps=50"),
        (WSD(warmup=40, decay=20), r"schedule\.warmup=40 and schedule\.decay=20 are more than trainer\.steps=50"),
    ],
)
def test_parts_longer_than_the_training_are_one_sentence(config: Schedule, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build(optimizer(1.0), config, STEPS)
