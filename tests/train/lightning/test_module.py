"""The batched loss is the rows' own loss, computed alone with transformers' full projection."""

from pathlib import Path

import pytest
import torch

from shipworthy.core.errors import UsageError
from shipworthy.models.causal_lm.network import load_network
from shipworthy.train.adapters.build import build
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.batches import Row, collate
from shipworthy.train.lightning.module import AnswerTuning
from shipworthy.train.schema import AdamW
from tests.tiny import write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


ROWS = [Row([1, 30, 40, 50], [60, 70, 2]), Row([1, 31], [61, 2]), Row([1, 30, 40, 50, 51, 52, 53], [62, 2])]
APART = [Row([3, 30, 40], [60, 70, 2]), *ROWS]


def module_of(folder: Path) -> AnswerTuning:
    network = build(load_network(folder), Lora(rank=2, alpha=4), seed=1)
    for name, parameter in network.named_parameters():
        if "lora_B" in name:  # starts at zero, which would hide an adapter without effect
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(3))
    return AnswerTuning(network, AdamW(), steps=4, clip=1.0)


@pytest.mark.parametrize(("rows", "prefix"), [(ROWS, 1), (APART, 0)])
def test_loss_and_gradients_equal_those_of_the_rows_alone(folder: Path, rows: list[Row], prefix: int) -> None:
    module = module_of(folder)
    assert collate(rows, pad_id=0).prefix_1P.shape == (1, prefix)
    module.loss(collate(rows, pad_id=0)).backward()
    batched = {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None}
    loss = float(module.loss(collate(rows, pad_id=0)).detach())
    module.zero_grad()
    tokens = sum(len(row.answer) for row in rows)
    total = torch.tensor(0.0)
    for row in rows:
        ids = torch.tensor([[*row.prompt, *row.answer]])
        labels = ids.clone()
        labels[0, : len(row.prompt)] = -100
        total = total + module.base(input_ids=ids, labels=labels).loss * len(row.answer) / tokens
    total.backward()
    assert loss == pytest.approx(float(total.detach()), abs=1e-5)
    alone = {n: p.grad for n, p in module.named_parameters() if p.grad is not None}
    assert batched.keys() == alone.keys()
    assert all("lora" in name for name in batched)
    for name, gradient in batched.items():
        torch.testing.assert_close(gradient, alone[name], atol=1e-5, rtol=1e-4)


def test_layers_below_the_first_get_no_adapter(folder: Path) -> None:
    network = build(load_network(folder), Lora(rank=2, alpha=4, first_layer=1), seed=1)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trained and all("layers.1." in name for name in trained)


@pytest.mark.parametrize("bad", [Lora(targets=["q_prog"]), Lora(first_layer=2)])
def test_what_the_network_lacks_is_refused(folder: Path, bad: Lora) -> None:
    with pytest.raises(UsageError, match="the network has"):
        build(load_network(folder), bad, seed=1)
