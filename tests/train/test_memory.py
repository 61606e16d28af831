"""Memory that runs out is caught, explained by numbers that hold, and a change is named that fits."""

import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from peft import PeftModel

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm import attention
from shipworthy.models.causal_lm.gathered import gathered
from shipworthy.models.causal_lm.memory import Keeping, gathered_numbers, projection_bytes
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, shape, token_losses
from shipworthy.models.causal_lm.quantities import FLOAT32, NetworkQuantities
from shipworthy.train.memory import explain as explaining
from shipworthy.train.memory.batch import find_micro_batch
from shipworthy.train.memory.explain import explain, is_out_of_memory, refuse_if_too_large
from shipworthy.train.memory.headroom import Headroom, _container, headroom
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.schema import SGD, AdamW
from tests.tiny import write_model

ROWS = [Row([1, 30, *range(40, 60 + i)], [60, 61, 2]) for i in range(16)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> PeftModel:
    folder = write_model(tmp_path_factory.mktemp("tiny"))
    return build(load_network(folder), Lora(rank=2, alpha=4), seed=1).train()


@pytest.mark.parametrize("gathers", [False, True])
def test_the_parts_are_those_of_the_real_step(
    network: PeftModel, monkeypatch: pytest.MonkeyPatch, gathers: bool
) -> None:
    if gathers:  # the path of a GPU, on this processor
        monkeypatch.setattr(attention, "_Cascade", SimpleNamespace(apply=gathered))
    base = network.get_base_model()
    kept: dict[int, int] = {}
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights and tensor.is_floating_point():
            kept[storage.data_ptr()] = storage.nbytes()
        alive.append(tensor)
        return tensor

    alive: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        token_losses(base, pack(ROWS)).sum()
    batch = shape(ROWS)
    assert batch == pack(ROWS).shape
    assert batch.tokens == len(pack(ROWS).ids_T) and batch.supervised == len(pack(ROWS).target_N)
    layers = base.model.layers[-NetworkQuantities(network).kept_layers :]
    estimated = sum(batch.tokens * Keeping(FLOAT32).bytes(layer) for layer in layers)
    if gathers:
        estimated += 4 * len(layers) * gathered_numbers(base.config.hidden_size, len(ROWS), batch.longest)
    estimated += projection_bytes(base.config.vocab_size, batch.supervised) / 3
    assert 0.85 * estimated < sum(kept.values()) < 1.15 * estimated
    trained = sum(4 * p.numel() for p in network.parameters() if p.requires_grad)
    found = StepMemory(network, AdamW()).parts(ROWS)
    assert found.optimizer == pytest.approx(2 * trained) and found.gradients == pytest.approx(trained)
    assert StepMemory(network, AdamW(), workers=2).parts(ROWS).activations == pytest.approx(2 * found.activations)


def test_states_that_are_there_already_are_not_missing(network: PeftModel) -> None:
    first, later = (StepMemory(network, SGD(), begun=begun) for begun in (False, True))
    states = first.parts(ROWS).optimizer
    assert states == StepMemory(network, AdamW()).parts(ROWS).optimizer / 2 > 0
    assert first.missing_mb(ROWS) == pytest.approx(later.missing_mb(ROWS) + states / 1e6)


def test_a_shared_prefix_is_counted_once() -> None:
    shared = [Row([*range(100), 200 + i], [1, 2]) for i in range(4)]
    assert (shape(shared).tokens, shape(shared).supervised) == (100 + 4 * 2, 8)


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: BaseException, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory


def test_the_change_that_is_named_fits_and_a_smaller_one_does_not(network: PeftModel) -> None:
    memory = StepMemory(network, AdamW())

    def need(size: int) -> float:
        found = memory.parts(sorted(ROWS, key=len, reverse=True)[:size])
        return (found.step + found.optimizer) / 1e6

    said = explain(memory, ROWS, at=Headroom(1.01 * need(4), 100.0, "the test"))
    assert "trainer.micro_batch_size=4 " in said and need(8) > 1.01 * need(4)
    assert "activations" in said and "vocabulary projection" in said and "the test had" in said
    assert "task.max_length=" in explain(memory, ROWS, at=Headroom(0.8 * need(1), 100.0, "the test"))
    assert "Nothing of this model fits" in explain(memory, ROWS, at=Headroom(0.0, 100.0, "the test")) or (
        "adapter.rank" in explain(memory, ROWS, at=Headroom(0.0, 100.0, "the test"))
    )


def test_a_step_that_cannot_fit_is_refused_before_it_is_made(
    network: PeftModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = StepMemory(network, AdamW())
    refuse_if_too_large(memory, ROWS)
    monkeypatch.setattr(explaining, "headroom", lambda device, deadly: Headroom(0.5, 100.0, "the test"))
    with pytest.raises(ShipworthyError, match="Out of memory in a micro-batch of 16 rows"):
        refuse_if_too_large(memory, ROWS)


SCRIPT = """
import resource, psutil, torch
from pathlib import Path
from types import SimpleNamespace
from transformers import LlamaConfig, LlamaForCausalLM
from shipworthy.models.causal_lm import attention
from shipworthy.models.causal_lm.packed import Row, pack, shape, token_losses
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.train.memory.explain import explain, is_out_of_memory
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.schema import AdamW
torch.set_num_threads(1)
shape = dict(vocab_size=300, hidden_size=64, intermediate_size=16384, num_hidden_layers=1, num_attention_heads=2)
base = LlamaForCausalLM(LlamaConfig(**shape, num_key_value_heads=2, attn_implementation=attention.NAME))
network = build(base, Lora(rank=2, alpha=4), seed=1).train()
rows = [Row([1, 30 + i, *([9] * 126)], [60, 2]) for i in range(32)]
def step(rows):
    token_losses(network.get_base_model(), pack(rows)).sum().backward()
step(rows[:1])
for kind, name in ((resource.RLIMIT_DATA, "data"), (resource.RLIMIT_AS, "vms")):
    used = getattr(psutil.Process().memory_info(), name)
    resource.setrlimit(kind, (used + 600_000_000, resource.RLIM_INFINITY))
    failed = False
    try:
        step(rows)
    except (RuntimeError, MemoryError) as error:
        assert is_out_of_memory(error), error
        failed = True
    assert failed
    said = explain(StepMemory(network, AdamW()), rows)
    print(said)
    step(rows[: int(said.split("micro_batch_size=")[1].split()[0])])
    print("fits")
    resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2)
"""


def test_a_process_that_runs_out_explains_itself_and_the_change_fits() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, env={"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    by_data, first, by_space, second = done.stdout.strip().splitlines()
    assert (first, second) == ("fits", "fits") and "ulimit -d" in by_data and "ulimit -v" in by_space
    assert by_data.startswith("Out of memory in a micro-batch of 32 rows of up to 130 tokens: weights ")


def test_what_was_freed_counts_as_room(monkeypatch: pytest.MonkeyPatch) -> None:
    used = psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (used + 10**9, resource.RLIM_INFINITY))
    before = headroom(torch.device("cpu"))
    assert headroom(torch.device("cpu"), deadly=True).free_mb > before.free_mb
    pieces = [bytearray(50_000) for _ in range(4000)]  # small enough for the heap, which the system does not get back
    pinned = bytearray(50_000)
    between = headroom(torch.device("cpu"))
    del pieces
    after = headroom(torch.device("cpu"))
    assert before.what.startswith("the process") and len(pinned) == 50_000
    assert before.free_mb - between.free_mb > 150 and abs(after.free_mb - before.free_mb) < 50


def test_the_machine_sets_the_limit_where_nobody_else_does() -> None:
    found = headroom(torch.device("cpu"))
    assert 0 < found.free_mb <= psutil.virtual_memory().total / 1e6
    assert found.free_mb <= found.limit_mb


@pytest.mark.parametrize(
    ("line", "folder", "names"),
    [
        ("0::/job/one", "job/one", ("memory.max", "memory.current", "inactive_file")),
        (
            "4:memory:/job/one",
            "memory/job/one",
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ),
        ("0::/not/seen/from/inside", "", ("memory.max", "memory.current", "inactive_file")),
    ],
)
def test_a_containers_limit_is_read(tmp_path: Path, line: str, folder: str, names: tuple[str, str, str]) -> None:
    group = tmp_path / "cgroup" / folder
    group.mkdir(parents=True)
    table = tmp_path / "table"
    table.write_text(f"7:cpu:/else\n{line}\n")
    for name, text in zip(names, ("1000000000\n", "700000000\n", ""), strict=True):
        if text:
            (group / name).write_text(text)
    (group / "memory.stat").write_text(f"anon 5\n{names[2]} 100000000\n")
    (found,) = _container(tmp_path / "cgroup", table)
    assert found.limit_mb == 1000 and found.free_mb == 400
    (group / names[0]).write_text("max\n" if names[0] == "memory.max" else "9223372036854771712\n")
    assert list(_container(tmp_path / "cgroup", table)) == []


def always(size: int) -> bool:
    return True


@pytest.mark.parametrize(
    ("largest", "most", "found"), [(16, 16, 16), (16, 5, 4), (24, 13, 12), (24, 7, 6), (17, 16, 1)]
)
def test_the_largest_divisor_that_fits_is_found(largest: int, most: int, found: int) -> None:
    tried: list[int] = []

    def step(size: int) -> float:
        tried.append(size)
        if size > most:
            raise MemoryError
        return 0.1

    assert find_micro_batch(step, largest, always) == found
    assert len(tried) == len(set(tried)) and largest % found == 0


def test_a_size_that_is_known_not_to_fit_is_not_tried() -> None:
    tried: list[int] = []

    def step(size: int) -> float:
        tried.append(size)
        return 0.1

    assert find_micro_batch(step, 16, expected_to_fit=lambda size: size <= 4) == 4
    assert max(tried) == 4


def test_when_no_row_fits_it_is_said_and_other_errors_are_not_hidden() -> None:
    def step(size: int) -> float:
        raise MemoryError

    with pytest.raises(ShipworthyError, match="Not even one"):
        find_micro_batch(step, 16, always)

    def broken(size: int) -> float:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        find_micro_batch(broken, 16, always)
