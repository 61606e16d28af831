import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.prompt_columns import check_prompts
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.majority.schema import Majority
from shipworthy.models.tfidf.schema import Tfidf

TEXT = Records(name="n", licence="l", file="a.csv", id="ticket", text="ticket.body", context=["plan"], answer="team")
TABLE = Table(name="n", licence="l", file="a.csv", id="ticket", label="team", ignore=["note"])
TYPES = dict.fromkeys(["ticket", "ticket.body", "plan", "team", "note"], "string")


def task(prompt: str) -> TextToText:
    return TextToText(name="t", description="d", baselines=["majority"], prompt=prompt)


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("{ticket.body} {team}", r"task.prompt names \{team\}, which holds the answer: take it out"),
        ("{ticket.body} {ticket}", r"names \{ticket\}, which identifies rows \(data.id\), and is no column"),
        ("{ticket.body} {note}", r"\{note\}, which is no column that a model is shown: .* list it in data.context"),
        ("{ticket.bdy}", r"\{ticket.bdy\}, which is none of .* did you mean \{ticket.body\}"),
        ("{ticket.body:>3}", r"\{ticket.body:>3\}, which is none of"),
        ("{0}", r"\{0\}, which is none of the columns ticket.body, plan: name one of them, or double"),
    ],
)
def test_a_prompt_names_only_what_the_data_config_shows(prompt: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_prompts(task(prompt), Majority(), TEXT, TYPES)


def test_what_is_shown_may_be_named() -> None:
    check_prompts(task("{ticket.body} {plan} {{team}}"), Majority(), TEXT, TYPES)
    told = Records(name="n", licence="l", file="a.csv", id="ticket", text="plan", context=["ticket"], answer="team")
    check_prompts(task("{ticket}{plan}"), Majority(), told, TYPES)
    check_prompts(task("{ticket.body}{plan}"), Majority(), TABLE, TYPES)
    check_prompts(Classification(name="t", description="d", baselines=["majority"]), Majority(), TABLE, TYPES)


def test_of_other_tasks_the_models_template_is_looked_at() -> None:
    several = MultiLabel(name="t", description="d", baselines=["frequent"])
    check_prompts(several, Tfidf(template="{plan}", objective="labels"), TEXT, TYPES)
    with pytest.raises(
        UsageError, match=r"model.template names \{text\}, which is none of the columns ticket.body, plan"
    ):
        check_prompts(several, Tfidf(template="{text}", objective="labels"), TEXT, TYPES)


def test_a_models_template_and_a_tables_hidden_columns_are_looked_at_too() -> None:
    with pytest.raises(UsageError, match=r"model.template names \{team\}, which holds the answer"):
        check_prompts(task("{plan}"), Tfidf(template="{team}"), TEXT, TYPES)
    for hidden in ("note", "ticket"):
        with pytest.raises(UsageError, match=r"take it out of data.ignore"):
            check_prompts(task(f"{{{hidden}}}"), Majority(), TABLE, TYPES)
