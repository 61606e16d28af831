"""A causal language model with LoRA: exact counts, memory by parts, time from a few real steps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import torch
from torch.nn import Linear
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from shipworthy.architect.estimate.build import Problem
from shipworthy.architect.estimate.estimate import Bounds, Estimate, total
from shipworthy.architect.estimate.scale import TIMING, operations
from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import questions
from shipworthy.models.causal_lm.memory import kept_numbers
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.rows import texts

MB = 1e6
FLOAT32 = 4  # bytes: training is in 32 bits
SAMPLE_ROWS = 300
MOST_CLASSES = 100  # with more different answers than these, they count as text
# What Python, torch, transformers, Lightning and the tracker take before a weight is loaded (megabytes; measured 570
# to 900 on Linux), and what CUDA's context takes on a GPU.
LIBRARIES_MB = Bounds(700, 550, 950)
CUDA_MB = Bounds(700, 400, 1200)
# While weights are read, their file's pages are resident too; the allocator keeps what it was given back.
WEIGHTS_COPIES = Bounds(1.3, 1.0, 2.0)
# The share of a GPU's peak that small fine-tuning runs reach.
UTILISATION = Bounds(0.2, 0.1, 0.4)
# Reading a prompt takes a third of a training step on it (no backward pass); writing the answer, token by token,
# takes as much again.
VALIDATION = Bounds(0.67, 0.33, 1.5)


@dataclass(frozen=True)
class Lengths:
    """Tokens of prompt and answer of each sample row, those that fit the trainer's longest row."""

    rows: list[tuple[int, int]]

    @property
    def mean(self) -> float:
        """Mean tokens of a row."""
        return sum(prompt + answer for prompt, answer in self.rows) / len(self.rows)

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return max(prompt + answer for prompt, answer in self.rows)

    @property
    def answer(self) -> float:
        """Mean tokens of an answer."""
        return sum(answer for _, answer in self.rows) / len(self.rows)


def estimate(problem: Problem, measure: Callable[..., Any]) -> Estimate:
    """What the training will take.

    Raises:
        UsageError: no sample row fits `task.max_length`.
        ShipworthyError: the base weights were not fetched.
    """
    model, trainer = problem.model, problem.trainer
    assert isinstance(model, CausalLM)
    folder = base_folder(model)
    lengths = sample_lengths(problem, Chat(folder))
    network = on_meta(folder)
    parameters = sum(p.numel() for p in network.parameters())
    trainable = trainable_parameters(network, problem.adapter)
    steps, batch = int(trainer.steps), int(trainer.batch_size)
    tokens = steps * batch * lengths.mean
    parts = memory_parts(problem, network.config, parameters, trainable, lengths)
    peak = total(parts.values())
    measured: dict[str, Any] = {}
    if problem.machine.gpus:
        at_peak = operations(tokens, parameters) / (problem.machine.gpu_tflops * 1e12)
        seconds = Bounds(*(at_peak / share for share in (UTILISATION.value, UTILISATION.high, UTILISATION.low)))
    else:
        probe = measure(model, problem.adapter, trainer, problem.optimizer, lengths.rows, problem.seed)
        assert probe.trainable_parameters == trainable, "the plan counts what the adapter does not train"
        measured = {
            "what": f"{probe.steps} optimizer steps of {batch} rows, after one to warm up, on this machine",
            "seconds_per_step": round(probe.seconds_per_step, 3),
            "tokens_per_second": round(probe.tokens_per_second, 1),
            "peak_memory_mb": round(probe.peak_memory_mb),
        }
        seconds = TIMING.scaled(tokens / probe.tokens_per_second)
        peak = Bounds(probe.peak_memory_mb, 0.9 * probe.peak_memory_mb, max(peak.high, probe.peak_memory_mb))
    return Estimate(
        family=model.kind,
        why=_why(problem, parameters, trainable),
        steps=steps,
        parameters=parameters,
        trainable_parameters=trainable,
        tokens={
            "mean per row": round(lengths.mean, 1),
            "mean of an answer": round(lengths.answer, 1),
            "longest row of the sample": lengths.longest,
            "per epoch": round(problem.expected.train * lengths.mean),
            "in all": round(tokens),
        },
        memory_mb=parts,
        peak_mb=peak,
        training_s=seconds,
        validation_s=_validation(problem, seconds),
        measured=measured,
        give_up=_give_up(problem),
    )


def sample_lengths(problem: Problem, chat: Chat) -> Lengths:
    """Tokens of at most `SAMPLE_ROWS` rows, through the model's own chat template."""
    task = problem.task
    if not isinstance(task, TextToText):
        raise UsageError(f"model 'causal_lm' answers in words, and task '{task.kind}' asks for something else.")
    rows = problem.sample.sample(min(SAMPLE_ROWS, problem.sample.height), seed=problem.seed)
    found = (
        _of_conversations(task, rows, chat)
        if task.messages
        else [
            (len(chat.prompt_ids(task.system, question)), len(chat.answer_ids(answer)))
            for question, answer in zip(texts(rows, task.prompt), rows["answer"], strict=True)
        ]
    )
    fitting = [(prompt, answer) for prompt, answer in found if prompt + answer <= task.max_length]
    if not fitting:
        raise UsageError(f"task.max_length={task.max_length} is shorter than every row of the sample: raise it.")
    return Lengths(fitting)


