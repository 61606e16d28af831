"""All checks together: they pass on a healthy run, name every fault at once, and leave no trace."""

import json
import random

import numpy as np
import pytest
import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.preflight.context import Context
from shipworthy.train.preflight.runner import CHECKS, FILE, preflight
from tests.train.preflight.planted import bits, frozen, with_rows


def seeded() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global state is what must be left alone
    torch.manual_seed(1)


def draws() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]  # noqa: NPY002


def test_a_healthy_run_passes_and_is_left_as_it_was(context: Context, capsys: pytest.CaptureFixture[str]) -> None:
    seeded()
    expected = draws()
    seeded()
    context.network.train()
    weights, modes = bits(context), [module.training for module in context.network.modules()]
    results = preflight(context)
    assert [r.name for r in results] == [check.name for check in CHECKS]
    assert all(r.passed for r in results)
    assert draws() == expected
    after = bits(context)
    assert weights.keys() == after.keys() and all(torch.equal(weights[name], after[name]) for name in weights)
    assert [module.training for module in context.network.modules()] == modes
    assert all(parameter.grad is None for parameter in context.network.parameters())
    said = capsys.readouterr().out
    assert "13 of 13 passed" in said and all(check.name in said for check in CHECKS)
    written = json.loads((context.run / FILE).read_text())
    assert [entry["name"] for entry in written] == [check.name for check in CHECKS]
    assert {path.name for path in context.run.iterdir()} == {FILE}


def test_each_fault_is_named_with_its_remedy_and_what_cannot_run_says_why(context: Context) -> None:
    rows = [Row(row.prompt, row.answer[:-1]) for row in context.rows]
    with pytest.raises(ShipworthyError) as raised:
        preflight(with_rows(frozen(context), rows))
    text = str(raised.value)
    assert "end token in labels: 5 of 5 answers do not end with" in text and "prepare the dataset again" in text
    assert "weights receive gradient" in text and "unfreeze the adapter" in text
    written = {entry["name"]: entry for entry in json.loads((context.run / FILE).read_text())}
    assert written["a few rows can be learned"]["passed"] is None
    assert "needs 'weights receive gradient'" in written["a few rows can be learned"]["sentence"]
    assert written["first loss"]["passed"] and written["packed = unpacked"]["passed"]


def test_numbers_that_are_none_are_still_json(context: Context) -> None:
    with torch.no_grad():
        context.base.model.norm.weight.fill_(float("nan"))
    with pytest.raises(ShipworthyError, match="first loss"):
        preflight(context)

    def refuse(name: str) -> None:
        raise AssertionError(name)

    written = json.loads((context.run / FILE).read_text(), parse_constant=refuse)
    assert next(entry for entry in written if entry["name"] == "first loss")["measured"]["loss_nats"] is None
