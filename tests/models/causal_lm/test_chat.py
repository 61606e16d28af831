"""Training's tokens are those that the template makes at inference."""

from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import messages
from tests.tiny import CHATML, write_model


def test_prompt_and_answer_are_the_whole_conversation(tmp_path: Path) -> None:
    chat = Chat(write_model(tmp_path))
    prompt = chat.prompt_ids("Name it.", "Deletes é x")
    answer = chat.answer_ids("DeleteX")
    conversation = [*messages("Name it.", "Deletes é x"), {"role": "assistant", "content": "DeleteX"}]
    whole = chat.encode(chat.render(conversation, answering=False))
    assert whole[: len(prompt) + len(answer)] == prompt + answer
    assert answer[-1] == chat.eos_id
    assert chat.decode(answer) == "DeleteX"


def test_a_template_that_never_ends_the_turn_is_refused(tmp_path: Path) -> None:
    endless = CHATML.replace("<|im_end|>", "")
    with pytest.raises(ShipworthyError, match="never stop"):
        Chat(write_model(tmp_path, endless)).answer_ids("x")


def test_a_template_that_rewrites_history_is_refused(tmp_path: Path) -> None:
    rewriting = "{% if messages[-1]['role'] == 'assistant' %}done: {% endif %}" + CHATML
    with pytest.raises(ShipworthyError, match="rewrites"):
        Chat(write_model(tmp_path, rewriting)).answer_ids("x")


def test_a_tokenizer_without_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="no chat template"):
        Chat(write_model(tmp_path, ""))
