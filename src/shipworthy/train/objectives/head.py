"""A head on a network: the class or the number of a text (Devlin et al. 2019, section 4).

Shapes: N rows, C classes.
"""

import math
from pathlib import Path
from typing import Any

import polars as pl
import torch
from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import say
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import rows as read
from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.losses import cost, losses
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.network import Head, load_with_head
from shipworthy.models.sequence_classifier.predict import predicted, scored
from shipworthy.models.sequence_classifier.schema import SequenceClassifier
from shipworthy.models.sequence_classifier.texts import Texts
from shipworthy.train.objectives.objective import Part
from shipworthy.train.request import Request

MOST_CLASSES = 10_000
"""With more distinct answers than these, a head is the wrong tool, and its memory large."""


class HeadObjective:
    """See `Objective`.

    Args:
        request: its model is a sequence classifier.

    Raises:
        UsageError: the task asks for text, and train has too many different ones to be classes.
    """

    chat = None

    def __init__(self, request: Request) -> None:
        model: Any = request.model
        self.folder, self.seed = base_folder(model), request.seed
        self.texts = Texts(model, self.folder)
        self.head = head_of(request.task, request.train)
        self.places = {name: place for place, name in enumerate(self.head.classes)}
        # Who says the mean of numbers is wrong by their variance, which is 1.
        self.guessing = math.log(len(self.places)) if self.places else 1.0
        if cut := self.texts.cut(request.train):
            say(
                f"of {cut:,} of {request.train.height:,} training texts the end is left out "
                f"(model.max_length={self.texts.max_length})"
            )

    def network(self, dtype: torch.dtype, quantizer: Quantizer | None = None) -> PreTrainedModel:
        """The network with its head; what the base lacks of it is drawn."""
        return load_with_head(self.folder, self.head, seed=self.seed, dtype=dtype, quantizer=quantizer)

    def rows(self, split: pl.DataFrame) -> list[Row]:
        """The tokens of each text, and its class or number."""
        found = zip(self.texts.ids(split), split["answer"], split["id"].cast(pl.String), strict=True)
        return [Row(ids, (self._target(answer),), id=name) for ids, answer, name in found]

    def losses(self, network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """The cross-entropy of each class (nats), or the squared error of each number (in variances of train)."""
        return losses(network, batch)

    def predict(self, network: PreTrainedModel, rows: pl.DataFrame) -> Part:
        """The most likely classes, or the numbers."""
        scores_NC = scored(network, self.texts.ids(rows))
        # A class that train lacks has no score: the metric counts it as wrong, the loss not at all.
        known = [place for place, answer in enumerate(rows["answer"]) if not self.places or answer in self.places]
        targets = torch.tensor([self._target(rows["answer"][place]) for place in known])
        loss_N = cost(scores_NC[known], targets)
        return Part(predicted(self.head, scores_NC), float(loss_N.double().sum()), len(known))

    def words(self, row: Row) -> dict[str, str]:
        """The text with the tokens that were added, and its class or number."""
        (target,) = row.answer
        answer = self.head.classes[int(target)] if self.places else f"{self.head.mean + self.head.deviation * target:g}"
        return {"prompt": self.texts.text(row.prompt), "answer": answer}

    def write(self, folder: Path) -> None:
        """What the scores mean."""
        self.head.write(folder)

    def _target(self, answer: str) -> float:
        if self.places:
            return self.places[answer]
        return (float(answer) - self.head.mean) / self.head.deviation


def head_of(task: Task, train: pl.DataFrame) -> Head:
    """What the scores of a task's head will mean: the classes of train, or its mean and standard deviation.

    Raises:
        ShipworthyError: train has one class only.
        UsageError: it has more classes than a head is for.
    """
    if task.numeric:
        numbers = train["answer"].cast(pl.Float64)
        mean, deviation = numbers.mean(), numbers.std(ddof=0)
        assert isinstance(mean, float) and isinstance(deviation, float)
        return Head((), mean, deviation or 1.0)
    classes = sorted(set(read.classes(train)))
    if len(classes) > MOST_CLASSES:
        raise UsageError(
            f"objective 'head' learns classes, and train has {len(classes):,} different answers: take a causal "
            "language model with objective=sft, which writes them."
        )
    return Head(tuple(classes))


def tokens(model: SequenceClassifier, split: pl.DataFrame) -> list[tuple[str, int]]:
    """Id and tokens of each row, its target counted as one."""
    found = Texts(model, base_folder(model)).ids(split)
    return [(name, len(ids) + 1) for name, ids in zip(split["id"].cast(pl.String), found, strict=True)]


def create(request: Request) -> HeadObjective:
    """The objective of a run."""
    return HeadObjective(request)
