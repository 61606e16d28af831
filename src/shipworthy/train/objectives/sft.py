"""Supervised fine-tuning of a causal language model: answers to prompts (Ouyang et al. 2022)."""

import math
from pathlib import Path
from typing import Any

import polars as pl
import torch
from transformers import AutoConfig, PreTrainedModel

from shipworthy.core.files import write_json
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
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

    def network(self, dtype: torch.dtype) -> PreTrainedModel:
        """The base model."""
        return load_network(self.folder, dtype=dtype)

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
        answer = [int(token) for token in row.answer]
        return {"prompt": self.chat.decode(list(row.prompt)), "answer": self.chat.decode(answer)}

    def write(self, folder: Path) -> None:
        """How long an answer may be."""
        write_json(folder / GENERATION, {"max_new_tokens": self.max_new_tokens})


def rows_of(split: pl.DataFrame) -> list[Row]:
    """The token ids of a split's rows."""
    return [Row(p, a) for p, a in zip(split["prompt_ids"].to_list(), split["answer_ids"].to_list(), strict=True)]


def create(request: Request) -> SupervisedFineTuning:
    """The objective of a run."""
    return SupervisedFineTuning(request)
