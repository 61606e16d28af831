"""Refuses a prompt that breaks the rule, names no column, or names one that a model must not see."""

import difflib
from collections.abc import Collection

from shipworthy.core.errors import UsageError
from shipworthy.models.prompt import Prompt, PromptError

DOUBLE = "double a brace that is meant ({{ or }})"
NEVER = {
    "answer": "is the dataset's column of the answers",
    "answer_ids": "holds the answer's tokens",
    "prompt_ids": "holds the prompt's own tokens",
    "split": "says which split a row is in",
    "cluster": "says of which near-duplicates a row is one",
    "fold": "says in which fold a row is",
    "chunk_of": "names the document that a row is a chunk of",
    "id": "only identifies rows (a column of yours that the model is to see belongs into data.context)",
}
"""Columns of every dataset that are no part of a question, and what they hold."""


def checked(key: str, text: str) -> Prompt:
    """The parsed prompt, as far as it can be checked without data.

    Args:
        key: the setting that holds it, for the message.

    Raises:
        UsageError: it breaks the rule, names no column, or one that no question may hold.
    """
    try:
        prompt = Prompt(text)
    except PromptError as error:
        raise UsageError(f"{key} {error}.") from error
    if not prompt.columns:
        pair = "one pair of braces" if "{{" in text else "braces"
        raise UsageError(f"{key}='{text}' names no column, so it asks the same of every row: write a column in {pair}.")
    for name in prompt.columns:
        if name in NEVER:
            raise UsageError(f"{key} names {{{name}}}, which {NEVER[name]}: take it out.")
    return prompt


def check_columns(key: str, prompt: Prompt, columns: Collection[str]) -> None:
    """Refuses a prompt that names a column that there is not.

    Raises:
        UsageError: with the nearest column.
    """
    for name in prompt.columns:
        if name not in columns:
            close = difflib.get_close_matches(name, columns, n=1)
            hint = f"did you mean {{{close[0]}}}? If not, {DOUBLE}" if close else f"name one of them, or {DOUBLE}"
            raise UsageError(f"{key} names {{{name}}}, which is none of the columns {', '.join(columns)}: {hint}.")
