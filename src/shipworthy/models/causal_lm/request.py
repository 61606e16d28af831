"""From a row to what a language model is asked. It needs Python alone: packages carry this file."""

from collections.abc import Mapping
from typing import Any

from shipworthy.models.causal_lm.conversation import Conversation, control_pattern, control_token, messages, parse
from shipworthy.models.prompt import Prompt


class Requests:
    """Makes of rows the bodies of chat completions, as the model was trained.

    Args:
        saved: the content of preprocessing.json: `system`, `prompt`, `messages` and `tools` of the task, and the
            `control_tokens` that only the chat template may write.

    Attributes:
        columns: of a row, those that the model looks at.
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.saved = saved
        self.prompt = Prompt(saved["prompt"])
        self.columns = [*self.prompt.columns, *(saved[name] for name in ("messages", "tools") if saved[name])]
        self._controls = control_pattern(saved["control_tokens"])

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The messages, and the tools where there are some.

        Args:
            row: as `RawRows` reads it.

        Raises:
            ValueError: it holds no conversation, nothing to answer, or a control token.
        """
        asked = self._conversation(row)
        if fault := control_token(asked, self._controls):
            raise ValueError(fault)
        return asked.request

    def fault(self, body: Mapping[str, Any]) -> str | None:
        """Why a chat completion that a client wrote must not be answered: it holds a control token (None: it may)."""
        told = body.get("messages")
        found = [dict(one) for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
        tools = body.get("tools")
        return control_token(Conversation(found, tools if isinstance(tools, list) else None), self._controls)

    def _conversation(self, row: Mapping[str, Any]) -> Conversation:
        saved = self.saved
        if not saved["messages"]:
            return Conversation(messages(saved["system"], self.prompt.fill(row)))
        tools = row[saved["tools"]] if saved["tools"] else None
        return parse(row[saved["messages"]], tools, saved["system"]).asked()
