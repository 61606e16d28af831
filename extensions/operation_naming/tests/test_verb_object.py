from pathlib import Path

import polars as pl
import pytest
from shipworthy.extensions.operation_naming.models.verb_object.family import create
from shipworthy.extensions.operation_naming.models.verb_object.schema import VerbObject

from shipworthy.config.compose import register
from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models import baselines
from shipworthy.models.majority.schema import Majority
from tests.models import samples

CONFIG = VerbObject(column="description")


def names(model: object, *sentences: str) -> list[str]:
    return [p.text for p in model.predict(pl.DataFrame({"description": sentences}))]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Deletes a component from an Amplify app.", "DeleteComponent"),
        ("Creates a new, empty repository.", "CreateEmptyRepository"),
        ("Applies the specified patch to a node.", "ApplyPatch"),
        ("Retrieves one or more of your aliases", "GetAliases"),
        ("Detaches a VPC endpoint: all at once.", "DetachVPCEndpoint"),
        ("Gets detailed information about the specified finding.", "GetFinding"),
        ("Searches.", "Search"),
        ("", ""),
    ],
)
def test_the_rule_alone(sentence: str, name: str) -> None:
    assert names(create(CONFIG), sentence) == [name]


def test_train_teaches_verbs_of_phrases_and_plurals(tmp_path: Path) -> None:
    train = samples.operations()
    model = create(CONFIG)
    assert names(model, "Returns a list of jobs.") == ["GetJobs"]
    model.fit(train, train, 0)
    asked = ["Returns a list of jobs.", "Returns information about a job.", "Deletes a job.", "Resumes jobs."]
    assert names(model, *asked) == ["ListJobs", "DescribeJob", "DeleteJob", "ResumeJobs"]
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


def test_what_was_seen_too_seldom_teaches_nothing() -> None:
    train = samples.operations()
    model = create(VerbObject(column="description", min_count=4))
    model.fit(train, train, 0)
    assert names(model, "Deletes a job.") == ["DeleteJob"]
    assert "deletes" not in model.verbs


def test_as_a_baseline_it_reads_the_prompts_last_column() -> None:
    task = TextToText(name="t", description="d", baselines=["nearest"], prompt="{service}: {summary}!")
    assert VerbObject.as_baseline(Majority(), task) == VerbObject(column="summary")
    task.prompt = "Say something."
    with pytest.raises(UsageError, match="names no column"):
        VerbObject.as_baseline(Majority(), task)


def test_it_is_made_by_its_name() -> None:
    register()
    task = TextToText(name="t", description="d", baselines=["verb_object"], prompt="{x}")
    assert baselines.as_baseline("verb_object", Majority(), task) == VerbObject(column="x")


def test_conversations_have_no_prompt_to_fill_in() -> None:
    register()
    with pytest.raises(UsageError, match="task.baselines names verb_object, which fills in task.prompt"):
        TextToText(name="t", description="d", baselines=["verb_object"], messages="m")


def test_a_missing_column_gets_a_sentence() -> None:
    with pytest.raises(ArtifactError, match="lack the column description"):
        create(CONFIG).predict(pl.DataFrame({"text": ["Deletes a job."]}))


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.operations())
