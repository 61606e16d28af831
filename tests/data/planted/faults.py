"""Kinds of fault, each planted into a sound table, with what must name it.

To add one: a function that takes the table and gives it back spoiled, and `@fault(WHERE, SAYS)`: WHERE is a gate, or
the reason for which cleaning rejects rows; SAYS is a pattern of what it must say.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from shipworthy.data.hash_sampling import hash_uniform

Plant = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Fault:
    """What is planted, and what must say so."""

    plant: Plant
    where: str
    says: str


FAULTS: dict[str, Fault] = {}


def fault(where: str, says: str) -> Callable[[Plant], Plant]:
    """Adds a kind of fault, by the name of its function."""

    def add(plant: Plant) -> Plant:
        FAULTS[plant.__name__] = Fault(plant, where, says)
        return plant

    return add


def some(rows: pl.DataFrame, share: float, salt: str = "planted") -> pl.Series:
    """Which rows are hit: always the same ones."""
    return pl.Series(hash_uniform(rows["id"], salt)) < share


def put(rows: pl.DataFrame, column: str, hit: pl.Series, value: pl.Expr) -> pl.DataFrame:
    """The table with another value in the rows that are hit."""
    return rows.with_columns(pl.when(hit).then(value).otherwise(pl.col(column)).alias(column))


def text(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    """The table with this occupation in 1% of its rows."""
    return put(rows, "occupation", some(rows, 0.01), pl.lit(value))


@fault("labels", r"of the labels look wrong")
def swapped_labels(rows: pl.DataFrame) -> pl.DataFrame:
    return put(rows, "answer", some(rows, 0.15), pl.when(answer=">50K").then(pl.lit("<=50K")).otherwise(pl.lit(">50K")))


@fault("contradictions", r"near-duplicate with another answer")
def contradictions(rows: pl.DataFrame) -> pl.DataFrame:
    twins = rows.filter(some(rows, 0.03)).with_columns(
        pl.col("id") + "-twin",
        answer=pl.when(answer=">50K").then(pl.lit("<=50K")).otherwise(pl.lit(">50K")),
    )
    return pl.concat([rows, twins])


@fault("drift", r"^age has drifted: ")
def drifted_column(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("age") + 12)


@fault("drift", r"separates the two sets")
def drifted_population(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter((pl.col("hours-per-week") > 40) | some(rows, 0.2))


@fault("table", r"^age is not dtype\('Int64'\)")
def changed_type(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.format("{} years", "age").alias("age"))


@fault("table", r"^there is no column age")
def renamed_column(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.rename({"age": "years"})


@fault("table", r"^age is not at most 120 in .*'39\d\d'|^age is not at most 120")
def out_of_range(rows: pl.DataFrame) -> pl.DataFrame:
    return put(rows, "age", some(rows, 0.002), pl.lit(999))


@fault("table", r"^gender is not one of Female, Male in .* such as 'F\.'")
def other_spelling(rows: pl.DataFrame) -> pl.DataFrame:
    return put(rows, "gender", some(rows, 0.01), pl.lit("F."))


@fault("unseen", r"of test has a occupation that train lacks, such as 'Astronaut'")
def unseen_category(rows: pl.DataFrame) -> pl.DataFrame:
    return put(rows, "occupation", some(rows, 0.05) & (rows["split"] == "test"), pl.lit("Astronaut"))


@fault("missing", r"^hours-per-week is missing in 6\d\.\d% of the rows")
def missing_share(rows: pl.DataFrame) -> pl.DataFrame:
    return put(rows, "hours-per-week", some(rows, 0.65), pl.lit(None))


@fault("missing_runs", r"^hours-per-week is missing in 3\d rows one after another")
def missing_burst(rows: pl.DataFrame) -> pl.DataFrame:
    place = pl.Series(range(rows.height))
    return put(rows, "hours-per-week", place.is_between(500, 529) | some(rows, 0.02), pl.lit(None))


@fault("constant", r"^gender is 'Male' in every row of train")
def constant_column(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(gender=pl.lit("Male"))


@fault("leak", r"^tax alone predicts the answer with an AUC of (0\.99|1\.0)")
def target_leak(rows: pl.DataFrame) -> pl.DataFrame:
    noise = pl.Series(hash_uniform(rows["id"], "tax")) * 100
    return rows.with_columns(tax=pl.when(answer=">50K").then(90 + noise).otherwise(noise))


@fault("ids", r"ids are in several rows")
def duplicated_ids(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(id=pl.when(some(rows, 0.01)).then(pl.col("id").shift(1)).otherwise("id").fill_null("0"))


@fault("balance", r"of train is >50K, less than 1\.00%")
def vanished_class(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter((pl.col("answer") != ">50K") | some(rows, 0.01))


@fault("damaged encoding", r"^occupation holds UTF-8 that was read as another encoding: 'Geschäft|: '.*Ã¤")
def mojibake(rows: pl.DataFrame) -> pl.DataFrame:
    return text(rows, "GeschÃ¤ftsführer")


@fault("damaged encoding", r"^occupation holds a character that was lost")
def lost_characters(rows: pl.DataFrame) -> pl.DataFrame:
    return text(rows, "Gesch\ufffdftsführer")


@fault("personal data", r"of the kind email")
def an_address(rows: pl.DataFrame) -> pl.DataFrame:
    return text(rows, "Sales (ann.lee@example.org)")


@fault("personal data", r"of the kind iban")
def an_account(rows: pl.DataFrame) -> pl.DataFrame:
    return text(rows, "paid to DE89 3704 0044 0532 0130 00")


@fault("language", r"^occupation is in de with probability")
def another_language(rows: pl.DataFrame) -> pl.DataFrame:
    return text(rows, "Geschäftsführer einer kleinen Firma für Gartenbau und Landschaftspflege")


@fault("length", r"^occupation has \d+ characters, not 0 to 100")
def a_whole_page(rows: pl.DataFrame) -> pl.DataFrame:
    return text(rows, "sales " * 100)
