"""The training benchmark's own arithmetic: the count of the work against torch's counter, speeds, score and table."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from scripts.bench.peers.common import Clock, Job, table, timed
from scripts.bench.peers.score import validation_loss
from scripts.bench.peers.spent import shares

ROOT = Path(__file__).resolve().parents[1]
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CONFIG: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
RANK = 4


def tiny(attention: str) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(**CONFIG, tie_word_embeddings=True, initializer_range=0.3)
    config._attn_implementation = attention
    return LlamaForCausalLM(config)


def test_speeds_leave_the_warm_steps_out() -> None:
    result = {"ends": [100.0, 101.0, 103.0, 104.5], "supervised": [1000, 10, 20, 15], "tokens": [9000, 90, 210, 150]}
    speeds = timed(result, 1)
    assert speeds == {"step_s": 1.5, "total_s": 4.5, "supervised_per_s": 10.0, "tokens_per_s": 100.0}
    with pytest.raises(ValueError, match="4 warm steps of 4"):
        timed(result, 4)


def test_the_clock_sums_micro_batches_and_leaves_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = dict.fromkeys(Job.__dataclass_fields__, 1)
    job = Job(**{**fields, "out": str(tmp_path)})  # type: ignore[arg-type]
    clock = Clock()
    clock.saw(2, 30)
    clock.saw(3, 40)
    clock.tick()
    clock.saw(4, 50)
    clock.tick()
    clock.finish(job, packages=["torch"], settings={"a": 1}, adapter="there")
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["supervised"], result["tokens"], result["adapter"]) == ([5, 4], [70, 50], "there")
    assert result["peak_memory_mb"] > 50
    assert capsys.readouterr().out.count("benchmark step") == 2


@pytest.mark.parametrize("shared", [0, 6])
def test_the_score_is_the_mean_over_tokens_of_rows_computed_alone(shared: int) -> None:
    network = tiny("sdpa").eval()
    generator = torch.Generator().manual_seed(1)

    def ids(count: int) -> list[int]:
        drawn: list[int] = torch.randint(97, (count,), generator=generator).tolist()
        return drawn

    prefix = ids(shared)
    samples = [([*prefix, *ids(2 + i % 5)], ids(1 + i % 4)) for i in range(40)]  # more than one batch
    total, count = 0.0, 0
    with torch.inference_mode():
        for prompt, answer in samples:
            logits = network(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
            total += float(cross_entropy(logits, torch.tensor(answer), reduction="sum"))
            count += len(answer)
    assert math.isclose(validation_loss(network, samples), total / count, rel_tol=1e-5)


def test_the_table_has_a_line_for_each_and_says_why_one_did_not_run() -> None:
    row = {
        "name": "ours",
        "supervised_per_s": 12.34,
        "tokens_per_s": 100.4,
        "step_s": 1.5,
        "total_s": 30.0,
        "peak_memory_mb": 1000.0,
        "validation_loss": 1.23456,
    }
    head, line, error = table([row, {"name": "other", "error": "no memory"}]).splitlines()
    assert head.split()[0] == "contender"
    assert line.split() == ["ours", "12.3", "100", "1.50", "30.0", "1000", "1.2346"]
    assert error == "other: not run: no memory"


def test_the_time_of_a_step_is_told_apart_by_what_operations_are_for() -> None:
    a, b = torch.randn(64, 64, requires_grad=True), torch.randn(64, 64)
    found = shares(lambda: torch.autograd.grad((a @ b).exp().log_softmax(-1).sum(), a))
    assert found.pop("product_gflops") > 0
    assert {"matrix products", "elementwise", "loss", "python and autograd"} <= set(found)
    assert sum(found.values()) == pytest.approx(1)
    assert all(share > 0 for share in found.values())


def test_a_contender_that_does_not_exist_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/bench/train", "--contenders", "ours,nobody"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "nobody" in done.stderr
