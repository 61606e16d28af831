"""The kinds of data: questions with answers, conversations, and tables."""

from dataclasses import dataclass, field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import MISSING, schema
from shipworthy.core.validation import one_of
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.duplicates.schema import Duplicates
from shipworthy.data.fitted.schema import Fitting
from shipworthy.data.gates.schema import Gates, gates_of_tables
from shipworthy.data.schema import Data


@dataclass
class Text(Data):
    """A question as text, and its answer.

    Attributes:
        text: the column that is checked for length and near-duplicates.
        context: further columns of the question.
        answer: the column that holds the answer.
        answers: the source's answer → the answer in the dataset, for each of them (empty: unchanged).
        min_words, max_words: length of `text` (words: runs of letters and digits or of emoji, single ideographs; with 0
            texts of signs alone, such as ???, are kept, too).
        refuse_literal: whether rows whose text contains the answer are rejected (ignoring case).
        one_answer: whether all rows of a question with several answers are rejected.
        duplicates: when two texts count as duplicates.
        contamination: how train is compared with the evaluation splits and with benchmarks.
    """

    text: str = MISSING
    context: list[str] = field(default_factory=list)
    answer: str = MISSING
    answers: dict[str, str] = field(default_factory=dict)
    min_words: int = 1
    max_words: int = 1000
    refuse_literal: bool = False
    one_answer: bool = True
    duplicates: Duplicates = field(default_factory=Duplicates)
    contamination: Contamination = field(default_factory=Contamination)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_words <= self.max_words:
            raise UsageError(f"data.min_words={self.min_words} and max_words={self.max_words}: need 0 ≤ min ≤ max.")
        if self.answer in (self.text, *self.context):
            raise UsageError(
                f"data.answer={self.answer} is part of the question, too (data.text, data.context), so that the model "
                "would be shown it: take it out there."
            )

    @property
    def needed(self) -> list[str]:
        """With the columns of the question and its answer."""
        return list(dict.fromkeys([self.text, *self.context, *super().needed, self.answer]))

    @property
    def has_jobs(self) -> bool:
        """Gates, or texts whose words are read and compared."""
        return super().has_jobs or self.duplicates.reads_words

    @property
    def keys(self) -> str:
        """With those of the question and its answer."""
        return "data.text, data.context, data.answer, data.id, data.split or data.mixing"


@schema("data", "records")
class Records(Text):
    """Your own questions and answers, one row each."""


@schema("data", "conversations")
class Conversations(Text):
    """Conversations of several turns, one per row, whose last message, the assistant's, is the answer.

    All messages before it but the system message make up the column `asked`, the text that is checked and compared.
    Cleaners act on every message and on the arguments of calls; where they name columns, it is that of the
    conversations.

    Attributes:
        messages: the column of the conversations, lists of messages as in Hugging Face's chat format (role, content,
            tool_calls); the task names it too.
        tools: the column of the functions that the assistant may call (empty: none).
    """

    messages: str = "messages"
    tools: str = ""
    text: str = "asked"
    answer: str = "answer"
    max_words: int = 100_000
    one_answer: bool = False
    clean: Cleaning = field(default_factory=lambda: Cleaning(unicode=None))

    made: ClassVar[tuple[str, str]] = ("asked", "answer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.text, self.answer) != self.made:
            raise UsageError("data.text and data.answer are made of the conversation: leave them as they are.")
        if self.clean.truncate:
            raise UsageError(
                "data.clean.truncate would cut answers in conversations: drop it; what is longer than task.max_length "
                "is left out."
            )

    @property
    def needed(self) -> list[str]:
        """The columns of the conversations, of which `asked` and `answer` are made."""
        tools = [self.tools] if self.tools else []
        rest = [name for name in super().needed if name not in (self.text, self.answer)]
        return list(dict.fromkeys([self.messages, *tools, *self.context, *rest]))

    @property
    def keys(self) -> str:
        """With those of the conversations."""
        return "data.messages, data.tools, data.context, data.id, data.split or data.mixing"


@schema("data", "table")
class Table(Data):
    """A table of which one column is to be predicted from the others.

    Attributes:
        label: the column to predict.
        ignore: columns that the model does not see.
        missing: the strings that stand for a missing value.
        repeated: what becomes of rows that are equal in every feature and the label: keep (they are observations of
            their own, kept in one split) or drop (the first one stays); with an `id` only equal ids are one row.
        fitted: steps that are fitted on train and saved with the model: outliers, missing values, encodings.
    """

    label: str = MISSING
    ignore: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    repeated: str = "keep"
    gates: Gates = field(default_factory=gates_of_tables)
    fitted: Fitting = field(default_factory=Fitting)

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("data.repeated", self.repeated, ("keep", "drop"))
        if self.id and self.repeated == "drop":
            raise UsageError(
                f"data.repeated=drop has no effect with data.id={self.id}, for with an id only equal ids are one "
                "row: drop one of the two."
            )

    @property
    def needed(self) -> list[str]:
        """With the label."""
        return list(dict.fromkeys([self.label, *(name for name in super().needed if name != "answer")]))

    @property
    def named(self) -> list[str]:
        """With what is ignored."""
        return list(dict.fromkeys([*self.needed, *self.ignore]))

    def uses(self, name: str) -> bool:
        """Every column is a feature, but what is ignored."""
        return name in self.needed or name not in self.ignore

    def measures(self, name: str) -> bool:
        """Features may; the label and ids stay what is in the file."""
        return name == self.split.time or name not in (self.label, self.id, *self.ignore)

    @property
    def measures_any(self) -> bool:
        """Features may."""
        return True

    @property
    def markers(self) -> list[str]:
        """Those of `missing`."""
        return self.missing

    @property
    def keys(self) -> str:
        """With that of the label."""
        return "data.label, data.id, data.ignore, data.split or data.mixing"
