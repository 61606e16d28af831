"""Counts against the real network, memory and time against numbers worked out by hand."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.build import Problem, estimate
from shipworthy.architect.estimate.causal_lm import Lengths, memory_parts, on_meta, trainable_parameters
from shipworthy.architect.rows import Expected
from shipworthy.core.errors import UsageError
from shipworthy.core.sources.schema import Folder
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.train.adapters.build import build as build_adapter
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.probe import Probe
from shipworthy.train.schema import AdamW, LightningTrainer
from tests.tiny import write_model

ROWS = pl.DataFrame(
    {
        "id": ["a", "b"],
        "description": ["Deletes a queue.", "Creates a table."],
        "answer": ["DeleteQueue", "CreateTable"],
    }
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def problem(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(hub)))
    fetch(model)
    return Problem(
        task=TextToText(name="t", description="d", baselines=["majority"], prompt="{description}", max_length=200),
        model=model,
        adapter=Lora(rank=4),
        trainer=LightningTrainer(steps=10, batch_size=2, validate_every=5, validation_rows=20),
        optimizer=AdamW(),
        sample=ROWS,
        features=["description"],
        expected=Expected(source=120, clean=110, train=80, validation=10, test=20),
        machine=Machine(cores=2, memory_gb=8),
        seed=1,
    )


@pytest.mark.parametrize(
    "adapter", [Lora(rank=4), Lora(rank=3, first_layer=1), Lora(rank=2, targets=["q_proj", "down_proj"])]
)
def test_counts_are_those_of_the_real_network(hub: Path, adapter: Lora) -> None:
    meta = on_meta(hub)
    assert all(p.device.type == "meta" for p in meta.parameters())
    real = load_network(hub)
    assert sum(p.numel() for p in meta.parameters()) == sum(p.numel() for p in real.parameters())
    adapted = build_adapter(real, adapter, seed=1)
    assert trainable_parameters(meta, adapter) == sum(p.numel() for p in adapted.parameters() if p.requires_grad)


def measured(seen: list[Any], trainable: int) -> Any:
    """Stands where the training's probe is called; the real one runs in tests/stages/test_plan.py."""

    def measure(*arguments: Any) -> Probe:
        seen.append(arguments[4])
        return Probe(0.5, 200.0, 900.0, 2, 30_000, trainable)

    return measure


def test_time_tokens_and_peak_follow_from_the_measured_steps(problem: Problem) -> None:
    seen: list[list[tuple[int, int]]] = []
    trainable = trainable_parameters(on_meta(Path(problem.model.source.path)), problem.adapter)  # type: ignore[attr-defined]
    found = estimate(problem, measured(seen, trainable))
    # The tiny tokenizer has a token per byte: 11 letters and the end of the turn, for both answers.
    assert [answer for _, answer in seen[0]] == [12, 12]
    mean = sum(prompt + answer for prompt, answer in seen[0]) / 2
    assert found.tokens["in all"] == 10 * 2 * mean
    assert found.tokens["per epoch"] == 80 * mean
    assert found.training_s.value == pytest.approx(20 * mean / 200)
    assert found.peak_mb.value == 900.0
    # Two validations of the 10 rows that there will be, against 20 rows of training; two thirds of a step's cost.
    assert found.validation_s.value == pytest.approx(found.training_s.value * (2 * 10 / 20) * 0.67)
    assert found.total_s.value == found.training_s.value + found.validation_s.value


def test_few_answers_are_classes_and_many_are_text(problem: Problem) -> None:
    machine = Machine(cores=8, memory_gb=32, gpus=1, gpu_name="G", gpu_memory_gb=24, gpu_tflops=100)
    many = pl.DataFrame({"id": ROWS["id"], "description": ROWS["description"], "answer": ["a", "b"]})
    many = pl.concat([many.with_columns(answer=pl.col("answer") + str(i)) for i in range(51)])
    why = [
        estimate(SimpleNamespace(**{**vars(problem), "machine": machine, "sample": sample}), pytest.fail).why  # type: ignore[arg-type]
        for sample in (ROWS, many)
    ]
    assert why[0].startswith("The answers are 2 classes, in words: a language model of ")
    assert why[1].startswith("The answers are text: 102 different ones in 102 rows, too many for classes")


def test_a_gpu_that_is_not_here_is_not_measured(problem: Problem) -> None:
    machine = Machine(cores=8, memory_gb=32, gpus=1, gpu_name="G", gpu_memory_gb=24, gpu_tflops=100)
    found = estimate(SimpleNamespace(**{**vars(problem), "machine": machine}), pytest.fail)  # type: ignore[arg-type]
    assert found.measured == {}
    assert found.parameters is not None
    operations = 4 * found.parameters * found.tokens["in all"]
    assert found.training_s.value == pytest.approx(operations / (0.2 * 100e12))
    assert found.training_s.low < found.training_s.value < found.training_s.high


def test_memory_by_hand(problem: Problem) -> None:
    config = SimpleNamespace(
        hidden_size=576, intermediate_size=1536, num_attention_heads=9, num_key_value_heads=3,
        num_hidden_layers=30, vocab_size=49152,
    )  # fmt: skip
    trainer = LightningTrainer(batch_size=16)
    given = SimpleNamespace(**{**vars(problem), "trainer": trainer, "adapter": Lora()})
    lengths = Lengths([(40, 10), (60, 10)])
    parts = memory_parts(given, config, 134_515_008, 4_884_480, lengths)  # type: ignore[arg-type]
    assert parts["weights"].low == pytest.approx(538.06, abs=0.01)
    assert parts["gradients"].value == pytest.approx(19.54, abs=0.01)
    assert parts["optimizer"].value == pytest.approx(39.08, abs=0.01)
    # 6,912 floats per token and layer at least: 6·576 + 2·192 + 2·1536; 16 rows of 60 tokens on average.
    assert parts["activations"].low == pytest.approx(6_912 * 30 * 16 * 60 * 4 / 1e6)
    assert parts["activations"].high == pytest.approx(2 * 6_912 * 30 * 16 * 70 * 4 / 1e6)
    assert parts["vocabulary projection"].low == pytest.approx(2 * 16 * 10 * 49152 * 4 / 1e6)


def test_rows_that_are_all_too_long_are_refused(problem: Problem) -> None:
    short = SimpleNamespace(**{**vars(problem), "task": replace(problem.task, max_length=20)})
    with pytest.raises(UsageError, match="max_length=20"):
        estimate(short, pytest.fail)  # type: ignore[arg-type]
