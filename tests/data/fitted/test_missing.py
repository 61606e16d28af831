"""What stands for a missing value."""

import polars as pl

from shipworthy.data.fitted.build import fit
from shipworthy.data.fitted.missing.schema import Constant, Median, Missing, Mode, Model
from shipworthy.data.fitted.schema import Fitting
from tests.data.fitted.table import FEATURES, table


def applied(missing: Missing, rows: pl.DataFrame) -> pl.DataFrame:
    return fit(Fitting(missing=missing), rows.lazy(), FEATURES, seed=3).apply(rows.lazy()).collect()


def test_constants_learned_and_given() -> None:
    rows = table()
    train = rows.filter(split="train")
    filled = applied(Missing(median=Median(["age"]), mode=Mode(["job"])), rows)
    gaps = rows["age"].is_null()
    assert set(filled.filter(gaps)["age"]) == {train["age"].median()}
    assert filled.filter(~gaps)["age"].to_list() == rows.filter(~gaps)["age"].to_list()
    assert set(filled.filter(rows["job"].is_null())["job"]) == {"clerk"}
    given = applied(Missing(constant=Constant({"age": -1, "job": "none"})), rows)
    assert set(given.filter(gaps)["age"]) == {-1.0} and "none" in set(given["job"])


def test_a_model_reads_the_other_columns() -> None:
    """Age tells a judge from the others, and a judge's age is about 50."""
    rows = table(2000)
    filled = applied(Missing(model=Model(["age", "job"], rounds=30)), rows)
    assert filled.null_count().row(0) == (0,) * filled.width
    judges = filled.filter((rows["age"] > 45) & rows["job"].is_null())["job"]
    assert judges.len() > 5 and set(judges) == {"judge"}
    ages = filled.filter((rows["job"] == "judge") & rows["age"].is_null())["age"]
    assert ages.len() > 3 and ages.is_between(45, 55).all()
    there = rows["age"].is_not_null()
    assert filled.filter(there)["age"].to_list() == rows.filter(there)["age"].to_list()


def test_models_see_columns_as_they_came() -> None:
    """Not what another of them has filled in: one alone says the same as among others."""
    rows = table()
    alone = applied(Missing(model=Model(["job"], rounds=10)), rows)
    both = applied(Missing(model=Model(["age", "job"], rounds=10)), rows)
    assert alone["job"].equals(both["job"])
