"""From a row to what a language model is asked. It needs Python alone: packages carry this file."""

from collections.abc import Callable, Mapping
from typing import Any

from shipworthy.models.causal_lm.conversation import Conversation, control_pattern, control_token, messages, parse
from shipworthy.models.causal_lm.fit import Row, fitting
from shipworthy.models.prompt import Prompt
from shipworthy.models.vote import winner


class Requests:
    """Makes of rows the bodies of chat completions, as the model was trained.

    Args:
        saved: the content of preprocessing.json: `system`, `prompt`, `messages` and `tools` of the task, the
            `control_tokens` that only the chat template may write, and `cut` (see `fitting`; null: nothing is cut).
        tokens: how long the prompt of a request is (tokens); needed where something is cut.

    Attributes:
        columns: of a row, those that the model looks at.
    """

    def __init__(self, saved: Mapping[str, Any], tokens: Callable[[dict[str, Any]], int] | None = None) -> None:
        self.saved = saved
        self.prompt = Prompt(saved["prompt"])
        self.columns = [*self.prompt.columns, *(saved[name] for name in ("messages", "tools") if saved[name])]
        self._controls = control_pattern(saved["control_tokens"])
        self._fitting = fitting(saved["cut"]) if saved["cut"] else None
        self._tokens = tokens

    def __call__(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The messages, and the tools where there are some: once, or for each chunk of a text that is divided.

        Args:
            row: as `RawRows` reads it.

        Raises:
            ValueError: it holds no conversation, nothing to answer, or a control token.
        """
        asked = self._conversations(row)
        for one in asked:
            if fault := control_token(one, self._controls):
                raise ValueError(fault)
        return [one.request for one in asked]

    def answer(self, row: Mapping[str, Any], ask: Callable[[dict[str, Any]], str]) -> str:
        """The answer to a row; of a text in chunks the one that `winner` takes of their answers.

        Args:
            ask: from a request to its answer.

        Raises:
            ValueError: as above.
        """
        given = [ask(request).strip() for request in self(row)]
        return given[winner(given)]

    def fault(self, body: Mapping[str, Any]) -> str | None:
        """Why a chat completion that a client wrote must not be answered: it holds a control token (None: it may)."""
        told = body.get("messages")
        found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
        tools = body.get("tools")
        return control_token(Conversation(found, tools if isinstance(tools, list) else None), self._controls)

    def _conversations(self, row: Mapping[str, Any]) -> list[Conversation]:
        saved = self.saved
        if not saved["messages"]:
            return [self._filled(part) for part in self._parts(row)]
        tools = row[saved["tools"]] if saved["tools"] else None
        return [parse(row[saved["messages"]], tools, saved["system"]).asked()]

    def _filled(self, row: Row) -> Conversation:
        return Conversation(messages(self.saved["system"], self.prompt.fill(row)))

    def _parts(self, row: Row) -> list[Row]:
        """The row with its text cut, or a row for each chunk of it, where that is too long."""
        tokens = self._tokens
        if self._fitting is None or tokens is None:
            return [row]
        return self._fitting.parts(row, lambda made: tokens(self._filled(made).request))
