"""Which columns a prompt may name: what the data config shows a model; looked at before a row is read."""

from collections.abc import Mapping

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING
from shipworthy.data.kinds.schema import Conversations, Table, Text
from shipworthy.data.schema import Data
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.prompt_checks import DOUBLE, check_columns, checked


def check_prompts(task: TaskConfig, model: ModelConfig, config: Data, types: Mapping[str, str]) -> None:
    """Refuses a prompt, or a model's template, that names a column which the dataset will not have.

    Args:
        types: of the source's columns.

    Raises:
        UsageError: with the setting, the column, and what to do.
    """
    if isinstance(config, Conversations):  # which need no prompt
        return
    template = str(getattr(model, "template", "")) if model.reads_prompt else ""
    prompt = task.prompt if isinstance(task, TextToText) else ""
    for key, text in (("task.prompt", prompt), ("model.template", template)):
        if text and text != MISSING:
            named = checked(key, text)
            for name in named.columns:
                _check_shown(key, name, config, types)
            check_columns(key, named, shown(config, types))


def shown(config: Data, types: Mapping[str, str]) -> list[str]:
    """The columns of the source that a model is shown."""
    if isinstance(config, Text):
        return list(dict.fromkeys([config.text, *config.context]))
    hidden = {config.id, *((config.label, *config.ignore) if isinstance(config, Table) else ())}
    return [name for name in types if name not in hidden]


def _check_shown(key: str, name: str, config: Data, types: Mapping[str, str]) -> None:
    """Refuses a column that the source has, and a model is not shown."""
    if name in shown(config, types):
        return
    if name == getattr(config, "answer", getattr(config, "label", None)):
        raise UsageError(f"{key} names {{{name}}}, which holds the answer: take it out.")
    if name in types:
        setting = "list it in data.context" if isinstance(config, Text) else "take it out of data.ignore"
        what = " identifies rows (data.id), and" if name == config.id else ""
        raise UsageError(
            f"{key} names {{{name}}}, which{what} is no column that a model is shown: take it out, or {setting}; or "
            f"{DOUBLE}."
        )
