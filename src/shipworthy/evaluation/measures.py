"""What a judge, a harness or a suite of questions says, as metrics: claims and figures treat it as any.

No task decides by it.

They are not in metrics/, for they don't follow from predictions and answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # the list of runs must not wait for them
    from numpy.typing import NDArray

PREFERENCE, SCORE, AGREEMENT = "judge_preference", "judge_score", "judge_agreement"
DOCUMENT = "document score"
GENERAL_ANSWERS, GENERAL_LOSS = "general_answers", "general_loss"


@dataclass
class Measure:
    """A number by row, as a module of metrics/ would declare it (see metric.Metric)."""

    TITLE: str
    UNIT: Literal["share", "score", "number"]
    LIBRARY: str
    MIND: str
    GREATER_IS_BETTER: bool = True
    KIND: Literal["right", "mean", "whole"] = "mean"
    TASKS: tuple[str, ...] = ()

    def score(self, task: Any, predictions: Any, answers: Any) -> None:
        """None: predictions alone lack what it takes."""

    def statistic(self, rows: "NDArray[Any]", counts: "NDArray[Any]") -> "NDArray[Any]":
        """The mean of rows counted so often, shape (b,)."""
        means: NDArray[Any] = counts @ rows / counts.sum(axis=1)
        return means


MEASURES: Mapping[str, Measure] = {
    PREFERENCE: Measure(
        "preferred by the judge",
        "share",
        "Zheng et al. 2023, Judging LLM-as-a-Judge, section 3.4: asked in both orders, a tie unless both agree",
        "It is a language model's opinion: see how far it agrees with people.",
    ),
    SCORE: Measure(
        "judge's score, from 1 to 5",
        "number",
        "Zheng et al. 2023, Judging LLM-as-a-Judge, section 3.1: single answer grading",
        "It is a language model's opinion: see how far it agrees with people.",
    ),
    DOCUMENT: Measure(
        "document score",
        "share",
        "EleutherAI's lm-evaluation-harness: a task's own score of a document",
        "Its own name is next to it.",
    ),
    GENERAL_ANSWERS: Measure(
        "general questions answered rightly",
        "share",
        "train/general/checks.py",
        "A small model answers many wrongly before any training, which can't be lost then.",
        KIND="right",
    ),
    GENERAL_LOSS: Measure(
        "loss on the answers to general questions",
        "number",
        "mean cross-entropy of an answer's tokens, in nats",
        "It also rises where a model only took on another manner.",
        GREATER_IS_BETTER=False,
    ),
    AGREEMENT: Measure(
        "Cohen's kappa with people",
        "score",
        "sklearn.metrics.cohen_kappa_score",
        "Chance alone gives 0. Where nearly all rows have one label it is low though most agree.",
    ),
}
