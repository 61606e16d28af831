"""Batched greedy answers are those of transformers' own generate, one prompt at a time."""

from pathlib import Path

import pytest
import torch

from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import shared_prefix
from tests.tiny import write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


def test_answers_equal_those_of_transformers(folder: Path) -> None:
    network, chat = load_network(folder), Chat(folder)
    words = ["a", "list of buckets", "Deletes a component from an app, and more", "zz", "Creates x", "b" * 40]
    prompts = [chat.prompt_ids("Name it.", word) for word in words]
    ours = greedy(network, prompts, max_new_tokens=12, eos_id=chat.eos_id)
    for prompt, answer in zip(prompts, ours, strict=True):
        whole = network.generate(
            torch.tensor([prompt]), max_new_tokens=12, do_sample=False, eos_token_id=chat.eos_id, pad_token_id=0
        )
        expected = whole[0, len(prompt) :].tolist()
        assert answer == (expected[: expected.index(chat.eos_id)] if chat.eos_id in expected else expected)


def test_rows_that_end_early_leave_the_batch_and_the_others_go_on(folder: Path) -> None:
    network, chat = load_network(folder), Chat(folder)
    prompts = [chat.prompt_ids("", f"row {i}" * (1 + i % 3)) for i in range(8)]
    free = greedy(network, prompts, max_new_tokens=10, eos_id=-1)
    stop = free[3][4]
    stopped = greedy(network, prompts, max_new_tokens=10, eos_id=stop)
    for whole, cut in zip(free, stopped, strict=True):
        assert cut == (whole[: whole.index(stop)] if stop in whole else whole)
    assert any(len(cut) < 10 for cut in stopped)


@pytest.mark.parametrize(
    ("prompts", "length"),
    [([[1, 2, 3], [1, 2, 4]], 2), ([[1, 2], [1, 2]], 1), ([[5], [6]], 0), ([], 0), ([[1, 2, 3], [1, 2]], 1)],
)
def test_shared_prefix_leaves_each_prompt_a_token(prompts: list[list[int]], length: int) -> None:
    assert shared_prefix(prompts) == length
