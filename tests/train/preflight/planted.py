"""A healthy run on the tiny model, into which each test plants one fault."""

import math
from dataclasses import replace
from pathlib import Path

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.optimizers.schema import AdamW
from shipworthy.train.preflight.context import Context, Writing
from shipworthy.train.schema import LightningTrainer
from tests.tiny import write_model

TEXTS = [("one", "uno"), ("two and two", "due"), ("3", "tre!"), ("four of them", "quattro"), ("five", "cinque")]


def healthy(folder: Path, lr: float = 2e-2) -> Context:
    model = write_model(folder / "model")
    chat = Chat(model)
    network = build(load_network(model), Lora(rank=16, alpha=32), seed=1)

    def save(target: Path) -> None:
        weights = get_peft_model_state_dict(network, save_embedding_layers=False)
        save_file({name: tensor.contiguous() for name, tensor in weights.items()}, target / "adapter.safetensors")

    def load(source: Path) -> None:
        set_peft_model_state_dict(network, load_file(source / "adapter.safetensors"))

    return Context(
        network=network,
        rows=[Row(chat.prompt_ids("Translate.", question), chat.answer_ids(answer)) for question, answer in TEXTS],
        guessing=math.log(network.config.vocab_size),
        writing=Writing([[answer] for _, answer in TEXTS], chat.decode, chat.eos_id, max_new_tokens=24, pad_id=0),
        trainer=LightningTrainer(batch_size=4, steps=8, validate_every=4),
        optimizer=AdamW(lr=lr),
        seed=5,
        save=save,
        load=load,
        batches=[[0, 1], [2, 3]],
        run=folder / "run",
        patience=5.0,
    )


def with_rows(context: Context, rows: list[Row]) -> Context:
    return replace(context, rows=rows)


def frozen(context: Context) -> Context:
    for parameter in context.network.parameters():
        parameter.requires_grad_(False)
    return context


def bits(context: Context) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in context.network.state_dict().items()}
