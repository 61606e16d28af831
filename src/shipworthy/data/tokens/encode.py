"""Rows as prompt tokens and answer tokens; the loss counts the answer tokens."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.tokens import rejections, template_checks
from shipworthy.data.tokens.rejections import IGNORED, Rejection
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.chat_format import ASSISTANT, MalformedError, Message
from shipworthy.models.causal_lm.conversation import (
    SYSTEM,
    Conversation,
    control_pattern,
    dumps,
    parse,
    turn_id,
)
from shipworthy.models.causal_lm.cut_rows import check_overlap, cut_rows
from shipworthy.models.causal_lm.questions import columns, questions

IDS = pl.List(pl.Int32)
ADDED: dict[str, pl.DataType] = {"prompt_ids": IDS, "answer_ids": IDS, "_reason": pl.String(), "_why": pl.String()}


@dataclass
class Example:
    """One training example: a prompt and its answer at one turn of a conversation.

    Attributes:
        row: the row's number in its batch.
        whole: the conversation up to the answer and, where later turns are trained too, beyond.
        turn: number of the message that is the answer.
        number: which of the row's examples it is, from 1 (0: the only one).
        prompt, answer: token ids.
        fault: why the row is rejected.
    """

    row: int
    whole: Conversation
    turn: int
    number: int = 0
    prompt: list[int] = field(default_factory=list)
    answer: list[int] = field(default_factory=list)
    rejection: Rejection | None = None

    @property
    def message(self) -> Message:
        """The answer."""
        return self.whole.messages[self.turn]


class Encoder:
    """Gives rows their `prompt_ids` and `answer_ids`, batch by batch; what a row gets depends on that row alone.

    Prompts are what the tokenizer's own `apply_chat_template` makes at inference. Answers are what follows them in
    the ids of the whole conversation, up to and with eos; where the whole does not begin with the prompt, token by
    token, the row is rejected. With `task.turns=all` a conversation of train gives one row per turn of the assistant
    that is taught (id, `#`, number of the turn), all with the prompt that the model has at that turn. With
    `task.too_long=chunk` a row gives one row per chunk of its text (id, `#`, number of the chunk; see
    models/documents.py).

    Args:
        task: its prompt or its conversations, its system message, and the longest row.
        chat: the model's tokenizer and template.

    Raises:
        ShipworthyError: the template cannot be trained with; see `template_checks.check_template`.
        UsageError: nothing new fits beside `task.overlap`.
    """

    def __init__(self, task: TextToText, chat: Chat) -> None:
        template_checks.check_template(task, chat)
        check_overlap(task, chat)
        self.task, self.chat = task, chat
        self._controls = control_pattern(chat.control_tokens)
        self._system = cache(self._system_dropped)

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with `prompt_ids`, `answer_ids`, and `_reason` and `_why` (null, or why a row is rejected).

        Args:
            rows: with id, and answer or conversations; a column `split` says which are train (without: all).

        Raises:
            UsageError: the task names a column that the rows lack.
        """
        made, place = cut_rows(self.task, self.chat, rows)
        examples = list(self._examples(made))
        self._encode([example for example in examples if not example.rejection])
        for example in examples:
            example.rejection = example.rejection or self._check(example)
        frame = self._frame(made, kept := self._reject_whole_rows(examples, place))
        return self._whole_where_rejected(frame, rows[[place[example.row] for example in kept]])

    def _examples(self, rows: pl.DataFrame) -> Iterator[Example]:
        if not self.task.messages:
            for i, (asked, answer) in enumerate(zip(questions(self.task, rows), rows["answer"], strict=True)):
                whole = Conversation([*asked.messages, {"role": ASSISTANT, "content": answer}])
                yield Example(
                    i, whole, len(asked.messages), rejection=rejections.check_control_tokens(whole, self._controls)
                )
            return
        splits = rows["split"] if "split" in rows.columns else ["train"] * rows.height
        for i, (row, split) in enumerate(zip(columns(self.task, rows).iter_rows(), splits, strict=True)):
            try:
                whole = parse(row[0], row[1], self.task.system).answered()
            except MalformedError as error:
                yield Example(i, Conversation([{"role": ASSISTANT, "content": ""}]), 0, rejection=_malformed(error))
                continue
            every = self.task.turns == "all" and split == "train"
            turns = whole.turns() if every else whole.turns()[-1:]
            rejection = rejections.check_control_tokens(whole, self._controls) or rejections.check_empty(whole, turns)
            for number, turn in enumerate(turns, 1):
                yield Example(i, whole, turn, number if every else 0, rejection=rejection)

    def _encode(self, examples: list[Example]) -> None:
        """Tokens of all examples, those with the same tools in one call."""
        groups: dict[str, list[Example]] = {}
        for example in examples:
            groups.setdefault(json.dumps(example.whole.tools), []).append(example)
        for group in groups.values():
            try:
                self._tokenize(group)
            except ShipworthyError:
                # One of the rows is refused; alone each says it of itself.
                for row in {example.row: None for example in group}:
                    self._tokenize_alone([example for example in group if example.row == row])

    def _tokenize_alone(self, examples: list[Example]) -> None:
        try:
            self._tokenize(examples)
        except ShipworthyError as error:
            for example in examples:
                example.rejection = Rejection("template refuses", str(error))

    def _tokenize(self, examples: list[Example]) -> None:
        tools = examples[0].whole.tools
        prompts = self.chat.ids([e.whole.until(e.turn).messages for e in examples], answering=True, tools=tools)
        answered = self.chat.ids([e.whole.until(e.turn + 1).messages for e in examples], answering=False, tools=tools)
        last = {example.row: ids for example, ids in zip(examples, answered, strict=True)}
        for example, prompt, ids in zip(examples, prompts, answered, strict=True):
            example.prompt, rest = prompt, ids[len(prompt) :]
            end = rest.index(self.chat.eos_id) + 1 if self.chat.eos_id in rest else len(rest)
            example.answer = rest[:end]
            if ids[: len(prompt)] != prompt:
                example.rejection = self._prefix_mismatch(example, answered=False)
            elif last[example.row][: len(prompt) + end] != ids[: len(prompt) + end]:
                example.rejection = self._prefix_mismatch(example, answered=True)

    def _prefix_mismatch(self, example: Example, answered: bool) -> Rejection:
        """Why a conversation does not go on as it began, before or after the answer."""
        whole, tools = example.whole, example.whole.tools
        begun = self.chat.render(whole.until(example.turn + answered).messages, not answered, tools)
        end = whole if answered else whole.until(example.turn + 1)
        return Rejection(
            "not a prefix", template_checks.prefix_mismatch(begun, self.chat.render(end.messages, False, tools))
        )

    def _check(self, example: Example) -> Rejection | None:
        """The first fault of an example that has its tokens."""
        prompt, answer, content = example.prompt, example.answer, example.message.get("content")
        ids, labels = [*prompt, *answer], [IGNORED] * len(prompt) + answer
        return (
            rejections.check_bos(prompt, self.chat)
            or self._system(*self._system_message(example))
            or rejections.check_tools(example.whole, self.chat)
            or rejections.check_labels(ids, labels, self.chat)
            or (None if example.message.get("tool_calls") else rejections.check_answer(str(content), answer, self.chat))
            or rejections.check_length(len(prompt), len(answer), self.task.max_length)
        )

    def _system_message(self, example: Example) -> tuple[str, str]:
        """Its role and its text (empty: there is none)."""
        first = example.whole.messages[0]
        return (first["role"], str(first["content"])) if first["role"] in SYSTEM else ("", "")

    def _system_dropped(self, role: str, system: str) -> Rejection | None:
        if not system:
            return None
        asked: list[Message] = [{"role": role, "content": system}, {"role": "user", "content": "?"}]
        if not template_checks.is_dropped(system, self.chat.ids([asked], answering=True)[0], self.chat):
            return None
        return Rejection("system dropped", f"the chat template writes nothing of the system message '{system}'")

    def _reject_whole_rows(self, examples: Iterable[Example], place: Sequence[int]) -> list[Example]:
        """The examples; of a row of which one has a fault, that one alone: it is rejected whole.

        Args:
            place: the number of the row that each row of the batch was made of.
        """
        kept: dict[int, list[Example]] = {}
        for example in examples:
            kept.setdefault(place[example.row], []).append(example)
        return [e for group in kept.values() for e in ([x for x in group if x.rejection][:1] or group)]

    def _frame(self, rows: pl.DataFrame, examples: list[Example]) -> pl.DataFrame:
        place = [example.row for example in examples]
        added = pl.DataFrame(
            {
                "prompt_ids": [example.prompt or None for example in examples],
                "answer_ids": [example.answer or None for example in examples],
                "_reason": [example.rejection.reason if example.rejection else None for example in examples],
                "_why": [example.rejection.detail if example.rejection else None for example in examples],
            },
            schema=ADDED,
        )
        frame = rows[place].hstack(added)
        return self._with_conversation_columns(frame, examples) if self.task.messages else frame

    def _whole_where_rejected(self, frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Chunks: what is rejected is the document, under its own id and with its whole text."""
        if self.task.too_long != "chunk" or not self.task.cuts:
            return frame
        gone = frame["_reason"].is_not_null()
        whole = (frame[name].zip_with(~gone, rows[name].cast(pl.String)) for name in ("id", self.task.cuts["column"]))
        return frame.with_columns(*whole)

    def _with_conversation_columns(self, frame: pl.DataFrame, examples: list[Example]) -> pl.DataFrame:
        """Conversations: what precedes the answer stays in their column, and the answer gets its own."""
        identity = [
            turn_id(i, e.number) if e.number and not e.rejection else i
            for i, e in zip(frame["id"], examples, strict=True)
        ]
        # A call of a tool is what the template makes of it.
        answers = [
            (self.chat.decode(e.answer) if e.message.get("tool_calls") else str(e.message.get("content"))).strip()
            for e in examples
        ]
        asked = [
            told if e.rejection else dumps(e.whole.until(e.turn).unweighted().messages)
            for told, e in zip(frame[self.task.messages], examples, strict=True)
        ]
        return frame.with_columns(
            pl.Series("id", identity, dtype=pl.String),
            pl.Series("answer", answers, dtype=pl.String),
            pl.Series(self.task.messages, asked, dtype=pl.String),
        )


def _malformed(error: MalformedError) -> Rejection:
    return Rejection("malformed conversation", str(error))
