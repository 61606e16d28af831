"""Supervised fine-tuning of a causal language model: answers to prompts (Ouyang et al. 2022)."""

import math
from pathlib import Path
from typing import Any

import polars as pl
import torch
from transformers import AutoConfig, PreTrainedModel

from shipworthy.core.files import write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import is_next_turn
from shipworthy.models.causal_lm.family import GENERATION
from shipworthy.models.causal_lm.fitness import Batch, make_batch
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, token_losses
from shipworthy.models.protocol import Prediction
from shipworthy.train.objectives.objective import Part
from shipworthy.train.request import Request


class SupervisedFineTuning:
    """See `Objective`.

    Args:
        request: its model is a causal language model, and its task asks for text.
    """

    def __init__(self, request: Request) -> None:
        self.folder = base_folder(request.model)  # type: ignore[arg-type]  # the objective needs such a model
        self.chat = Chat(self.folder)
        task: Any = request.task
        self.max_new_tokens = int(task.max_new_tokens)
        config = AutoConfig.from_pretrained(str(self.folder)).get_text_config(decoder=True)
        self.guessing = math.log(config.vocab_size)

    def network(self, dtype: torch.dtype, quantizer: Quantizer | None = None) -> PreTrainedModel:
        """The base model."""
        return load_network(self.folder, dtype=dtype, quantizer=quantizer)

    def rows(self, split: pl.DataFrame) -> list[Row]:
        """Prompt and answer of each row, in tokens."""
        return rows_of(split)

    def losses(self, network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """The cross-entropy of each token of an answer (nats)."""
        return token_losses(network, batch)

    def predict(self, network: PreTrainedModel, rows: pl.DataFrame) -> Part:
        """Greedy answers to the rows' prompts."""
        prompts: list[list[int]] = rows["prompt_ids"].to_list()
        answers = greedy(
            network, prompts, max_new_tokens=self.max_new_tokens, eos_id=self.chat.eos_id, what="validation"
        )
        losses_N = token_losses(network, make_batch(network, rows_of(rows)).to(network.device))
        predictions = [Prediction(self.chat.decode(answer).strip()) for answer in answers]
        return Part(predictions, float(losses_N.double().sum()), len(losses_N), answers)

    def words(self, row: Row) -> dict[str, str]:
        """Its prompt and its answer, special tokens left out."""
        return {"prompt": self.chat.decode(list(row.prompt)), "answer": self.chat.decode(list(map(int, row.answer)))}

    def write(self, folder: Path) -> None:
        """How long an answer may be."""
        write_json(folder / GENERATION, {"max_new_tokens": self.max_new_tokens})


def rows_of(split: pl.DataFrame) -> list[Row]:
    """The token ids of a split's rows; turns of a conversation of which each goes on from the one before are one row.

    What they cost, and its gradient, is the same: a token sees what stands before it, in one row as in several.
    """
    rows: list[Row] = []
    for name, prompt, answer in split.select(pl.col("id").cast(pl.String), "prompt_ids", "answer_ids").iter_rows():
        if rows and is_next_turn(rows[-1].id, name) and prompt[: len(rows[-1])] == [*rows[-1].prompt, *rows[-1].answer]:
            rows[-1] = rows[-1].then(prompt, answer, name)
        else:
            rows.append(Row(prompt, answer, id=name))
    return rows


def tokens(_: ModelConfig, split: pl.DataFrame) -> list[tuple[str, int]]:
    """Id and tokens of each row."""
    return [(row.id, len(row)) for row in rows_of(split)]


def create(request: Request) -> SupervisedFineTuning:
    """The objective of a run."""
    return SupervisedFineTuning(request)
