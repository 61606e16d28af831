"""The task: the problem, its metric, its baselines and the success criteria."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, SCHEMAS, schema
from shipworthy.core.validation import one_of
from shipworthy.evaluation.tasks.metric_names import check_suits, needs, no_threshold
from shipworthy.models.prompt_checks import checked

MOST_LIKELY, THRESHOLD = "most_likely", "threshold"
"""How probabilities become an answer."""
OVERLAP = 32
"""About a sentence and a half (tokens)."""


@dataclass
class Criteria:
    """When the result is good enough to ship; written into the plan before anything is trained.

    Attributes:
        margin: by how much the metric must beat the best baseline, in the metric's unit (0.02 of a share are two
            points); of a metric in a unit of its own, such as an error in euros, as a share of the baseline's value.
        alpha: significance level of the paired test against the best baseline.
        noninferiority_margin: how much a compressed model may lose, in the same way.
        tolerate_loss: whether a compressed model may go on that is significantly worse, by less than that margin.
        max_p95_s: 95th percentile of the serving latency of one request (seconds).
        max_size_mb: size of the served weights (megabytes, 10^6 bytes).
        max_memory_mb: memory of the serving process (megabytes).
    """

    margin: float = 0.02
    alpha: float = 0.01
    noninferiority_margin: float = 0.03
    tolerate_loss: bool = False
    max_p95_s: float = 2.0
    max_size_mb: float = 200.0
    max_memory_mb: float = 1000.0

    def __post_init__(self) -> None:
        """Refuses what is not a share or not a limit."""
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
        read = {setting for name in self.measured for setting in needs(name)}
        if idle := [setting for setting in self.for_metrics if getattr(self, setting) and setting not in read]:
            raise UsageError(f"task.{idle[0]} has no effect, for no metric of the task reads it: leave it out.")
        if not self.baselines:
            raise UsageError("task.baselines is empty: name at least one model to beat, e.g. [majority].")
        if len(set(self.baselines)) < len(self.baselines):
            raise UsageError("task.baselines names a model twice: name each once.")

    def labels(self, answer: str) -> set[str]:
        """The classes or labels that an answer names."""
        return {answer}

    @property
    def measured(self) -> list[str]:
        """The names of all metrics of a candidate, the deciding one first."""
        return list(dict.fromkeys([self.metric, self.usual, *self.metrics]))


@schema("task", "text_to_text")
class TextToText(Task):
    """A short text in, a short text out; right if it is the same string.

    Attributes:
        system: the system message (empty: none is given, and the template may add its own).
        prompt: the user message; {column} stands for a column of the dataset, {{ and }} for braces.
        messages: instead of a prompt, the column of conversations: JSON text, a list of messages with role, content,
            tool_calls as in Hugging Face's chat format; `system` goes to those that have none.
        tools: the column of the functions that the assistant may call, JSON text (empty: none).
        turns: which of the assistant's turns train teaches: the last, or all; the other splits ask for the last.
        max_length: the longest row, prompt and answer together (tokens).
        too_long: what becomes of a longer row: reject (it is left out), truncate (the text in its prompt is cut, in
            every split and in service alike, so that `max_new_tokens` are left for an answer; answers are never cut),
            or chunk (the text is divided in the same way into chunks, each a row with the document's answer; what is
            scored is a document, by the answer that most of its chunks give).
        cut: the column of the prompt whose text is cut or divided (empty: its only one).
        keep: of a text that is truncated the start, the end, or both, with … between them.
        overlap: what two neighbouring chunks share at most (tokens).
        max_new_tokens: the longest answer that is generated (tokens).
        shots: examples in the prompt of the few-shot baseline.
        schema: a JSON Schema of the answers, for the metric `json_schema` (empty: none).
    """

    metric: str = "exact_match"
    system: str = ""
    prompt: str = ""
    messages: str = ""
    tools: str = ""
    turns: str = "last"
    max_length: int = 128
    too_long: str = "reject"
    cut: str = ""
    keep: str = "start"
    overlap: int = OVERLAP
    max_new_tokens: int = 24
    shots: int = 8
    schema: dict[str, Any] = field(default_factory=dict)

    usual: ClassVar[str] = "exact_match"
    for_metrics: ClassVar[tuple[str, ...]] = ("schema",)

    def __post_init__(self) -> None:
        """Refuses lengths and numbers below one, and settings that have no effect."""
        super().__post_init__()
        if bool(self.prompt) == bool(self.messages):
            raise UsageError("task.prompt and task.messages: set exactly one, the other stays empty.")
        if self.prompt:
            checked("task.prompt", self.prompt)
        if self.turns not in ("last", "all"):
            raise UsageError(f"task.turns={self.turns}: choose last or all.")
        if self.messages and (reading := [name for name in self.baselines if _reads_prompt(name)]):
            raise UsageError(
                f"task.baselines names {reading[0]}, which fills in task.prompt: for conversations choose majority or "
                "zero_shot."
            )
        if not self.messages and (self.tools or self.turns != "last"):
            raise UsageError("task.tools and task.turns speak of conversations: set task.messages, or leave them.")
        for name in ("max_length", "max_new_tokens", "shots"):
            if getattr(self, name) < 1:
                raise UsageError(f"task.{name}={getattr(self, name)} is not a number from 1: give 1 or more.")
        self._check_cut()
        if self.schema:
            self._check_schema()

    def _check_schema(self) -> None:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import validator_for

        try:
            validator_for(self.schema).check_schema(self.schema)
        except SchemaError as error:
            raise UsageError(
                f"task.schema is no JSON Schema at {error.json_path}: {error.message}; correct it."
            ) from error

    def _check_cut(self) -> None:
        one_of("task.too_long", self.too_long, ("reject", "truncate", "chunk"))
        one_of("task.keep", self.keep, ("start", "end", "both"))
        without = {"reject": ("cut", "keep", "overlap"), "truncate": ("overlap",), "chunk": ("keep",)}[self.too_long]
        for name in without:
            if getattr(self, name) != getattr(TextToText, name):
                instead = {"cut": "truncate or chunk", "keep": "truncate", "overlap": "chunk"}[name]
                raise UsageError(f"task.{name} has no effect beside task.too_long={self.too_long}: set {instead}.")
        if self.too_long == "reject":
            return
        if self.messages:
            raise UsageError(
                f"task.too_long={self.too_long}: conversations are never cut, for they hold answers: drop it."
            )
        names = checked("task.prompt", self.prompt).columns
        if self.cut not in names and (self.cut or len(names) > 1):
            raise UsageError(f"task.cut={self.cut}: name the column of task.prompt that is cut, of {', '.join(names)}.")
        if self.max_length <= self.max_new_tokens:
            raise UsageError(
                f"task.max_length={self.max_length} leaves no room for a prompt beside task.max_new_tokens="
                f"{self.max_new_tokens}: raise it."
            )
        room = self.max_length - self.max_new_tokens
        if self.too_long == "chunk" and not 0 <= self.overlap < room:
            raise UsageError(
                f"task.overlap={self.overlap} is not from 0 to less than the {room} tokens that task.max_length="
                f"{self.max_length} leaves to a question: change one of them."
            )

    @property
    def cuts(self) -> dict[str, Any] | None:
        """How texts are cut (see models/causal_lm/fit.py): column, keep or overlap, most; None: nothing is cut."""
        if self.too_long == "reject":
            return None
        column = self.cut or checked("task.prompt", self.prompt).columns[0]
        most = self.max_length - self.max_new_tokens
        if self.too_long == "chunk":
            return {"column": column, "overlap": self.overlap, "most": most}
        return {"column": column, "keep": self.keep, "most": most}


def _reads_prompt(baseline: str) -> bool:
    family = SCHEMAS.get("model", {}).get(baseline)
    return family is not None and issubclass(family, ModelConfig) and family.reads_prompt


@schema("task", "classification")
class Classification(Task):
    """Columns in, one of two or more classes out.

    Attributes:
        positive: the class that precision, recall and the areas under curves are of (empty: none).
        costs: answer → prediction → what it costs, from 0, in a unit of your choice; for the metric `cost`. Each class
            is named, and each wrong prediction of it; a right one costs nothing unless it is named, too.
        decision: how the trained model's probabilities become an answer: most_likely (the most likely class), or, of
            two classes, threshold (`positive` from a probability on that is chosen on validation, the best by
            `metric`). Baselines answer with the most likely class. What is chosen on validation looks a little too good
            there; test shows what it is worth.
    """

    metric: str = "accuracy"
    positive: str = ""
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    decision: str = MOST_LIKELY

    usual: ClassVar[str] = "accuracy"
    for_metrics: ClassVar[tuple[str, ...]] = ("costs",)

    def __post_init__(self) -> None:
        """Refuses costs that are not whole, and a threshold that cannot be chosen."""
        super().__post_init__()
        self._check_decision()
        classes = dict.fromkeys([*self.costs, *(name for row in self.costs.values() for name in row)])
        for answer in classes:
            if missing := [name for name in classes if name != answer and name not in self.costs.get(answer, {})]:
                raise UsageError(
                    f"task.costs does not say what it costs to call '{answer}' '{missing[0]}': add "
                    f"'{answer}: {{{missing[0]}: …}}'."
                )

    def _check_decision(self) -> None:
        one_of("task.decision", self.decision, (MOST_LIKELY, THRESHOLD))
        if self.decision == MOST_LIKELY:
            return
        if not self.positive:
            raise UsageError(
                "task.decision=threshold needs task.positive, the class that it is a threshold of: set it."
            )
        if why := no_threshold(self.metric):
            raise UsageError(
                f"task.decision=threshold has no use beside task.metric={self.metric}, for {why}: leave it out, or "
                "decide by another metric, such as f1 or cost."
            )

    @property
    def measured(self) -> list[str]:
        """With the area under the curve, where there is a positive class."""
        return [*super().measured, *(["auc"] if self.positive else [])]


@schema("task", "regression")
class Regression(Task):
    """Columns in, a number out.

    The answer of a row is its label as text, as it stands in the file; what a spreadsheet shows (`1,234.50 €`) is
    written plainly. Rows whose label is no number are left out.
    """

    metric: str = "mae"

    usual: ClassVar[str] = "mae"
    numeric: ClassVar[bool] = True


@schema("task", "multi_label")
class MultiLabel(Task):
    """Columns in, none, one or several labels out.

    The answer of a row is a JSON list of its labels, sorted and each once (models/label_lists.py); in the file it is a
    list, or text whose labels stand apart by `data.separator`.
    """

    metric: str = "micro_f1"

    usual: ClassVar[str] = "subset_accuracy"

    def labels(self, answer: str) -> set[str]:
        """Those of the list."""
        return set(json.loads(answer))
