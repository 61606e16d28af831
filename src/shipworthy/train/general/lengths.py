"""The general questions and the replayed rows of a training, in tokens: for the plan, which counts their time."""

from collections.abc import Sequence

import polars as pl

from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.quantities import GeneralLengths, RowLengths, row_lengths
from shipworthy.train.general import suite
from shipworthy.train.replay import file
from shipworthy.train.replay.schema import Replay
from shipworthy.train.schema import LightningTrainer

ANY_LENGTH = 2**31
Asked = tuple[str, str]
"""A question and its answer."""


def general_lengths(model: ModelConfig, trainer: LightningTrainer) -> GeneralLengths:
    """What a training asks and replays.

    Raises:
        ArtifactError: the model's tokenizer was not fetched.
        UsageError: `trainer.replay.file` can't be read.
    """
    forgetting = trainer.monitor.forgetting
    items = [] if forgetting.action == "off" else suite.some(suite.suite(), forgetting.questions)
    during = suite.some(items, forgetting.during) if items else []
    return GeneralLengths(
        asked=_lengths(model, [(item.prompt, item.answer) for item in items]),
        during=_lengths(model, [(item.prompt, item.answer) for item in during]),
        replayed=_replayed(model, trainer.replay),
        share=trainer.replay.share,
        written=bool(trainer.replay.share and not trainer.replay.file),
    )


def _replayed(model: ModelConfig, replay: Replay) -> list[tuple[int, int]]:
    if not replay.share:
        return []
    if replay.file:
        return _lengths(model, [(text.prompt, text.answer) for text in file.texts(replay.file)])
    found = _lengths(model, [(item.prompt, item.answer) for item in suite.suite(suite.PRACTICE)])
    return [(prompt, replay.new_tokens) for prompt, _ in found]  # an own answer, at its longest


def _lengths(model: ModelConfig, rows: Sequence[Asked]) -> list[tuple[int, int]]:
    if not rows:
        return []
    task = TextToText(
        name="general", description="", baselines=["majority"], prompt="{question}", max_length=ANY_LENGTH
    )
    found: RowLengths | None = row_lengths(model, task, pl.DataFrame(rows, schema=["question", "answer"], orient="row"))
    return found.rows if found else []
