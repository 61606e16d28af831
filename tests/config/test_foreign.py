"""A setting by another trainer's name is answered with ours, or with 'not supported', never with a like spelling."""

import re

import pytest

from shipworthy.config.compose import compose
from shipworthy.config.foreign import OURS, answer
from shipworthy.config.keys import is_known
from shipworthy.core.choices import is_group
from shipworthy.core.errors import UsageError


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            "gradient_checkpointing=true",
            "there is no gradient_checkpointing: here it is trainer.",
        ),
        ("+gradient_checkpointing=true", "here it is trainer.activation_checkpointing=full."),
        ("trainer.num_train_epochs=3", "there is no trainer.num_train_epochs: here it is trainer.epochs."),
        ("trainer.bf16=true", "here it is trainer.precision=bf16_mixed"),
        ("model.load_in_4bit=true", "here it is adapter=qlora."),
        ("trainer.neftune_noise_alpha=5", "neftune_noise_alpha is not supported."),
        ("optimizer.learning_rate=1e-4", "here it is optimizer.lr"),
        ("trainer.per_device_train_batch_size=4", "here it is trainer.micro_batch_size."),
    ],
)
def test_it_is_answered_with_ours(word: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        compose([word])


@pytest.mark.parametrize("name", OURS)
def test_what_is_named_is_there(name: str) -> None:
    for key in re.findall(r"\b(?:trainer|optimizer|schedule|adapter|task|model|data)\.[a-z_.]+[a-z_]", OURS[name]):
        assert is_known(key), key
    for group in re.findall(r"^([a-z]+)=", OURS[name]):
        assert is_group(group) or is_known(group), group
    assert answer(f"trainer.{name}").endswith(".")


def test_a_key_of_ours_by_such_a_name_stays_ours() -> None:
    assert compose(["experiment=adult_xgboost", "model.learning_rate=0.1"]).model.learning_rate == 0.1  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"did you mean optimizer\.lr\?"):
        compose(["optimizer.lrr=1"])
