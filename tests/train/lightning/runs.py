"""A run of the tiny model, as small as it can be and whole."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from safetensors.torch import load_file

from shipworthy.core.files import new_folder, sha256_of_file
from shipworthy.core.groups import AdapterConfig, ModelConfig, ObjectiveConfig
from shipworthy.core.sources.schema import Folder
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.train.lightning.fit import fit
from shipworthy.train.lightning.training_state import Request
from shipworthy.train.monitor.schema import Forgetting, Monitor
from shipworthy.train.objectives.schema import SupervisedFineTuning
from shipworthy.train.optimizers.schema import AdamW
from shipworthy.train.records import NoRecords, Records
from shipworthy.train.schedules.schema import Cosine
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.strategies.schema import DDP, Strategy
from tests.tiny import write_model

TASK = TextToText(name="t", description="d", prompt="{text}", max_new_tokens=3, baselines=["majority"])
FEW = Forgetting(questions=1, during=1, new_tokens=3)
"""General questions: as few as can be."""
TRAINER = LightningTrainer(
    batch_size=4,
    micro_batch_size=2,
    steps=6,
    validate_every=3,
    validation_rows=2,
    checkpoint_every=1,
    threads=1,
    loader_patience_s=20.0,
    monitor=Monitor(forgetting=FEW),
)
ADAPTER = Lora(rank=2, alpha=4)
ANSWERS = SupervisedFineTuning()


def model_in(folder: Path) -> CausalLM:
    """The tiny model, fetched; SHIPWORTHY_CACHE must be set."""
    config = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(folder))))
    fetch(config)
    return config


def rows(model: CausalLM, count: int = 12) -> pl.DataFrame:
    """Rows that share the beginning of their prompt."""
    chat = Chat(Path(model.source.path))
    texts = [f"Deletes a thing number {i}{'.' * (i % 5)}" for i in range(count)]
    return pl.DataFrame(
        {
            "id": [f"row-{i}" for i in range(count)],
            "text": texts,
            "answer": [f"Del{i}" for i in range(count)],
            "prompt_ids": [chat.prompt_ids("", text) for text in texts],
            "answer_ids": [chat.answer_ids(f"Del{i}") for i in range(count)],
        }
    )


class Cut(Exception):
    """Ends a run from within."""


class CutAt(NoRecords):
    """Raises when a step is recorded."""

    def __init__(self, step: int) -> None:
        self.step = step

    def log(self, metrics: object, step: int) -> None:
        if step == self.step:
            raise Cut


def request(
    model: ModelConfig,
    folder: Path,
    table: pl.DataFrame,
    *,
    adapter: AdapterConfig = ADAPTER,
    objective: ObjectiveConfig = ANSWERS,
    task: Task = TASK,
    lr: float = 0.01,
    held_out: int = 2,
    strategy: Strategy | None = None,
    **changes: Any,
) -> Request:
    """What a run in `folder` is asked for; the last rows are held out."""
    return Request(
        task=task,
        model=model,
        adapter=adapter,
        objective=objective,
        trainer=replace(TRAINER, **changes),
        optimizer=AdamW(lr=lr),
        schedule=Cosine(),
        strategy=strategy or DDP(),
        train=table[:-held_out],
        validation=table[-held_out:],
        seed=1,
        run=folder,
        run_id="r",
    )


def run(
    model: ModelConfig, folder: Path, *, table: pl.DataFrame | None = None, records: Records | None = None, **how: Any
) -> Path:
    """Trains in `folder`, going on if something is there; returns the finished folder.

    Args:
        how: as `request` takes it.
    """
    if table is None:
        assert isinstance(model, CausalLM)
        table = rows(model)
    with new_folder(folder / "done") as target:
        fit(request(model, folder, table, **how), records or NoRecords(), target)
    return folder / "done"


def weights(folder: Path) -> Mapping[str, Any]:
    """The newest checkpoint's tensors and their file's hash."""
    newest = sorted(folder.glob("step-*"))[-1]
    files = sorted(newest.glob("*.safetensors"))
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


def adapter_hash(folder: Path) -> str:
    """Of what was handed over."""
    return sha256_of_file(folder / "done" / "adapter" / "adapter_model.safetensors")
