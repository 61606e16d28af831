"""What a network learns from rows: the `objective` group."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.groups import ObjectiveConfig
from shipworthy.core.schema import schema


@schema("objective", "sft")
class SupervisedFineTuning(ObjectiveConfig):
    """Answers to prompts: each token of an answer is predicted from all before it, and nothing of a prompt is."""

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("causal_lm",)}
    writes: ClassVar[bool] = True


@schema("objective", "head")
class Head(ObjectiveConfig):
    """A class or a number for a text, by a head of the network's own.

    Classes are learned by their cross-entropy, numbers by the squared error in standard deviations of train.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("sequence_classifier",)}
