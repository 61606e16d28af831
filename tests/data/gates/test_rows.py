"""Gates that count: each holds on sound rows, and names what is wrong with others."""

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.gates import balance, constant, contradictions, ids, missing, missing_runs, table, unseen
from shipworthy.data.gates.row_settings import (
    Balance,
    Column,
    Constant,
    Contradictions,
    Ids,
    Missing,
    MissingRuns,
    Table,
    Unseen,
)
from tests.data.gates.inputs import gate_input, rows

SOUND = rows()
DECLARED = Table(
    columns={
        "age": Column(type="integer", required=True, min=18, max=99),
        "hours": Column(type="number", min=0),
        "job": Column(type="text", allowed=["clerk", "farmer", "judge"], regex="^[a-z]+$"),
        "answer": Column(allowed=["yes", "no"]),
    },
    others=False,
)


def test_all_hold_on_sound_rows() -> None:
    for gate, config in (
        (ids, Ids()),
        (table, DECLARED),
        (missing, Missing()),
        (missing_runs, MissingRuns()),
        (constant, Constant()),
        (unseen, Unseen()),
        (balance, Balance()),
        (contradictions, Contradictions()),
    ):
        found = gate.check(config, gate_input(SOUND))
        assert (found.violations, found.failing_rows, found.rows.height) == ([], 0, 0), gate.__name__
        assert found.rows_checked in {1000, 800, 700}


def test_a_column_may_have_a_name_of_several_words() -> None:
    frame = SOUND.rename({"job": "native country"})
    found = missing.check(Missing(max_share=0.001), gate_input(frame))
    assert found.violations[0].startswith("native country is missing in")
    assert found.rows["detail"].unique().to_list() == ["native country is missing"]
    assert found.failing_rows == frame["native country"].null_count()


@pytest.mark.parametrize("regex", ["[", "(?!a)b"])
def test_a_pattern_that_cannot_be_read_is_refused(regex: str) -> None:
    with pytest.raises(UsageError, match=r"data.gates.table.columns.job.regex=.* is no pattern"):
        table.check(Table(columns={"job": Column(regex=regex)}), gate_input(SOUND))


def test_ids() -> None:
    found = ids.check(Ids(), gate_input(SOUND.with_columns(id=pl.col("id").replace("r00005", "r00009"))))
    assert found.violations == ["1 ids are in several rows"]
    assert found.rows.rows() == [("r00009", "is in 2 rows")] and found.failing_rows == 2


@pytest.mark.parametrize(
    ("frame", "fault", "first"),
    [
        (
            SOUND.with_columns(age=pl.when(id="r00003").then(7).otherwise("age")),
            "age is not at least 18 in 1 rows, such as '7'",
            ("r00003", "age is '7', not at least 18"),
        ),
        (
            SOUND.with_columns(age=pl.when(id="r00003").then(None).otherwise("age")),
            "age is not there in 1 rows, such as 'None'",
            ("r00003", "age is 'missing', not there"),
        ),
        (
            SOUND.with_columns(job=pl.when(id="r00003").then(pl.lit("Astronaut")).otherwise("job")),
            "job is not like ^[a-z]+$ in 1 rows, such as 'Astronaut'",
            ("r00003", "job is 'Astronaut', not like ^[a-z]+$"),
        ),
        (
            SOUND.with_columns(answer=pl.when(id="r00003").then(pl.lit("maybe")).otherwise("answer")),
            "answer is not one of yes, no in 1 rows, such as 'maybe'",
            ("r00003", "answer is 'maybe', not one of yes, no"),
        ),
        (SOUND.with_columns(pl.col("age").cast(pl.String)), "age is not dtype('Int64')", None),
        (SOUND.drop("hours"), "there is no column hours", None),
        (SOUND.with_columns(more=pl.lit(1)), "column more is not declared", None),
    ],
)
def test_a_declared_table(frame: pl.DataFrame, fault: str, first: tuple[str, str] | None) -> None:
    found = table.check(DECLARED, gate_input(frame))
    assert fault in found.violations
    if first:
        assert first in found.rows.rows()


