"""A short text in, a short text out."""

from dataclasses import field
from typing import Any, ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import SCHEMAS, schema
from shipworthy.core.validation import one_of
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.prompt_checks import checked

OVERLAP = 32
"""About a sentence and a half (tokens)."""


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
                raise UsageError(f"task.{name} has no effect with task.too_long={self.too_long}: set {instead}.")
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
