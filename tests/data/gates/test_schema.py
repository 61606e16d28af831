"""Every gate can be switched on and off, and set, from the command line."""

from dataclasses import fields

import pytest

from shipworthy.config.compose import compose
from shipworthy.core.errors import UsageError
from shipworthy.data.gates.gate import Gate
from shipworthy.data.gates.model_settings import Leak, Time
from shipworthy.data.gates.row_settings import Balance
from shipworthy.data.gates.schema import Gates, gates_of_tables
from shipworthy.data.schema import Data

NAMES = [one.name for one in fields(Gates) if one.name not in {"sample", "show"}]
OFF = ["table", "unseen", "balance", "contradictions", "labels", "drift", "expectations"]
NEEDS = {"drift": "data.gates.drift.reference=data/old.csv", "expectations": "data.gates.expectations.suite=suite.json"}
"""What a gate cannot do without."""


def gates(*overrides: str) -> Gates:
    data = compose(["experiment=adult_xgboost", *overrides]).data
    assert isinstance(data, Data)
    return data.gates


def test_tables_look_for_leaks_and_times_and_texts_do_not() -> None:
    found = gates()
    assert found == gates_of_tables().asked() and (found.leak, found.time) == (Leak(), Time())
    assert [name for name in NAMES if getattr(found, name) is None] == OFF
    texts = compose(["experiment=sarcasm"]).data
    assert isinstance(texts, Data) and texts.gates.leak is None and texts.gates.time is None


@pytest.mark.parametrize("name", NAMES)
def test_a_gate_is_switched_off_and_on(name: str) -> None:
    assert getattr(gates(f"data.gates.{name}=null"), name) is None
    if name == "table":  # its columns are in a file: Hydra cannot add a dataclass to a mapping
        with pytest.raises(UsageError, match="columns is empty"):
            gates("data.gates.table.action=fail")
        return
    needs = [NEEDS[name]] if name in NEEDS else []
    for action in ("fail", "warn"):
        gate = getattr(gates(f"data.gates.{name}.action={action}", *needs), name)
        assert isinstance(gate, Gate) and gate.action == action
    if needs:
        assert getattr(gates(*needs), name).action == "fail"


def test_a_setting_switches_a_gate_on() -> None:
    assert gates("data.gates.balance.min_share=0.05").balance == Balance(min_share=0.05)
    assert gates("data.gates.leak.max_auc=0.9").leak == Leak(max_auc=0.9)
    assert gates("data.gates.leak.known_in_advance=[age]").leak == Leak(known_in_advance=["age"])


def test_a_gate_that_lacks_what_it_needs_is_refused() -> None:
    with pytest.raises(UsageError, match="reference is empty"):
        gates("data.gates.drift.psi=0.1")
    with pytest.raises(UsageError, match="has action=stop"):
        gates("data.gates.leak.action=stop")
