from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.core.sources.schema import Folder
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.majority.schema import Majority
from shipworthy.models.prompted.family import Shown, create, first_line
from shipworthy.models.prompted.schema import FewShot, ZeroShot
from shipworthy.models.prompted.shots import choose, first_word
from tests.models import samples
from tests.tiny import write_model

TASK = TextToText(
    name="t",
    description="d",
    baselines=["few_shot"],
    system="Name it.",
    prompt="{description}",
    max_new_tokens=3,
    shots=4,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CausalLM]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPWORTHY_CACHE", str(tmp_path_factory.mktemp("cache")))
        config = CausalLM(
            name="tiny", licence="none", source=Folder(path=str(write_model(tmp_path_factory.mktemp("tiny"))))
        )
        weights.fetch(config)
        yield config


@pytest.fixture(scope="module")
def train(base: CausalLM) -> pl.DataFrame:
    chat, rows = Chat(weights.base_folder(base)), samples.operations()
    return rows.with_columns(prompt_ids=pl.Series([chat.prompt_ids(TASK.system, text) for text in rows["description"]]))


def test_zero_shot_asks_the_frozen_prompts(base: CausalLM, train: pl.DataFrame, tmp_path: Path) -> None:
    config = ZeroShot.as_baseline(base, TASK)
    model = create(config)
    model.fit(train, train, 0)
    assert model.prompts(train) == train["prompt_ids"].to_list()
    assert len(model.predict(train.drop("answer"))) == train.height
    samples.saved_and_loaded(config, model, train.drop("answer"), tmp_path)
    with pytest.raises(ArtifactError, match="lack the column prompt_ids"):
        model.predict(train.drop("prompt_ids"))


def test_few_shot_shows_solved_examples_before_each_question(
    base: CausalLM, train: pl.DataFrame, tmp_path: Path
) -> None:
    config = FewShot.as_baseline(base, TASK)
    model = create(config)
    assert isinstance(model, Shown)
    model.fit(train, train, 0)
    asked = train.drop("answer")
    text = model.chat.tokenizer.decode(model.prompts(asked)[0])
    assert text.count("<|im_start|>user") == text.count("<|im_start|>assistant") == TASK.shots + 1
    assert text.startswith("<|im_start|>system\nName it.<|im_end|>")
    assert text.endswith(f"<|im_start|>user\n{asked['description'][0]}<|im_end|>\n<|im_start|>assistant\n")
    shown = zip(model.turns[::2], model.turns[1::2], strict=True)
    pairs = dict(zip(train["description"], train["answer"], strict=True))
    assert all(pairs[question["content"]] == answer["content"] for question, answer in shown)
    samples.saved_and_loaded(config, model, asked, tmp_path)
    other = create(config)
    other.fit(train, train, 1)
    assert isinstance(other, Shown) and other.turns != model.turns


def test_few_shot_refuses_prompts_of_another_wording(base: CausalLM, train: pl.DataFrame) -> None:
    task = TextToText(name="t", description="d", baselines=["few_shot"], system="Other.", prompt="{description}")
    with pytest.raises(ArtifactError, match="prompts are not those that the task's wording makes"):
        create(FewShot.as_baseline(base, task)).fit(train, train, 0)


def test_few_shot_refuses_rows_without_answers(base: CausalLM, train: pl.DataFrame) -> None:
    samples.refuses_rows_without_answers(FewShot.as_baseline(base, TASK), train)


def test_examples_are_as_diverse_as_their_number_allows() -> None:
    rows = samples.operations()
    assert sorted(map(first_word, choose(rows, 4, seed=0)["answer"])) == ["Create", "Delete", "Describe", "List"]
    assert len(set(choose(rows, rows.height, seed=0)["id"])) == rows.height
    assert choose(rows, 4, seed=0).equals(choose(rows, 4, seed=0))
    with pytest.raises(UsageError, match=r"task.shots=13 is more than the 12 rows"):
        choose(rows, 13, seed=0)


def test_only_a_language_model_can_be_prompted(base: CausalLM) -> None:
    with pytest.raises(UsageError, match="'zero_shot' asks a language model"):
        ZeroShot.as_baseline(Majority(), TASK)
    with pytest.raises(UsageError, match="'few_shot' asks a language model"):
        FewShot.as_baseline(base, Classification(name="t", description="d", baselines=["few_shot"]))


@pytest.mark.parametrize(("text", "line"), [("GetItem\nbecause", "GetItem"), ("\n\n Get \nx", "Get"), ("", "")])
def test_the_answer_is_the_first_line(text: str, line: str) -> None:
    assert first_line(text) == line
