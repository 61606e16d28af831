"""What every task has: the metric that decides, the baselines, the success criteria. Each kind has its own folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import TaskConfig
from shipworthy.core.schema import MISSING
from shipworthy.core.validation import one_of
from shipworthy.evaluation.tasks.metric_names import check_suits, needs, no_decision


@dataclass
class Criteria:
    """When the result is good enough to ship; written into the plan before anything is trained.

    Attributes:
        margin: by how much the metric must beat the best baseline, in the metric's unit (0.02 of a share are two
            points); of a metric in a unit of its own, such as an error in euros, as a share of the baseline's value.
        alpha: significance level of the paired test against the best baseline.
        noninferiority_margin: how much a compressed model may lose, in the same way.
        judge: what a language model as judge (judge=…) has to say: none (it is reported, and decides nothing), also (it
            must find the model better than the best baseline, beside what the metric must show), or alone (instead).
        tolerate_loss: whether a compressed model may go on that is significantly worse, by less than that margin.
        max_p95_s: 95th percentile of the serving latency of one request (seconds).
        max_size_mb: size of the served weights (megabytes, 10^6 bytes).
        max_memory_mb: memory of the serving process (megabytes).
    """

    margin: float = 0.02
    alpha: float = 0.01
    noninferiority_margin: float = 0.03
    judge: str = "none"
    tolerate_loss: bool = False
    max_p95_s: float = 2.0
    max_size_mb: float = 200.0
    max_memory_mb: float = 1000.0

    def __post_init__(self) -> None:
        """Refuses what is not a share or not a limit."""
        one_of("task.criteria.judge", self.judge, ("none", "also", "alone"))
        for name, low in {"margin": -1e-12, "alpha": 0.0, "noninferiority_margin": 0.0}.items():
            if not low < getattr(self, name) < 0.5:
                raise UsageError(
                    f"task.criteria.{name}={getattr(self, name)} is not a share from 0 to 0.5: 0.01 means one in 100."
                )
        for name in ("max_p95_s", "max_size_mb", "max_memory_mb"):
            if getattr(self, name) <= 0:
                raise UsageError(f"task.criteria.{name}={getattr(self, name)} lets nothing pass: give more than 0.")


@dataclass
class Task(TaskConfig):
    """What every problem has.

    Attributes:
        name: a short name, used in reports.
        description: one sentence for the model card.
        metric: the metric that decides: a name in evaluation/metrics/ or in an extension's metrics/ (docs/metrics.md).
        metrics: further metrics for the report, of the same.
        slices: what every metric is told apart by: columns (each name, or ranges of a number), `length` (of the text,
            in characters), `language`.
        baselines: the models to beat, in the order of the report (folders of models/).
        criteria: when it is good enough.
    """

    name: str = MISSING
    description: str = MISSING
    metric: str = MISSING
    metrics: list[str] = field(default_factory=list)
    slices: list[str] = field(default_factory=list)
    baselines: list[str] = MISSING
    criteria: Criteria = field(default_factory=Criteria)

    kinds_in: ClassVar[Mapping[str, str]] = {"baselines": "model"}
    usual: ClassVar[str] = ""  # the metric that is always reported, and says how good single rows are
    numeric: ClassVar[bool] = False  # whether answers are numbers
    for_metrics: ClassVar[tuple[str, ...]] = ()  # settings that nothing but a metric reads

    def __post_init__(self) -> None:
        """Refuses a metric that the problem does not have, and a task without a bar."""
        for key, name in [("metric", self.metric), *(("metrics", name) for name in self.metrics)]:
            check_suits(f"task.{key}", name, type(self).kind)
            if missing := [setting for setting in needs(name) if not getattr(self, setting, None)]:
                raise UsageError(f"task.{key}={name} needs task.{missing[0]}: set it, or choose another metric.")
        if why := no_decision(self.metric):
            raise UsageError(
                f"task.metric={self.metric} cannot decide, for {why}: name it in task.metrics, and decide by another."
            )
        read = {setting for name in self.measured for setting in needs(name)}
        if idle := [setting for setting in self.for_metrics if getattr(self, setting) and setting not in read]:
            raise UsageError(f"task.{idle[0]} has no effect, for no metric of the task reads it: leave it out.")
        if not self.baselines:
            raise UsageError("task.baselines is empty: name at least one model to beat, e.g. [majority].")
        if len(set(self.baselines)) < len(self.baselines):
            raise UsageError("task.baselines names a model twice: name each once.")

    @property
    def asks_judge(self) -> str:
        """The setting by which a judge has a say in the verdict; empty: there is none."""
        return "" if self.criteria.judge == "none" else f"task.criteria.judge={self.criteria.judge}"

    def labels(self, answer: str) -> set[str]:
        """The classes or labels that an answer names."""
        return {answer}

    @property
    def measured(self) -> list[str]:
        """The names of all metrics of a candidate, the deciding one first."""
        return list(dict.fromkeys([self.metric, self.usual, *self.metrics]))
