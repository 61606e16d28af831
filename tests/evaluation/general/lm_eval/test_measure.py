"""Two models' answers side by side: the same documents from the same tokens, or none of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shipworthy.config.compose import compose
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.evaluation.general.lm_eval.measure import check_asked_the_same, inputs, scores, table
from shipworthy.evaluation.general.lm_eval.schema import LmEval
from shipworthy.execution.current import Inputs
from tests.conftest import ROOT
from tests.evaluation.general.made import line

BASE = [line("qa", {"acc": [1, 0, 1, 1], "ppl": [None] * 4}, {"ppl": 9.0}), line("copy", {"exact_match": [1, 1]})]
TUNED = [line("qa", {"acc": [0, 0, 1, 0], "ppl": [None] * 4}, {"ppl": 12.0}), line("copy", {"exact_match": [1, 0]})]


def test_each_metric_of_each_task_is_a_score() -> None:
    found = {(one.task, one.metric): one for one in scores(BASE, TUNED)}
    assert list(found) == [("qa", "acc"), ("qa", "ppl"), ("copy", "exact_match")]
    acc, ppl = found["qa", "acc"], found["qa", "ppl"]
    assert (acc.base.tolist(), acc.tuned.tolist()) == ([1, 0, 1, 1], [0, 0, 1, 0])
    assert (acc.value_of_base, acc.value_of_tuned, acc.why_untested) == (0.75, 0.25, "")
    assert np.isnan(ppl.base).all() and (ppl.value_of_base, ppl.value_of_tuned) == (9.0, 12.0) and ppl.why_untested


def test_every_document_is_in_the_table() -> None:
    found = table(BASE, TUNED)
    assert found.height == 10 and found.columns[:5] == ["task", "doc", "hash", "tokens", "filter"]
    assert found.filter(task="qa", metric="acc")["tuned"].to_list() == [0, 0, 1, 0]
    assert found.filter(metric="ppl")["base"].null_count() == 4


@pytest.mark.parametrize(
    ("tuned", "said"),
    [
        (line("qa", {"acc": [1, 0, 1]}), "from document 3 on the document differs"),
        (line("qa", {"acc": [1, 0, 1, 1]}, tokens="other"), "from document 0 on the tokens differs"),
        (line("qa", {"acc": [1, 0, 1, 1]}, hash="other"), "from document 0 on the content differs"),
        (line("qa", {"acc": [1, 0, 1, 1]}, filter="strict"), "from document 0 on the filter differs"),
    ],
)
def test_answers_to_something_else_are_no_pairs(tuned: dict[str, Any], said: str) -> None:
    with pytest.raises(ShipworthyError, match=f"task qa did not ask .* the same: {said}"):
        check_asked_the_same([line("qa", {"acc": [1, 0, 1, 1]})], [tuned])


def test_another_part_of_a_group_is_refused() -> None:
    other = {**line("qa", {"acc": [1]}), "parts": {}}
    with pytest.raises(ShipworthyError, match="task qa has not the same parts"):
        check_asked_the_same([line("qa", {"acc": [1]})], [other])


def test_the_files_of_the_tasks_are_an_input_that_pipeline_finds_again(tmp_path: Path) -> None:
    config = LmEval(tasks=["which_service"], include_path="extensions/operation_naming/benchmarks")
    ((name, digest),) = inputs(config).items()
    assert digest and Inputs(tmp_path, ROOT).digest(name) == digest
    with pytest.raises(UsageError, match=r"include_path=nowhere: there is no such folder"):
        inputs(LmEval(tasks=["a"], include_path="nowhere"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tasks": []}, "name at least one task"),
        ({"tasks": ["a", "a"]}, "each once"),
        ({"include_path": ""}, "name the folder"),
        ({"margin": 0.0}, "general.margin=0.0"),
        ({"batch_size": 0}, "general.batch_size=0"),
        ({"dtype": "int8"}, "general.dtype=int8: choose one of float32"),
    ],
)
def test_what_it_can_not_do_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        LmEval(**{"tasks": ["a"], "include_path": "benchmarks", **settings})


def test_only_language_models_are_asked() -> None:
    assert compose(["experiment=smoke", "general=operation_naming"]).general.kind == "lm_eval"
    with pytest.raises(UsageError, match="general 'lm_eval' needs model to be causal_lm or decoder, not 'xgboost'"):
        compose(["experiment=adult_xgboost", "general=operation_naming"])
