from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.majority.schema import Majority
from shipworthy.models.nearest.family import create
from shipworthy.models.nearest.schema import Nearest
from tests.models import samples

CONFIG = Nearest(template="{service}: {description}")


def test_a_near_copy_gets_the_answer_of_its_original(tmp_path: Path) -> None:
    train = samples.operations()
    model = create(CONFIG)
    model.fit(train, train, 0)
    asked = train.drop("answer").with_columns(pl.col("description").str.replace(r"\.$", " right now."))
    assert [p.text for p in model.predict(asked)] == train["answer"].to_list()
    samples.saved_and_loaded(CONFIG, model, asked, tmp_path)


def test_a_template_with_an_unknown_column_gets_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"task.prompt names \{title\}, which is none of the columns id, "):
        create(Nearest(template="{title}")).fit(samples.operations(), samples.operations(), 0)


def test_as_a_baseline_it_compares_the_tasks_prompt_and_refuses_tables() -> None:
    text = TextToText(name="t", description="d", baselines=["nearest"], prompt="{a} of {b}")
    assert Nearest.as_baseline(Majority(), text) == Nearest(template="{a} of {b}")
    with pytest.raises(UsageError, match="drop it from task.baselines"):
        Nearest.as_baseline(Majority(), Classification(name="t", description="d", baselines=["nearest"]))


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.operations())
