"""The base model as it is, told (zero-shot) or shown (few-shot) what to do; the first line it writes is its answer."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import polars as pl
from transformers import PreTrainedModel

from shipworthy.core.commands import again
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.models import rows as read
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.prompted.schema import FewShot, ZeroShot
from shipworthy.models.prompted.shots import choose
from shipworthy.models.protocol import Prediction

SHOTS = "shots.json"
Turns = list[dict[str, str]]


class Prompted:
    """The base model with the dataset's prompts; it learns nothing and keeps nothing."""

    def __init__(self, config: ZeroShot | FewShot) -> None:
        self.config = config
        base = base_folder(config.base)
        self.chat = Chat(base)
        self._base = base

    @cached_property
    def network(self) -> PreTrainedModel:
        """The weights, once they are needed."""
        return load_network(self._base)

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Nothing to learn."""

    def prompts(self, rows: pl.DataFrame) -> list[list[int]]:
        """The frozen prompts, as training and serving have them."""
        return read.select(rows, ["prompt_ids"])["prompt_ids"].to_list()

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """Greedy answers, cut at the end of their first line."""
        answers = greedy(
            self.network,
            self.prompts(rows),
            max_new_tokens=self.config.max_new_tokens,
            eos_id=self.chat.eos_id,
            what=f"{self.config.kind}, answers",
        )
        return [Prediction(first_line(self.chat.decode(answer))) for answer in answers]

    def save(self, folder: Path) -> None:
        """Nothing beside `candidate.json`, which names the weights and their hash."""


class Shown(Prompted):
    """The base model with solved examples before each question."""

    config: FewShot
    turns: Turns

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Draws the examples from train.

        Raises:
            ArtifactError: the dataset's frozen prompts are not what this config's wording makes.
        """
        read.answers(train)
        frozen, made = (
            train["prompt_ids"][0].to_list(),
            self._prompt(read.texts(train[:1], self.config.template)[0], []),
        )
        if frozen != made:
            raise ArtifactError(
                "The dataset's prompts are not those that the task's wording makes with this model's template, so the "
                f"few-shot baseline would be asked something else: make the dataset again with `{again('prepare')}`."
            )
        shown = choose(train, self.config.shots, seed)
        pairs = zip(read.texts(shown, self.config.template), shown["answer"], strict=True)
        self.turns = [
            message
            for question, answer in pairs
            for message in ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
        ]

    def prompts(self, rows: pl.DataFrame) -> list[list[int]]:
        """The same examples before every question, so that their pass through the network is shared."""
        return [self._prompt(text, self.turns) for text in read.texts(rows, self.config.template)]

    def _prompt(self, question: str, turns: Turns) -> list[int]:
        return self.chat.prompt_ids(self.config.system, question, turns)

    def save(self, folder: Path) -> None:
        """The examples."""
        write_json(folder / SHOTS, self.turns)


def first_line(text: str) -> str:
    """The first line that is not empty, without white space around it."""
    return text.strip().partition("\n")[0].strip()


def create(config: ZeroShot | FewShot) -> Prompted:
    """The base model, before it has seen train."""
    return Shown(config) if isinstance(config, FewShot) else Prompted(config)


def load(config: ZeroShot | FewShot, folder: Path) -> Prompted:
    """The model whose examples, if any, were saved in `folder`."""
    model = create(config)
    if isinstance(model, Shown):
        model.turns = read_json(folder / SHOTS)
    return model
