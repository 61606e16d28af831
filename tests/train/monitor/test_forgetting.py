"""What a network knew and was made to forget is found; what it still knows is not claimed to be lost."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.general import suite
from shipworthy.train.general.suite import Item
from shipworthy.train.monitor.forgetting import FILE, GeneralPrompts
from shipworthy.train.monitor.replay import row_losses
from shipworthy.train.monitor.schema import Forgetting
from tests.tiny import write_model

FEW = Forgetting(questions=2, during=1, new_tokens=4)
ITEMS = [
    Item(f"{skill}-{i}", skill, suite.MEASURED, f"{sign}{chr(97 + i)}", answer, "exact")
    for skill, sign, answers in (("digits", "?", "01234567890123"), ("letters", "!", "abcdefghijklmn"))
    for i, answer in enumerate(answers)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


def teach(network: PreTrainedModel, chat: Chat, answers: Sequence[tuple[str, str]], steps: int) -> None:
    """Full fine-tuning on prompts with their answers, all in each step."""
    rows = pack([Row(chat.prompt_ids("", prompt), chat.answer_ids(answer)) for prompt, answer in answers])
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(steps):
        token_losses(network, rows).mean().backward()
        optimizer.step()
        optimizer.zero_grad()


def test_a_skill_that_was_unlearnt_is_lost_and_the_other_is_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "suite", lambda half=suite.MEASURED: tuple(ITEMS))
    chat, network = Chat(folder), load_network(folder)
    teach(network, chat, [(item.prompt, item.answer) for item in ITEMS], 80)
    general = GeneralPrompts.prepare(chat, network, tmp_path / "p.json", Forgetting(during=14, new_tokens=3))
    assert general.before.right.mean() > 0.9  # else there is nothing to lose
    unchanged = general.verdict(network, 0.01, 1, tmp_path)
    assert (
        unchanged and unchanged["words"] != "lost" and unchanged["whole"]["loss"]["claim"]["difference"]["value"] == 0
    )

    wrong = [(item.prompt, "x" if item.skill == "digits" else item.answer) for item in ITEMS]
    teach(network, chat, wrong, 40)
    found = general.verdict(network, 0.01, 1, tmp_path)
    assert found and found["words"] == "lost" and "in digits" in found["sentence"]
    by_question = read_json(tmp_path / FILE)
    gone = {one["skill"] for one in by_question if one["right_before"] and not one["right_after"]}
    assert len(by_question) == 28 and "digits" in gone
    digits, letters = found["skills"]
    for key in ("answers", "loss"):
        assert digits[key]["claim"]["words"] == "worse" and letters[key]["claim"]["words"] != "worse"
    entry = general.measure(network)
    assert entry["general_lost"] >= 12 and entry["general_won"] == 0 and entry["general_questions"] == 28
    assert entry["general_right_nll"] > entry["general_right_nll_before"] + 1


def test_a_network_as_it_was_is_measured_as_before_and_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    chat, path = Chat(folder), tmp_path / "general_prompts.json"
    general = GeneralPrompts.prepare(chat, load_network(folder), path, FEW)
    assert len(general.questions.items) == 18
    network = build(load_network(folder), Lora(rank=4, alpha=8), seed=1).train()
    entry = general.measure(network)
    assert network.training and all(p.grad is None for p in network.parameters())
    for key in ("general_nll", "general_right_nll", "general_right"):
        assert entry[key] == pytest.approx(entry[f"{key}_before"], rel=1e-5)
    assert entry["general_questions"] == 9 and entry["general_won"] == entry["general_lost"] == 0
    # Greedy answers are likely: each token is at least the likeliest of the vocabulary's.
    assert entry["general_nll"] < np.log(network.get_base_model().config.vocab_size)

    # A resumed run, whose network is another by now, measures against the same answers.
    with torch.no_grad():
        network.get_base_model().model.norm.weight.mul_(-1)
    again = GeneralPrompts.prepare(chat, network.get_base_model(), path, FEW)
    assert again.questions == general.questions and np.array_equal(again.before.loss, general.before.loss)
    assert again.measure(network)["general_nll"] > entry["general_nll"]


def test_the_losses_are_those_of_the_rows_alone(folder: Path, tmp_path: Path) -> None:
    network = load_network(folder)
    general = GeneralPrompts.prepare(Chat(folder), network, tmp_path / "p.json", Forgetting(questions=12, new_tokens=4))
    asked = general.questions
    for answers, found in ((asked.answers, general.before.loss), (asked.own, general.before.own_loss)):
        rows = [Row(prompt, answer) for prompt, answer in zip(asked.prompts, answers, strict=True)]
        assert found == pytest.approx(row_losses(network, rows), abs=1e-4)


@pytest.mark.parametrize(("key", "value"), [("template", "another"), ("suite", "another"), ("new_tokens", 5)])
def test_answers_to_other_questions_are_refused(folder: Path, tmp_path: Path, key: str, value: object) -> None:
    path, chat = tmp_path / "general_prompts.json", Chat(folder)
    GeneralPrompts.prepare(chat, load_network(folder), path, FEW)
    write_json(path, {**read_json(path), key: value})
    with pytest.raises(ArtifactError, match="begin a new run"):
        GeneralPrompts.prepare(chat, load_network(folder), path, FEW)


def test_nothing_is_asked_where_nothing_is_looked_for(folder: Path, tmp_path: Path) -> None:
    network, path = load_network(folder), tmp_path / "p.json"
    general = GeneralPrompts.prepare(Chat(folder), network, path, Forgetting(action="off"))
    assert general.measure(network) == {} and general.verdict(network, 0.01, 1, tmp_path) is None
    assert not any(tmp_path.iterdir())
