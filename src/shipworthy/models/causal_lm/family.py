"""A trained causal language model as a predictor: frozen prompts in, decoded answers out."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from shipworthy.core.files import read_json
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.protocol import Prediction

GENERATION = "generation.json"


class TunedModel:
    """Base weights with a trained adapter."""

    def __init__(self, base: Path, folder: Path) -> None:
        self.chat = Chat(base)
        self.network = load_network(base, folder / "adapter")
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
    """The model whose adapter is in `folder/adapter`."""
    return TunedModel(base_folder(config), folder)
