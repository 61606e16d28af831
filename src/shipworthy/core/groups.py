"""The base of each config group: the type of the field of the same name in the root config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from shipworthy.core.schema import MISSING, Schema


@dataclass
class TaskConfig(Schema):
    """What is to be learned, how it is measured, and when it is good enough."""

    @property
    def asks_judge(self) -> str:
        """The setting by which a judge has a say in the verdict; empty: there is none."""
        return ""


@dataclass
class DataConfig(Schema):
    """Which rows, from where, and how they are cleaned and split."""


@dataclass
class ModelConfig(Schema):
    """A family of models and its settings."""

    tasks: ClassVar[tuple[str, ...]] = ("classification", "text_to_text")  # the kinds of task that it may learn
    reads_words: ClassVar[bool] = False  # trained on texts as they are, without a tokenizer
    reads_prompt: ClassVar[bool] = False  # as a baseline it fills in `task.prompt`
    fits_itself: ClassVar[bool] = True  # in one call; else a trainer makes steps with it

    @property
    def learns(self) -> tuple[str, ...]:
        """Those of `tasks` that it learns as it is set."""
        return type(self).tasks


@dataclass
class AdapterConfig(Schema):
    """Which weights of a network are trained."""


@dataclass
class ObjectiveConfig(Schema):
    """What a network learns from rows.

    Attributes:
        writes: whether it learns to answer in words.
    """

    writes: ClassVar[bool] = False


@dataclass
class TrainerConfig(Schema):
    """How a model is trained: length, batches, devices, precision.

    Attributes:
        ignores: group → its usual kind: what the trainer does not read, so that another choice would have no effect.
    """

    ignores: ClassVar[Mapping[str, str]] = {}


@dataclass
class OptimizerConfig(Schema):
    """The rule of the weights' updates."""


@dataclass
class ScheduleConfig(Schema):
    """How the optimizer's rate changes over a training."""


@dataclass
class StrategyConfig(Schema):
    """How the processes of a training share its work and its memory."""


@dataclass
class GeneralConfig(Schema):
    """Which general benchmarks, none of the task's own rows, the trained model and its base are compared by.

    Attributes:
        watched: the path on which DVC's stage depends.
    """

    non_identity: ClassVar[tuple[str, ...]] = ("watched",)

    watched: str = MISSING


@dataclass
class JudgeConfig(Schema):
    """Which language model, if any, judges the answers of text tasks."""


@dataclass
class QuantConfig(Schema):
    """How the trained model is made smaller."""


@dataclass
class EngineConfig(Schema):
    """What serves the model."""


@dataclass
class TrackerConfig(Schema):
    """Where a run's metrics are recorded."""


@dataclass
class ComputeConfig(Schema):
    """The hardware and its price."""


@dataclass
class HpoConfig(Schema):
    """What a campaign varies, how it chooses, and what it may cost."""


@dataclass
class AblationConfig(Schema):
    """The decisions of a recipe that an ablation takes back, or adds, one by one."""


@dataclass
class NetworkConfig(Schema):
    """How the processes of a training talk to one another."""
