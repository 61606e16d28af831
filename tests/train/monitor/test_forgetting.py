"""Training on nonsense raises the loss on what the model said before; not training leaves it bit for bit."""

from pathlib import Path

import pytest
import torch

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.monitor.forgetting import PROMPTS, GeneralPrompts
from shipworthy.train.monitor.replay import row_losses
from tests.tiny import write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


def test_nonsense_makes_a_model_forget(folder: Path, tmp_path: Path) -> None:
    chat, path = Chat(folder), tmp_path / "general_prompts.json"
    general = GeneralPrompts.prepare(chat, load_network(folder), path)
    network = build(load_network(folder), Lora(rank=4, alpha=8), seed=1).train()
    assert general.nll(network) == pytest.approx(general.before, rel=1e-5)
    assert network.training and all(p.grad is None for p in network.parameters())

    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.05)
    nonsense = pack([Row([3, 4, 5 + i], [200, 201, 2]) for i in range(8)])
    for _ in range(15):
        token_losses(network.get_base_model(), nonsense).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert general.nll(network) > general.before + 1.0
    assert general.measure(network) == {"general_nll": general.nll(network), "general_nll_before": general.before}
    assert len(general.rows) == len(read_json(PROMPTS)) == 16

    # A resumed run, whose network is another by now, measures against the same answers.
    again = GeneralPrompts.prepare(chat, network.get_base_model(), path)
    assert again == general


def test_the_loss_is_that_of_the_rows_alone(folder: Path, tmp_path: Path) -> None:
    network = load_network(folder)
    general = GeneralPrompts.prepare(Chat(folder), network, tmp_path / "general_prompts.json")
    lengths = [len(row.answer) for row in general.rows]
    alone = sum(loss * length for loss, length in zip(row_losses(network, general.rows), lengths, strict=True))
    assert general.before == pytest.approx(alone / sum(lengths), abs=1e-4)
    # Greedy answers are likely: each token is at least the likeliest of the vocabulary's.
    assert general.before < torch.log(torch.tensor(float(network.config.vocab_size)))


def test_answers_to_other_prompts_are_refused(folder: Path, tmp_path: Path) -> None:
    path, chat = tmp_path / "general_prompts.json", Chat(folder)
    GeneralPrompts.prepare(chat, load_network(folder), path)
    write_json(path, {**read_json(path), "template": "another"})
    with pytest.raises(ArtifactError, match="begin a new run"):
        GeneralPrompts.prepare(chat, load_network(folder), path)
