"""The three causes are told apart on a real, small model: planted rows, a planted step, a planted loss."""

import copy
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from shipworthy.core.files import read_json
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.monitor.cause import Replay, cause
from shipworthy.train.monitor.findings import Finding
from shipworthy.train.monitor.replay import row_losses, swapped_weights
from shipworthy.train.monitor.spike_report import write_spike_report
from tests.tiny import write_model
from tests.train.monitor.histories import Entry, ordinary

Weights = dict[str, torch.Tensor]
GARBAGE = Row([1, 40, 41, 50], [255, 3, 255, 7, 2])
ROWS = [Row([1, 40, 41, 50 + i], [60, 61, 60 + i % 3, 2]) for i in range(8)]


def trained(network: PeftModel) -> Weights:
    return {name: p.detach().clone() for name, p in network.named_parameters() if p.requires_grad}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def network(folder: Path) -> PeftModel:
    """A model that has learned its rows."""
    network = build(load_network(folder), Lora(rank=8, alpha=16), seed=1).train()
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.02)
    for _ in range(60):
        token_losses(network.get_base_model(), pack(ROWS)).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert max(row_losses(network, ROWS)) < 1.5
    return network


@pytest.fixture(scope="module")
def good(network: PeftModel) -> Weights:
    return trained(network)


def written(
    folder: Path, network: PeftModel, good: Weights | None, rows: Sequence[Row], run_loss: float | None = None
) -> tuple[Entry, str]:
    """The spike report of a batch under the network as it is, after a run at about the loss of rows that it knows."""
    now = row_losses(network, rows)
    tokens = [len(row.answer) for row in rows]
    loss = run_loss if run_loss is not None else sum(x * n for x, n in zip(now, tokens, strict=True)) / sum(tokens)
    history = [{**entry, "loss": 0.3 + 0.01 * (entry["step"] % 5)} for entry in ordinary(60)]
    history[-1]["loss"] = loss
    finding = Finding("spike", "warn", 60, loss, 1.0, "Loss is high.", 60, 58)

    def rows_nll(which: str) -> list[float]:
        if which == "now":
            return row_losses(network, rows)
        assert good is not None
        with swapped_weights(network, good):
            return row_losses(network, rows)

    described = [
        {"id": f"row-{i}", "prompt": f"what | {row.prompt}", "answer": "a\nb", "tokens": len(row), "supervised": n}
        for i, (row, n) in enumerate(zip(rows, tokens, strict=True))
    ]
    path = write_spike_report(folder, finding, history, described, rows_nll, 40 if good is not None else None)
    assert path == folder / "spike_report-0000060.json"
    return read_json(path), path.with_suffix(".md").read_text()


def test_a_row_of_garbage_is_the_data(network: PeftModel, good: Weights, tmp_path: Path) -> None:
    report, page = written(tmp_path, network, good, [*ROWS, GARBAGE])
    assert report["cause"] == "data" and "1 of 9 rows" in report["because"]
    assert [row["id"] for row in report["rows"] if row["carries"]] == ["row-8"] == [report["rows"][0]["id"]]
    losses = [row["loss"] for row in report["rows"]]
    assert losses == sorted(losses, reverse=True)
    assert len(report["losses"]) == 20 and report["gradient_norms"].keys() >= {"grad_norm", "grad_norm/layers.0-9.attn"}
    assert "**Cause: data.**" in page and "| **row-8** |" in page and "what \\| [1" in page


def test_a_batch_of_nothing_but_garbage_is_the_data(network: PeftModel, good: Weights, tmp_path: Path) -> None:
    report, _ = written(tmp_path, network, good, [GARBAGE] * 4)
    assert report["cause"] == "data" and "whole batch" in report["because"]


def test_weights_thrown_far_off_are_the_rate(network: PeftModel, good: Weights, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(5)
    thrown = {name: w + torch.randn(w.shape, generator=generator) for name, w in good.items()}
    with swapped_weights(network, thrown):
        report, page = written(tmp_path, network, good, ROWS)
        assert report["cause"] == "rate" and "8 of 8 rows rose" in report["because"], report["because"]
        # Without a good checkpoint nobody can tell.
        assert written(tmp_path, network, None, ROWS)[0]["cause"] == "unclear"
    assert "weights of step 40" in page
    assert all(torch.equal(w, good[name]) for name, w in trained(network).items())


@pytest.mark.parametrize("run_loss", [30.0, math.nan, math.inf])
def test_a_loss_that_float32_does_not_show_is_the_precision(
    network: PeftModel, good: Weights, tmp_path: Path, run_loss: float
) -> None:
    report, _ = written(tmp_path, network, good, ROWS, run_loss)
    assert report["cause"] == "precision" and report["loss_replayed"] < 1.5
    assert report["loss"] == (run_loss if run_loss == 30.0 else str(run_loss))


def test_an_ordinary_loss_has_no_cause(network: PeftModel, good: Weights, tmp_path: Path) -> None:
    assert written(tmp_path, network, good, ROWS, 0.3)[0]["cause"] == "unclear"


def test_rows_that_are_not_finite_are_outliers() -> None:
    replay = Replay([4] * 8, [1.0] * 7 + [math.nan], [1.0] * 7 + [math.nan])
    found = cause(math.nan, [1.0, 1.1], replay)
    assert (found.name, found.rows) == ("data", (7,))


def test_the_replay_is_in_float32_and_the_same_each_time(network: PeftModel, good: Weights) -> None:
    first = row_losses(network, ROWS)
    assert first == row_losses(network, ROWS) and network.training
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert row_losses(network, ROWS) == first
    half = copy.deepcopy(network).bfloat16()
    dtypes = {p.dtype for p in half.parameters()}
    assert row_losses(half, ROWS) == pytest.approx(first, abs=0.3)
    assert {p.dtype for p in half.parameters()} == dtypes == {torch.bfloat16}


def test_lent_weights_go_back_whatever_happens(network: PeftModel, good: Weights) -> None:
    def fail() -> None:
        with swapped_weights(network, {name: w * 0 for name, w in good.items()}):
            assert not any(w.any() for w in trained(network).values())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert all(torch.equal(w, good[name]) for name, w in trained(network).items())
