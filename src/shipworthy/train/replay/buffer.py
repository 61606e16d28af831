"""The rows of a replay buffer, in tokens: one's own, or what the model itself answers before its training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.core.files import read_json, sha256_of_file, write_json
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.general import scores, suite
from shipworthy.train.replay import file
from shipworthy.train.replay.kept import FILE
from shipworthy.train.replay.schema import Replay


def prepare(config: Replay, chat: Chat, base_network: PreTrainedModel, run: Path, rows: int) -> list[Row]:
    """The rows that may be replayed in a run, made once and kept in its folder; none where nothing is replayed.

    No row of a dataset has an id of theirs.

    Args:
        base_network: as it is before the training.
        rows: as many at most as are ever replayed; of the model's own answers no more are made.

    Raises:
        UsageError: `trainer.replay.file` can't be read, or a row of it is longer than the model can see.
        ArtifactError: the folder holds another buffer.
    """
    if not config.share:
        return []
    items = [] if config.file else _practised(rows)
    identity = {
        "template": chat.template_sha256,
        "new_tokens": config.new_tokens,
        "of": file.inputs(config) if config.file else {"suite": sha256_of_file(suite.FILE)},
        "rows": [item.id for item in items],
    }
    path = run / FILE
    if not path.exists():
        made = _of_file(config, chat, base_network) if config.file else _own(config, chat, base_network, items)
        write_json(path, {**identity, **made})
    held = read_json(path)
    if {key: held.get(key) for key in identity} != identity:
        raise ArtifactError(f"{path} holds other rows to replay than the config asks for: begin a new run.")
    found = zip(held["prompt_ids"], held["answer_ids"], held["id"], strict=True)
    return [Row(prompt, answer, id=name) for prompt, answer, name in found]


def _practised(rows: int) -> list[suite.Item]:
    """Of each skill as many as are needed, but one at least."""
    practice = suite.suite(suite.PRACTICE)
    skills = len({item.skill for item in practice})
    return suite.some(practice, max(1, -(-rows // skills)))


def _own(config: Replay, chat: Chat, network: PreTrainedModel, items: Sequence[suite.Item]) -> dict[str, Any]:
    prompts = [chat.prompt_ids("", item.prompt) for item in items]
    given = scores.generate(network, prompts, chat, config.new_tokens)
    return {
        "id": [f"general:{item.id}" for item in items],
        "prompt": [item.prompt for item in items],
        "answer": [chat.decode(answer) for answer in given],
        "prompt_ids": prompts,
        # An answer that was cut is none that the model would have ended.
        "answer_ids": [answer if len(answer) == config.new_tokens else [*answer, chat.eos_id] for answer in given],
    }


def _of_file(config: Replay, chat: Chat, network: PreTrainedModel) -> dict[str, Any]:
    found = file.texts(config.file)
    prompts = [chat.prompt_ids(text.system, text.prompt) for text in found]
    answers = [chat.answer_ids(text.answer) for text in found]
    most = int(getattr(network.config, "max_position_embeddings", 0) or 0)
    for text, prompt, answer in zip(found, prompts, answers, strict=True):
        if most and len(prompt) + len(answer) > most:
            raise UsageError(
                f"trainer.replay.file={config.file}: {text.id} has {len(prompt) + len(answer)} tokens, and the model "
                f"sees {most}: shorten it, or take it out."
            )
    return {
        "id": [f"general:{text.id}" for text in found],
        "prompt": [text.prompt for text in found],
        "answer": [text.answer for text in found],
        "prompt_ids": prompts,
        "answer_ids": answers,
    }
