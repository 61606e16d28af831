"""Conversations, tools, samples of evals, and pairs."""

import json

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.look import talks
from tests.data.look.conftest import Look

ASKED = {"role": "user", "content": "How are you?"}
SAID = {"role": "assistant", "content": "Well, thank you."}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def test_conversations_are_found_in_every_format_that_is_read(look_at: Look) -> None:
    sharegpt = [{"from": "human", "value": "How?"}, {"from": "gpt", "value": "So."}]
    for messages in ([ASKED, SAID], sharegpt, json.dumps([ASKED, SAID])):
        found = talks.find(look_at([{"n": 1, "talk": messages}] * 5))
        assert found is not None and (found.messages, found.tools, found.calls, found.sound) == ("talk", "", False, 1)
    assert found.characters == (28, 16)


def test_tools_are_found_by_their_schemas_and_others_are_named(look_at: Look) -> None:
    row = {"messages": [ASKED, SAID]}
    found = talks.find(look_at([{**row, "tools": [TOOL]}] * 4))
    assert found is not None and (found.tools, found.unsound) == ("tools", "")
    found = talks.find(look_at([{**row, "tools": ["f"]}] * 4))
    assert found is not None and (found.tools, found.unsound) == ("", "tools")


def test_a_few_broken_ones_are_left_to_prepare_and_many_are_no_conversations(look_at: Look) -> None:
    good, bad = {"messages": [ASKED, SAID]}, {"messages": [ASKED]}
    found = talks.find(look_at([good, good, good, bad]))
    assert found is not None and found.sound == 0.75
    assert talks.find(look_at([good, bad, bad, bad])) is None
    assert talks.find(look_at([{"messages": [1, 2]}] * 3)) is None
    assert talks.find(look_at("text,team\n[one] two,a\n[three] four,b\n")) is None


def test_what_python_prints_is_refused_with_the_remedy(look_at: Look) -> None:
    text = str([ASKED, SAID]).replace('"', '""')
    with pytest.raises(UsageError, match=r"json\.dumps"):
        talks.find(look_at(f'messages\n"{text}"\n"{text}"\n'))


def test_samples_of_evals_are_known_by_both_columns(look_at: Look) -> None:
    sample = {"input": [{"role": "system", "content": "Say."}, ASKED], "ideal": "1"}
    assert talks.is_evals(look_at([sample] * 3))
    assert not talks.is_evals(look_at([{**sample, "ideal": ["1", "2"]}] * 3))
    assert not talks.is_evals(look_at([{**sample, "input": [SAID]}] * 3))
    assert not talks.is_evals(look_at([{"input": "a text", "ideal": "1"}] * 3))


def test_pairs_are_refused_for_nothing_learns_from_them_yet(look_at: Look) -> None:
    with pytest.raises(UsageError, match="pairs of a better and a worse answer"):
        talks.refuse_pairs(look_at([{"prompt": "a", "chosen": "b", "rejected": "c"}] * 3))
