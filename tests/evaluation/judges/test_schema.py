"""What no judge could do is refused when the config is read."""

from typing import Any

import pytest

from shipworthy.config.compose import compose
from shipworthy.core.errors import UsageError
from shipworthy.evaluation.judges.schema import Asked, Local, OpenAI
from shipworthy.evaluation.tasks.schema import Criteria


@pytest.mark.parametrize(
    ("cls", "settings", "said"),
    [
        (OpenAI, {"modes": []}, "name pairwise, rubric, or both"),
        (OpenAI, {"modes": ["pairs"]}, "name pairwise, rubric, or both"),
        (OpenAI, {"modes": ["rubric", "rubric"]}, "each once"),
        (OpenAI, {"draws": 3}, "asks for the same answer again and again: set a temperature"),
        (OpenAI, {"draws": 0}, "judge.draws=0"),
        (OpenAI, {"rows": -1}, "judge.rows=-1"),
        (OpenAI, {"url": "localhost:8000"}, "judge.url=localhost:8000 is no address"),
        (OpenAI, {"model": ""}, "judge.model is empty"),
        (OpenAI, {"api_key_variable": "abc-123 secret"}, "no name of an environment variable"),
        (OpenAI, {"most_requests": 0}, "set no limit to what judging may cost"),
        (OpenAI, {"most_money": 2.0}, "can't be kept without prices"),
        (OpenAI, {"price_in": -1.0}, "judge.price_in=-1.0"),
        (OpenAI, {"timeout_s": 0.0}, "judge.timeout_s=0.0"),
        (OpenAI, {"prompt": "/tmp/mine.md"}, "judge.prompt=/tmp/mine.md is not in the project"),
        (OpenAI, {"labels": "../labels.csv"}, "judge.labels=../labels.csv is not in the project"),
        (Local, {"gguf": "weights.bin"}, "does not end in .gguf"),
        (Local, {"engine": "in_process"}, "serves no judge"),
        (Local, {"context_tokens": 200}, "judge.context_tokens=200: give a number above 256"),
    ],
)
def test_settings_that_make_no_judge_are_refused(cls: type[Asked], settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        cls(**settings)
    assert said in str(refused.value) and "secret" not in str(refused.value)


def test_more_parameters_are_added_and_taken_out() -> None:
    assert Asked(max_tokens=9).parameters == {"temperature": 0.0, "max_tokens": 9}
    more = {"max_tokens": None, "max_completion_tokens": 50, "top_p": 0.9}
    assert Asked(more=more).parameters == {"temperature": 0.0, "max_completion_tokens": 50, "top_p": 0.9}


def test_a_judge_is_for_texts_and_a_criterion_of_a_judge_needs_one() -> None:
    assert compose(["judge=openai", "task.criteria.judge=also"]).judge.kind == "openai"
    with pytest.raises(UsageError, match=r"judge 'openai' needs task to be text_to_text, not 'classification'"):
        compose(["experiment=adult_xgboost", "judge=openai"])
    with pytest.raises(
        UsageError, match=r"task.criteria.judge=alone needs a judge: choose judge=openai or judge=local"
    ):
        compose(["task.criteria.judge=alone"])
    with pytest.raises(UsageError, match=r"task.criteria.judge=maybe: choose one of none, also, alone"):
        Criteria(judge="maybe")
