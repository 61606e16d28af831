"""A trained causal language model as a predictor: frozen prompts in, decoded answers out."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from shipworthy.core.files import read_json
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.tuned import load_tuned
from shipworthy.models.protocol import Prediction

GENERATION = "generation.json"


class TunedModel:
    """A trained network and its tokenizer."""

    def __init__(self, base: Path, folder: Path) -> None:
        self.chat = Chat(base)
        self.network = load_tuned(base, folder)
        self.max_new_tokens = int(read_json(folder / GENERATION)["max_new_tokens"])

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """Greedy answers to the rows' `prompt_ids`."""
        answers = greedy(
            self.network,
            rows["prompt_ids"].to_list(),
            max_new_tokens=self.max_new_tokens,
            eos_id=self.chat.eos_id,
            what="tuned model, answers",
        )
        return [Prediction(self.chat.decode(answer).strip()) for answer in answers]


def load(config: CausalLM, folder: Path) -> TunedModel:
    """The model of the checkpoint in `folder`."""
    return TunedModel(base_folder(config), folder)
