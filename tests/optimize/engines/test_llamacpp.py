"""llama.cpp itself, with a tiny random model: needs toolchains/llamacpp/build and what `fetch` brings."""

import time
from pathlib import Path

import polars as pl
import pytest

from shipworthy.config.compose import compose
from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import messages
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.optimize.engines.llamacpp.load import load
from shipworthy.optimize.engines.llamacpp.server import GREEDY, serve, settings
from shipworthy.optimize.engines.llamacpp.toolchain import Toolchain, locate
from shipworthy.optimize.quantize.gguf.convert import convert, copy_tokenizer
from shipworthy.optimize.quantize.gguf.parity import check
from shipworthy.optimize.quantize.gguf.tensors import tensor_types

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TASK = TextToText(name="t", description="d", baselines=["majority"], system="Name it.", prompt="{service}: {text}")
ROWS = pl.DataFrame(
    {
        "id": [f"r{i}" for i in range(8)],
        "service": ["s3", "ec2", "amplify", "iot", "rds", "ses", "sqs", "sns"],
        "text": [f"Deletes {'very ' * i}old things. Ünïcode, <|im_end|>, {{braces}}  and   spaces" for i in range(8)],
    }
)


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return locate()


@pytest.fixture(scope="module")
def base() -> Path:
    config = compose(["model=tiny_random"]).model
    assert isinstance(config, CausalLM)
    return weights.fetch(config)


@pytest.fixture(scope="module")
def rows(base: Path) -> pl.DataFrame:
    chat = Chat(base)
    ids = [chat.prompt_ids(TASK.system, TASK.prompt.format(**row)) for row in ROWS.iter_rows(named=True)]
    return ROWS.with_columns(pl.Series("prompt_ids", ids))


@pytest.fixture(scope="module")
def gguf(base: Path, toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("gguf") / "f16.gguf"
    convert(base, target, toolchain)
    return target


def test_the_engine_reads_what_training_read(gguf: Path, rows: pl.DataFrame, toolchain: Toolchain) -> None:
    assert check(TASK, rows, gguf, toolchain, "") == {"rows": 8, "equal": 8}


def test_another_template_is_caught(base: Path, rows: pl.DataFrame, toolchain: Toolchain, tmp_path: Path) -> None:
    other = tmp_path / "other"
    load_network(base).save_pretrained(other)
    copy_tokenizer(base, other)
    template = (other / "chat_template.jinja").read_text()
    (other / "chat_template.jinja").write_text(template.replace("'<|im_start|>assistant\n'", "'<|im_start|>assistant'"))
    convert(other, tmp_path / "other.gguf", toolchain)
    with pytest.raises(ShipworthyError, match="tokenizes row r0 differently from training"):
        check(TASK, rows, tmp_path / "other.gguf", toolchain, "")


def test_answers_in_batches_are_those_one_by_one_and_those_of_transformers(
    base: Path, gguf: Path, rows: pl.DataFrame, toolchain: Toolchain
) -> None:
    prompts = rows["prompt_ids"].to_list()
    batched = toolchain.answers(gguf, prompts, max_new_tokens=6, parallel=4, what="")
    alone = toolchain.answers(gguf, prompts, max_new_tokens=6, parallel=1, what="")
    reference = greedy(load_network(base), prompts, max_new_tokens=6, eos_id=Chat(base).eos_id)
    assert [answer.ids for answer in batched] == [answer.ids for answer in alone] == reference
    assert all(0 < answer.first <= answer.seconds for answer in alone)


@pytest.mark.parametrize(
    ("name", "types"), [("q8_0", {"Q8_0": 15, "F32": 5}), ("q4_k_m", {"Q5_0": 12, "F32": 5, "Q8_0": 3})]
)
def test_what_a_width_cannot_take_is_told(
    name: str, types: dict[str, int], gguf: Path, toolchain: Toolchain, tmp_path: Path
) -> None:
    """64 columns do not divide by 256: nothing of what is called q4_k_m has 4 bits."""
    toolchain.quantize(gguf, tmp_path / "small.gguf", name)
    assert tensor_types(tmp_path / "small.gguf") == types


def test_four_at_a_time_are_all_answered_and_the_server_is_gone_afterwards(
    gguf: Path, rows: pl.DataFrame, toolchain: Toolchain
) -> None:
    bodies = [
        {"messages": messages(TASK.system, TASK.prompt.format(**row)), "max_tokens": 6, **GREEDY}
        for row in ROWS.iter_rows(named=True)
    ]
    expected = toolchain.answers(gguf, rows["prompt_ids"].to_list(), max_new_tokens=6, parallel=1, what="")
    process = None

    def interrupted() -> None:
        nonlocal process
        with serve(toolchain, settings(str(gguf), "m", 512, 2, 0), bodies[0]) as server:
            process = server.process
            replies, _ = load(server.url, [[body] for body in bodies], 4, "")
            assert [reply.text for (reply,) in replies] == [answer.text for answer in expected]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert process is not None
    assert not process.is_running()


def test_a_file_that_is_no_model_is_one_sentence(toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ShipworthyError, match=r"generate\.py ended with code 1: llama\.cpp cannot load"):
        toolchain.answers(tmp_path / "bad.gguf", [[1, 2]], max_new_tokens=1, parallel=1, what="")
    begun = time.monotonic()
    with (
        pytest.raises(ShipworthyError, match=r"server ended with code"),
        serve(toolchain, settings(str(tmp_path / "bad.gguf"), "m", 64, 1, 0), {}),
    ):
        pass
    assert time.monotonic() - begun < 60