def _of_conversations(task: TextToText, rows: pl.DataFrame, chat: Chat) -> list[tuple[int, int]]:
    """Tokens before and in the last turn of the assistant."""
    found = []
    for whole in questions(task, rows):
        prompt, all_of_it = (
            len(chat.ids([part.messages], answering, whole.tools)[0])
            for part, answering in ((whole.until(whole.turns()[-1]), True), (whole, False))
        )
        found.append((prompt, all_of_it - prompt))
    return found


def on_meta(folder: Any) -> PreTrainedModel:
    """The network without its weights: shapes only, no memory."""
    with torch.device("meta"):
        network: PreTrainedModel = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(str(folder)))
    return network


def trainable_parameters(network: PreTrainedModel, adapter: Any) -> int:
    """What LoRA trains: rank × (inputs + outputs) of every linear layer that it changes (Hu et al. 2021)."""
    rank = int(adapter.rank)
    return sum(rank * (layer.in_features + layer.out_features) for layer in _adapted(network, adapter))


def _adapted(network: PreTrainedModel, adapter: Any) -> Iterator[Linear]:
    targets, first = adapter.targets, adapter.first_layer
    for name, module in network.named_modules():
        if isinstance(module, Linear) and name.startswith("model.layers."):
            layer, leaf = int(name.split(".")[2]), name.rpartition(".")[2]
            if layer >= first and ("all-linear" in targets or leaf in targets):
                yield module


def memory_parts(
    problem: Problem, config: PretrainedConfig, parameters: int, trainable: int, lengths: Lengths
) -> dict[str, Bounds]:
    """Where the peak goes (megabytes).

    The activations' bounds: at least what the backward pass of each layer keeps, at most twice that, with gradients on
    their way and what the allocator holds. A layer below `adapter.first_layer` keeps nothing.
    """
    trainer, adapter = problem.trainer, problem.adapter
    kept = kept_numbers(config, config.num_hidden_layers - adapter.first_layer)
    batch = trainer.batch_size
    answers = batch * lengths.answer * config.vocab_size
    return {
        "libraries": CUDA_MB if problem.machine.gpus else LIBRARIES_MB,
        "weights": WEIGHTS_COPIES.scaled(parameters * FLOAT32 / MB),
        "gradients": Bounds.exactly(trainable * FLOAT32 / MB),
        "optimizer": Bounds.exactly(2 * trainable * FLOAT32 / MB),
        "activations": Bounds.between(
            kept * batch * lengths.mean * FLOAT32 / MB, 2 * kept * batch * lengths.longest * FLOAT32 / MB
        ),
        # Logits of the answers' tokens alone, their softmax and their gradient.
        "vocabulary projection": Bounds.between(2 * answers * FLOAT32 / MB, 4 * answers * FLOAT32 / MB),
    }


def _validation(problem: Problem, training_s: Bounds) -> Bounds:
    trainer = problem.trainer
    steps, every = trainer.steps, trainer.validate_every
    rows = min(trainer.validation_rows or problem.expected.validation, problem.expected.validation)
    share = -(-steps // every) * rows / (steps * trainer.batch_size)
    return Bounds(
        training_s.value * share * VALIDATION.value,
        training_s.low * share * VALIDATION.low,
        training_s.high * share * VALIDATION.high,
    )


def _why(problem: Problem, parameters: int, trainable: int) -> str:
    answers = problem.sample["answer"]
    different = answers.n_unique()
    what = f"a language model of {parameters / MB:.1f} million parameters"
    if different <= MOST_CLASSES:
        why = f"The answers are {different} classes, in words: {what} must show that simpler ones tell them apart worse"
    else:
        why = (
            f"The answers are text: {different:,} different ones in {len(answers):,} rows, too many for classes, and "
            f"unseen ones must be written; {what} can"
        )
    return f"{why}. LoRA trains {trainable / MB:.2f} million of them ({100 * trainable / parameters:.1f}%)."


def _give_up(problem: Problem) -> list[str]:
    steps = int(problem.trainer.steps)
    metric = problem.task.metric
    return [
        "at once, when the loss is not finite",
        f"at step {max(1, steps // 20)}, when the speed is below half of what was planned: wrong machine, or busy",
        f"at step {steps // 2}, when {metric} on validation is below the best baseline's: change rate, rank or data "
        "before more steps",
        "when two validations in a row bring nothing new: the selected checkpoint stays the best one",
    ]
