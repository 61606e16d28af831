"""The questions by which a package is proved: rows whose answers the source model and the variant agree on."""

from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import scores
from shipworthy.models import build, parquet
from shipworthy.models.dataset import split
from shipworthy.models.documents import chosen, chunks, documents, predict
from shipworthy.models.protocol import Prediction
from shipworthy.models.transform.transformation import raw_validation
from shipworthy.optimize.package.build import Contents, Subject

QUESTIONS = 3


def questions(subject: Subject, contents: Contents) -> list[dict[str, Any]]:
    """Three documents of validation with the source model's answers, the best first.

    Returns:
        Entries {"id", "row", "expected", "interval", "right"}: `interval` is [low, high] of a number that has one, else
        None; `right` None where no answer is right or wrong; a row is as it comes in service, before anything is
        transformed or divided. Of answers that are as good, those to texts that are divided come first, for more is to
        be proved of them.

    Raises:
        ShipworthyError: source model and variant agree on fewer than three of the rows that both were asked.
    """
    variant = subject.chosen["name"]
    asked = parquet.read(subject.artifacts["compressed"].file(f"predictions/{variant}.validation.parquet"))
    dataset = subject.artifacts["dataset"]
    rows = chosen(split(dataset, "validation"), asked["id"])
    source = predict(build.load(subject.artifacts["checkpoint"].path), rows.drop("answer"))
    raw = raw_validation(dataset).select("id", *contents.columns)
    answered = asked.select("id", "prediction").with_columns(documents(rows)["answer"])
    answered = answered.join(raw, on="id", how="left", maintain_order="left")
    divided = [len(own) > 1 for own in chunks(rows)]
    order = sorted(range(len(divided)), key=lambda i: not divided[i])
    return select(subject, answered[order], [source[i] for i in order])


def select(subject: Subject, rows: pl.DataFrame, source: "list[Prediction] | Any") -> list[dict[str, Any]]:
    """The same, of answers that are there already; `rows` has id, prediction (the variant's), answer and columns."""
    task, answers = subject.task, rows["answer"].to_list()
    right = scores.correct(task, source, answers)
    good = scores.goodness(task.usual, task, source, answers)
    found = [
        {
            "id": row.pop("id"),
            "expected": answer.text,
            "interval": None if answer.low is None else [answer.low, answer.high],
            "right": None if right is None else bool(right[place]),
            "said": row.pop("prediction"),
            "row": row,
        }
        for place, (row, answer) in enumerate(zip(rows.drop("answer").to_dicts(), source, strict=True))
    ]
    best = sorted(range(len(found)), key=lambda place: -good[place])
    agreed = [question for question in (found[place] for place in best) if question.pop("said") == question["expected"]]
    if len(agreed) < QUESTIONS:
        raise ShipworthyError(
            f"The variant {subject.chosen['name']} answers {len(agreed)} of {len(found)} validation questions as the "
            f"source model does, fewer than the {QUESTIONS} that prove a package: compress it less (quant)."
        )
    return agreed[:QUESTIONS]