def test_an_answer_is_asked_for_anyway() -> None:
    with pytest.raises(UsageError, match="rejected anyway"):
        table.check(Table(columns={"answer": Column(required=True)}), gate_input(SOUND))


def test_missing_share() -> None:
    found = missing.check(Missing(columns={"job": 0.01}), gate_input(SOUND))
    lacking = SOUND["job"].null_count()
    assert found.violations == [f"job is missing in {lacking / 1000:.1%} of the rows, more than 1.0%"]
    assert found.failing_rows == found.rows.height == lacking
    number = next(number for number in found.measurements if number.name.endswith("job"))
    assert number.low < lacking / 1000 < number.high
    with pytest.raises(UsageError, match="names jobs, which is no feature"):
        missing.check(Missing(columns={"jobs": 0.01}), gate_input(SOUND))


def test_a_burst_of_gaps() -> None:
    place = pl.int_range(pl.len())
    frame = SOUND.with_columns(hours=pl.when(place.is_between(300, 339)).then(None).otherwise("hours"))
    found = missing_runs.check(MissingRuns(), gate_input(frame.sample(fraction=1, shuffle=True, seed=3)))
    assert found.violations == ["hours is missing in 40 rows one after another, from r00300 on"]
    scattered = SOUND.with_columns(hours=pl.when(place % 25 == 0).then(None).otherwise("hours"))
    assert missing_runs.check(MissingRuns(), gate_input(scattered)).violations == []


def test_the_longest_run_of_chance_is_what_simulation_gives() -> None:
    import numpy as np

    draws = np.random.default_rng(0)
    limit = missing_runs.longest(2000, 0.3, 0.05)
    longer = 0
    for _ in range(400):
        gaps = np.flatnonzero(np.concatenate([[True], draws.random(2000) >= 0.3, [True]]))
        longer += int(np.diff(gaps).max() - 1 > limit)
    assert longer / 400 <= 0.05


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        (pl.lit("clerk"), "job is 'clerk' in every row of train"),
        (pl.lit(None, pl.String), "job has no value at all in train"),
    ],
)
def test_a_constant(column: pl.Expr, fault: str) -> None:
    other = pl.when(split="train").then(column).otherwise("job")
    assert constant.check(Constant(), gate_input(SOUND.with_columns(job=other))).violations == [fault]


def test_names_that_train_lacks() -> None:
    frame = SOUND.with_columns(
        job=pl.when((pl.col("split") == "test") & (pl.col("age") > 70)).then(pl.lit("astronaut")).otherwise("job")
    )
    found = unseen.check(Unseen(), gate_input(frame))
    assert (
        len(found.violations) == 1 and "of test has a job that train lacks, such as 'astronaut'" in found.violations[0]
    )
    assert found.failing_rows == frame.filter(job="astronaut").height == found.rows.height


def test_balance_is_that_of_train_and_validation_alone() -> None:
    rare = SOUND.with_columns(answer=pl.when(pl.col("id") < "r00010").then(pl.lit("rare")).otherwise("answer"))
    found = balance.check(Balance(min_share=0.02), gate_input(rare))
    assert found.violations == [
        "1.00% of train is rare, less than 2.00%",
        "1.00% of validation is rare, less than 2.00%",
    ]
    in_test = SOUND.with_columns(answer=pl.when(pl.col("split") == "test").then(pl.lit("rare")).otherwise("answer"))
    assert balance.check(Balance(min_share=0.02), gate_input(in_test)).violations == []


def test_contradictions() -> None:
    cluster = pl.when(pl.col("id") < "r00040").then(pl.col("id").str.slice(0, 5)).otherwise("cluster")
    frame = SOUND.with_columns(cluster=cluster)
    found = contradictions.check(Contradictions(), gate_input(frame))
    assert len(found.violations) == 1 and "near-duplicate with another answer" in found.violations[0]
    assert found.rows["detail"][0] == "cluster r0000 has the answers no, yes"
    assert set(frame.filter(pl.col("id").is_in(found.rows["id"].implode()))["split"]) == {"train", "validation"}
