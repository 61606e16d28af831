"""What is around the network: loader, memory, disk, checkpoints."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from shipworthy.train.preflight import loading
from shipworthy.train.preflight.context import Context
from shipworthy.train.preflight.loading import loader_delivers, longest_batch_fits
from shipworthy.train.preflight.storage import checkpoint_returns, disk_has_room


class Stalling:
    """A loader that waits for what never comes."""

    def __init__(self) -> None:
        self.never = threading.Event()

    def __iter__(self) -> Iterator[int]:
        yield 1
        self.never.wait()
        yield 2


def test_a_stalling_loader_is_named(context: Context) -> None:
    assert loader_delivers(context).passed
    batches = Stalling()
    outcome = loader_delivers(replace(context, batches=batches, patience=0.3))
    batches.never.set()
    assert not outcome.passed and "batch 2 had not arrived after 0.3 s" in outcome.sentence


def test_an_empty_loader_is_found_and_a_broken_one_raises(context: Context) -> None:
    assert not loader_delivers(replace(context, batches=[])).passed

    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise ValueError("no such shard")

    with pytest.raises(ValueError, match="no such shard"):
        loader_delivers(replace(context, batches=Broken()))


def test_a_longest_batch_that_does_not_fit_is_explained(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert longest_batch_fits(context).passed

    def allocate(*_: Any) -> None:
        torch.empty(2**46)  # beyond any address space: the error is the real one

    monkeypatch.setattr(loading, "gradients", allocate)
    outcome = longest_batch_fits(context)
    assert not outcome.passed and "Out of memory in a micro-batch of 4 rows" in outcome.sentence


def test_another_error_of_the_longest_batch_is_not_taken_for_memory(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "gradients", lambda *_: torch.ones(2) @ torch.ones(3))
    with pytest.raises(RuntimeError, match="size"):
        longest_batch_fits(context)


def test_a_full_disk_is_found(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk_has_room(context).passed
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    assert not disk_has_room(context).passed


def test_a_checkpoint_that_loses_a_tensor_is_found(context: Context) -> None:
    assert checkpoint_returns(context).passed

    def save(folder: Path) -> None:
        context.save(folder)
        tensors = load_file(folder / "adapter.safetensors")
        tensors.pop(sorted(tensors)[3])
        save_file(tensors, folder / "adapter.safetensors")

    outcome = checkpoint_returns(replace(context, save=save))
    assert not outcome.passed and outcome.measured["lost"] == 1


def test_a_checkpoint_in_fewer_bits_is_found(context: Context) -> None:
    def save(folder: Path) -> None:
        context.save(folder)
        tensors = load_file(folder / "adapter.safetensors")
        save_file({name: tensor.bfloat16() for name, tensor in tensors.items()}, folder / "adapter.safetensors")

    assert not checkpoint_returns(replace(context, save=save)).passed


def test_an_optimizer_that_is_not_restored_is_found(context: Context) -> None:
    moments = {"exp_avg": torch.zeros(3)}

    def load(folder: Path) -> None:
        context.load(folder)
        moments["exp_avg"] = torch.ones(3)

    assert checkpoint_returns(replace(context, state=lambda: moments)).passed
    outcome = checkpoint_returns(replace(context, state=lambda: moments, load=load))
    assert not outcome.passed and "exp_avg" in outcome.sentence


def test_a_checkpoint_that_cannot_be_written_is_found(context: Context) -> None:
    def save(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    before = {name: tensor.clone() for name, tensor in context.network.state_dict().items()}
    outcome = checkpoint_returns(replace(context, save=save))
    assert not outcome.passed and "No space left" in outcome.sentence
    assert all(torch.equal(before[name], tensor) for name, tensor in context.network.state_dict().items())
