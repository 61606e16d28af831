"""All gates together: verdicts for the report, and one sentence where a gate that must hold does not."""

import json
import math

import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.data.gates.build import refuse, run
from shipworthy.data.gates.model_settings import Drift, Labels, Leak
from shipworthy.data.gates.row_settings import (
    Balance,
    Column,
    Constant,
    Contradictions,
    Expectations,
    Ids,
    Missing,
    MissingRuns,
    Table,
    Unseen,
)
from shipworthy.data.gates.schema import Gates
from tests.data.gates.inputs import gate_input, on_disk, rows

SOUND = rows()
TWICE = SOUND.with_columns(id=pl.col("id").replace("r00005", "r00009"), job=pl.lit("clerk"))


def test_verdicts_are_json_in_the_order_of_the_config() -> None:
    verdicts = run(Gates(balance=Balance(), show=1), gate_input(TWICE))
    assert [one.gate for one in verdicts] == ["ids", "missing", "missing_runs", "constant", "balance"]
    assert [one.gate for one in verdicts if not one.passed] == ["ids", "constant"]
    assert json.loads(json.dumps(verdicts[0].to_json()))["rows"] == [{"id": "r00009", "detail": "is in 2 rows"}]
    assert all(one.total == 1000 for one in verdicts)


def test_a_refusal_names_gates_and_rows() -> None:
    verdicts = run(Gates(constant=Constant(action="warn")), gate_input(TWICE))
    with pytest.raises(ShipworthyError) as caught:
        refuse(verdicts)
    assert str(caught.value) == (
        "The data does not pass ids (ids: 1 ids are in several rows; first rows: r00009): correct the data, or the "
        "gate (data.gates)."
    )
    refuse(run(Gates(ids=None, constant=Constant(action="warn")), gate_input(TWICE)))


def test_the_answers_of_test_are_not_seen() -> None:
    """Whatever they are, every gate that looks at answers says the same."""
    gates = Gates(balance=Balance(), contradictions=Contradictions(), labels=Labels(), leak=Leak())
    other = SOUND.with_columns(answer=pl.when(split="test").then(pl.lit("secret")).otherwise("answer"))
    assert run(gates, gate_input(other)) == run(gates, gate_input(SOUND))
    assert gate_input(other).rows.filter(pl.col("split") == "test").collect()["answer"].null_count() == 200


def test_order_of_rows_does_not_matter() -> None:
    gates = Gates(unseen=Unseen(), balance=Balance(), contradictions=Contradictions(), labels=Labels(), leak=Leak())
    shuffled = SOUND.sample(fraction=1, shuffle=True, seed=2)
    one, two = run(gates, gate_input(SOUND, 400)), run(gates, gate_input(shuffled, 400))
    assert [verdict.rows_checked for verdict in one] == [verdict.rows_checked for verdict in two]
    for left, right in zip(one, two, strict=True):
        assert (left.violations, left.rows, left.failing_rows) == (right.violations, right.rows, right.failing_rows)
        for a, b in zip(left.measurements, right.measurements, strict=True):
            assert math.isclose(a["value"], b["value"], abs_tol=1e-9)


def test_heavy_gates_look_at_a_sample_and_say_so() -> None:
    (verdict,) = run(
        Gates(ids=None, missing=None, missing_runs=None, constant=None, leak=Leak()), gate_input(SOUND, 300)
    )
    assert (verdict.rows_checked, verdict.total) == (300, 1000)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Ids(action="stop"), r"Ids has action=stop: choose one of fail, warn"),
        (lambda: Gates(sample=10), "give 100 and 1 at least"),
        (lambda: Column(type="date"), "choose one of text, number, integer"),
        (lambda: Column(min=2, max=1), "is above max"),
        (lambda: Column(min=2, regex="a"), "choose one"),
        (Table, "columns is empty"),
        (lambda: Missing(max_share=2), r"missing\.max_share=2: give a number from 0 to 1"),
        (lambda: Missing(columns={"age": -1}), r"missing\.columns\.age=-1"),
        (lambda: MissingRuns(probability=0), "between 0 and 1"),
        (lambda: Balance(min_share=0.6), "from 0 to 0.5"),
        (lambda: Labels(folds=1), "give a number from 2"),
        (lambda: Leak(max_auc=0.4), "from 0.5 to 1"),
        (lambda: Leak(folds=1), "give a number from 2"),
        (Drift, "reference is empty"),
        (lambda: Drift(reference="x", auc=0.3), "from 0.5 to 1"),
        (lambda: Drift(reference="x", folds=1), "give a number from 2"),
        (lambda: Drift(reference="x", ks=2), r"drift\.ks=2"),
        (Expectations, "suite is empty"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(make: object, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        make()


def test_of_numbers_no_gate_looks_at_classes() -> None:
    frame = SOUND.with_columns(answer=pl.Series([f"{i % 97}.5" for i in range(1000)]))
    numbers = on_disk(frame, dict(SOUND.select("age", "hours", "job").schema), 1000, numbers=True)
    columns = {"answer": Column(type="number", min=0.0, max=90.0)}
    (verdict,) = run(
        Gates(ids=None, missing=None, missing_runs=None, constant=None, table=Table(columns=columns)), numbers
    )
    high = frame.filter(pl.col("split") != "test", pl.col("answer").cast(pl.Float64) > 90).height
    assert verdict.failing_rows == high > 0 and "answer is not" in verdict.violations[0]
    for name, gate in (("balance", Balance()), ("labels", Labels()), ("contradictions", Contradictions())):
        with pytest.raises(UsageError, match=rf"data.gates.{name} looks at classes, and the answers of a regression"):
            run(Gates(**{name: gate}), numbers)


def test_a_view_counts_lazily() -> None:
    assert on_disk(SOUND, {}, 10, halves=True).total == 1000
