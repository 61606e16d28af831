"""Counts against the real network, memory and time against numbers worked out by hand."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from transformers import LlamaConfig

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.build import estimate
from shipworthy.architect.estimate.network import memory_parts
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.rows import Expected
from shipworthy.core.errors import UsageError
from shipworthy.core.sources.schema import Folder
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models import quantities
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.quantities import NetworkQuantities, from_config
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.precision import PRECISIONS
from shipworthy.models.quantities import GeneralLengths, RowLengths, StepTiming, row_lengths
from shipworthy.train.optimizers.schema import SGD, Adafactor, AdamW
from shipworthy.train.schema import LightningTrainer
from tests.tiny import write_model

ROWS = pl.DataFrame(
    {
        "id": ["a", "b"],
        "description": ["Deletes a queue.", "Creates a table."],
        "answer": ["DeleteQueue", "CreateTable"],
    }
)
TASK = TextToText(name="t", description="d", baselines=["majority"], prompt="{description}", max_length=200)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def problem(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(hub)))
    fetch(model)
    adapter, task = Lora(rank=4), TASK
    counted = quantities.of(model, adapter, LightningTrainer())
    assert counted
    return Problem(
        task=task,
        model=model,
        adapter=adapter,
        trainer=LightningTrainer(steps=10, batch_size=2, validate_every=5, validation_rows=20),
        optimizer=AdamW(),
        sample=ROWS,
        features=["description"],
        expected=Expected(source=120, clean=110, train=80, validation=10, test=20),
        machine=Machine(cores=2, memory_gb=8),
        seed=1,
        quantities=counted,
        lengths=row_lengths(model, task, ROWS),
        timing=StepTiming(0.5, 200.0, 900.0, 2, counted.trainable_parameters),
    )


def test_time_tokens_and_peak_follow_from_the_measured_steps(problem: Problem) -> None:
    found, lengths = estimate(problem), problem.lengths
    # The tiny tokenizer has a token per byte: 11 letters and the end of the turn, for both answers.
    assert lengths and [answer for _, answer in lengths.rows] == [12, 12]
    mean = sum(prompt + answer for prompt, answer in lengths.rows) / 2
    assert found.tokens["in all"] == 10 * 2 * mean
    assert found.tokens["per epoch"] == 80 * mean
    assert found.training_s.value == pytest.approx(20 * mean / 200)
    assert found.peak_mb.value == 900.0
    # Two validations of the 10 rows that there will be, against 20 rows of training; two thirds of a step's cost.
    assert found.validation_s.value == pytest.approx(found.training_s.value * (2 * 10 / 20) * 0.67)
    assert found.total_s.value == found.training_s.value + found.validation_s.value
    assert problem.quantities
    assert (found.parameters, found.trainable_parameters) == (
        problem.quantities.parameters,
        problem.quantities.trainable_parameters,
    )


def test_few_answers_are_classes_and_many_are_text(problem: Problem) -> None:
    many = pl.DataFrame({"id": ROWS["id"], "description": ROWS["description"], "answer": ["a", "b"]})
    many = pl.concat([many.with_columns(answer=pl.col("answer") + str(i)) for i in range(51)])
    why = [estimate(replace(problem, sample=sample)).why for sample in (ROWS, many)]
    assert why[0].startswith("The answers are 2 classes, in words: a language model of ")
    assert why[1].startswith("The answers are text: 102 different ones in 102 rows, too many for classes")


def test_without_timed_steps_time_follows_from_the_operations(problem: Problem) -> None:
    machine = Machine(cores=8, memory_gb=32, gpus=1, gpu_name="G", gpu_memory_gb=24, gpu_tflops=100)
    found = estimate(replace(problem, machine=machine, timing=None))
    assert found.measured == {}
    assert problem.quantities and problem.lengths
    one_epoch = problem.quantities.flops(problem.lengths.shapes())
    assert found.training_s.value == pytest.approx(10 * one_epoch / (0.2 * 100e12))
    assert found.training_s.low < found.training_s.value < found.training_s.high


def test_memory_by_hand(problem: Problem) -> None:
    config = LlamaConfig(
        hidden_size=576, intermediate_size=1536, num_attention_heads=9, num_key_value_heads=3,
        num_hidden_layers=30, vocab_size=49152, tie_word_embeddings=True,
    )  # fmt: skip
    counted = NetworkQuantities(from_config(config, Lora()))
    assert (counted.base_parameters, counted.trainable_parameters) == (134_515_008, 4_884_480)
    trainer = LightningTrainer(batch_size=16, micro_batch_size=8, threads=2)
    given = replace(problem, trainer=trainer, quantities=counted, lengths=RowLengths([(40, 10), (60, 10)]))
    parts = memory_parts(given)
    assert parts["weights"].low == pytest.approx(4 * (134_515_008 + 4_884_480) / 1e6)
    # The sum of two packs' gradients; each pack's own take the room of its activations.
    assert parts["gradients"].value == pytest.approx(19.54, abs=0.01)
    assert parts["optimizer states"].value == pytest.approx(39.08, abs=0.01)
    # 6,912 floats per token and layer: 6·576 + 2·192 + 2·1536; two packs of 8 rows of 59 inputs on average.
    mean, longest = 2 * 8 * 59, 2 * 8 * 69
    per_token = 1.4 * 6_912 * 30 + 6 * 1536
    assert parts["activations"].low == pytest.approx(per_token * mean * 4 / 1e6)
    assert parts["activations"].high == pytest.approx(1.4 * per_token * longest * 4 / 1e6)
    assert parts["vocabulary projection"].value == pytest.approx(3 * 2 * 8 * 10 * 49152 * 4 / 1e6)
    gpu = Machine(gpus=1, gpu_name="G", gpu_memory_gb=24, gpu_tflops=100)
    assert memory_parts(replace(given, machine=gpu))["gradients"].value == pytest.approx(19.54, abs=0.01)
    momentum = memory_parts(replace(given, optimizer=SGD()))
    assert momentum["optimizer states"].value == pytest.approx(19.54, abs=0.01)


def test_memory_by_hand_in_16_bits(problem: Problem) -> None:
    config = LlamaConfig(
        hidden_size=576, intermediate_size=1536, num_attention_heads=9, num_key_value_heads=3,
        num_hidden_layers=30, vocab_size=49152, tie_word_embeddings=True,
    )  # fmt: skip
    bf16 = PRECISIONS["bf16"]
    trainer = LightningTrainer(batch_size=8, micro_batch_size=8)
    lengths = RowLengths([(40, 10)])
    updates, whole = (NetworkQuantities(from_config(config, one, bf16), bf16) for one in (Lora(), NoAdapter()))
    parts = memory_parts(replace(problem, trainer=trainer, quantities=updates, lengths=lengths))
    assert parts["weights"].low == pytest.approx((2 * 134_515_008 + 4 * 4_884_480) / 1e6)  # updates in 32 bits
    assert parts["activations"].low == pytest.approx((1.4 * 6_912 * 30 + 6 * 1536) * 8 * 49 * 2 / 1e6)
    parts = memory_parts(replace(problem, trainer=trainer, quantities=whole, lengths=lengths))
    assert parts["weights"].low == pytest.approx(2 * 134.515008)
    # Their sum in 32 bits; a pack's own, in 16 bits and 32, as far as its activations leave no room.
    forward = parts["activations"].low + parts["vocabulary projection"].low
    assert parts["gradients"].low == pytest.approx(4 * 134.515008 + 6 * 134.515008 - forward)
    assert parts["optimizer states"].value == pytest.approx(2 * 2 * 134.515008)
    assert memory_parts(replace(problem, quantities=whole, optimizer=Adafactor()))["optimizer states"].value < 1


def test_general_questions_and_replayed_rows_take_their_time(problem: Problem) -> None:
    assert problem.lengths and estimate(problem).general_s.value == 0
    task, mean = estimate(problem), problem.lengths.mean
    general = GeneralLengths([(30, 10)] * 48, [(30, 10)] * 4, [(60, 20)], share=0.2, written=True)
    found = estimate(replace(problem, general=general))
    # One general row of 80 tokens for every four of the task's; the second reads 200 tokens a second.
    assert found.tokens["of them replayed"] == 10 * 2 * 80 / 4
    assert found.training_s.value == pytest.approx(20 * (mean + 80 / 4) / 200)
    # Before and after; the one answer that is written.
    assert found.general_s.value == pytest.approx((2 * 48 * 40 * 1.33 + 80 * 0.67) / 200)
    assert found.validation_s.value == pytest.approx(task.validation_s.value + 2 * 4 * 40 * 1.33 / 200)
    assert found.total_s.value == found.training_s.value + found.validation_s.value + found.general_s.value


def test_rows_that_are_all_too_long_are_refused(problem: Problem) -> None:
    with pytest.raises(UsageError, match="max_length=20"):
        row_lengths(problem.model, replace(TASK, max_length=20), ROWS)


def test_texts_that_are_divided_make_more_rows(problem: Problem) -> None:
    long = ROWS.with_columns(description=pl.col("description") + pl.Series(["", " word" * 100]))
    task = replace(TASK, too_long="chunk", overlap=10)
    lengths = row_lengths(problem.model, task, long)
    assert lengths and lengths.longest <= 200 and len(lengths.rows) > 3
    assert lengths.per_document == len(lengths.rows) / 2
    found, once = (
        estimate(replace(problem, lengths=replace(lengths, per_document=times))) for times in (lengths.per_document, 1)
    )
    assert found.validation_s.value == pytest.approx(once.validation_s.value * lengths.per_document)
    assert found.tokens["per epoch"] == pytest.approx(once.tokens["per epoch"] * lengths.per_document, rel=1e-3)
