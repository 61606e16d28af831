"""scripts/bench/gpu as far as a processor takes it: all contenders begin at one loss, a missing one is named."""

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from scripts.bench.peers.gpu_step import CONTENDERS, Case, ours, plain

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "bench" / "gpu"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    loader = SourceFileLoader("bench_gpu", str(SCRIPT))
    spec = importlib.util.spec_from_loader("bench_gpu", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def case(bench: ModuleType, who: str, adapter: str, prefix: int) -> Case:
    found: Case = next(
        one for one in bench.cases(tiny=True) if (one.who, one.adapter, one.prefix) == (who, adapter, prefix)
    )
    return found


@pytest.mark.parametrize(("adapter", "prefix"), [("lora", 0), ("lora", 16), ("none", 0)])
def test_contenders_train_one_network_on_the_same_rows(bench: ModuleType, adapter: str, prefix: int) -> None:
    own, peer = (make(case(bench, "shipworthy", adapter, prefix)) for make in (ours, plain))
    assert own["first_loss"] == pytest.approx(peer["first_loss"], rel=2e-3)  # rounded to bf16
    assert own["how"].startswith(f"packs behind {prefix} shared tokens")
    # Beside what a shared prefix saves, the same result needs the same operations.
    assert own["tokens_per_s"] * own["step_s"] == pytest.approx(4 * 32)
    spent, due = (one["operations_per_s"] * one["step_s"] for one in (own, peer))
    assert spent == pytest.approx(due) if not prefix else spent < 0.8 * due


def test_a_contender_that_is_not_there_is_named(bench: ModuleType, tmp_path: Path) -> None:
    wanted = Case(**{**vars(case(bench, "TRL", "lora", 0)), "who": "nobody"})
    found = bench.run(wanted, tmp_path, 100.0)
    assert bench.line(found, 1e12).endswith("not run: KeyError: 'nobody'")
    assert list(bench.ratios([found])) == []


def test_every_contender_has_every_case_and_results_are_set_side_by_side(bench: ModuleType) -> None:
    every = list(bench.cases(tiny=False))
    assert len(every) == 6 * len(CONTENDERS) and {one.rows * one.length for one in every} == {bench.TOKENS}
    own, peer = (
        {**vars(case(bench, who, "lora", 16)), "step_s": step, "peak_mb": memory}
        for who, step, memory in (("shipworthy", 0.5, 300.0), ("TRL", 1.5, 600.0))
    )
    said = "lora, 32 tokens, 16 shared: 3.00 times the tokens per second of TRL, 0.50 of its memory"
    assert list(bench.ratios([own, peer])) == [said]
