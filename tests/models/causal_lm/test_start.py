"""Training starts from an adapter that is merged once, or from all weights of an earlier training."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file

from shipworthy.core.artifact import write_artifact
from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm.base import base_folder, digest
from shipworthy.models.causal_lm.network import load_network, native_dtype
from shipworthy.models.causal_lm.schema import CausalLM, Shape
from shipworthy.models.causal_lm.weights import fetch
from tests.tiny import write_model


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return write_model(tmp_path / "hub")


def config(hub: Path, start: Path | str = "", template: str = "own") -> CausalLM:
    return CausalLM(
        name="tiny", licence="none", source=Folder(path=str(hub)), start=str(start), template=template
    )  # fmt: skip


def adapter(hub: Path, folder: Path, seed: int = 1) -> Path:
    """Writes an adapter that changes the network."""
    torch.manual_seed(seed)
    settings = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(load_network(hub), settings).save_pretrained(folder, save_embedding_layers=False)
    return folder


def checkpoint(hub: Path, folder: Path, base: str, seed: int = 1) -> Path:
    """Writes an adapter as a checkpoint of ours that was trained on base weights of a digest."""
    with write_artifact(
        folder, "checkpoint", run_id="r", config={}, inputs={"base weights": base}, seeds={}
    ) as target:  # fmt: skip
        adapter(hub, target / "adapter", seed)
    return folder


def test_an_adapter_is_merged_into_the_base_weights_in_32_bits(hub: Path, tmp_path: Path) -> None:
    plain, started = config(hub), config(hub, adapter(hub, tmp_path / "adapter"))
    base, folder = fetch(plain), fetch(started)
    assert folder == base_folder(started) != base
    expected = load_network(hub, tmp_path / "adapter").state_dict()
    found = load_network(folder).state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert not all(torch.equal(found[name], value) for name, value in load_network(base).state_dict().items())
    assert native_dtype(folder) is torch.float32
    assert digest(started) != digest(plain)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["inputs"]["base"] == digest(plain)
    assert set(manifest["inputs"]) == {"base", "start"}
    names = {path.name for path in hub.iterdir()}
    assert names <= {path.name for path in folder.iterdir()}
    retold = fetch(config(hub, tmp_path / "adapter", template="chatml"))
    assert retold not in {folder, base}
    assert load_file(retold / "model.safetensors").keys() == load_file(folder / "model.safetensors").keys()


def test_another_adapter_is_another_base(hub: Path, tmp_path: Path) -> None:
    started = config(hub, adapter(hub, tmp_path / "adapter"))
    first, before = fetch(started), digest(started)
    shutil.rmtree(tmp_path / "adapter")
    assert base_folder(started) == first  # it was merged, and is needed no more
    adapter(hub, tmp_path / "adapter", seed=2)
    assert fetch(started) != first
    assert digest(started) != before


def test_all_weights_are_used_where_they_are(hub: Path, tmp_path: Path) -> None:
    whole = tmp_path / "run" / "checkpoint" / "model"
    load_network(hub, adapter(hub, tmp_path / "adapter"), dtype=torch.bfloat16).save_pretrained(whole)
    started = config(hub, tmp_path / "run")
    folder = fetch(started)
    assert (folder / "model.safetensors").resolve() == whole / "model.safetensors"
    assert native_dtype(folder) is torch.bfloat16
    assert (folder / "tokenizer.json").is_file()
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(ArtifactError, match="leads to no file, for .* is gone"):
        base_folder(started)


def test_a_checkpoint_belongs_to_its_base_weights(hub: Path, tmp_path: Path) -> None:
    fetch(config(hub))
    mine = checkpoint(hub, tmp_path / "mine" / "checkpoint", digest(config(hub)))
    assert fetch(config(hub, mine.parent)) == fetch(config(hub, mine)) == fetch(config(hub, mine / "adapter"))
    other = checkpoint(hub, tmp_path / "other", "0" * 64, seed=2)
    with pytest.raises(UsageError, match=r"^model\.start=.*other: .*other was trained on other base weights than"):
        fetch(config(hub, other))
    adapter(hub, mine / "adapter", seed=3)
    with pytest.raises(ArtifactError, match=r"adapter/\S+ has"):
        fetch(config(hub, mine))


def test_what_is_no_start_is_one_sentence(hub: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"model\.start=nowhere: .*nowhere holds neither an adapter .* nor weights"):
        fetch(config(hub, "nowhere"))
    tuned = get_peft_model(load_network(hub), PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM"))
    tuned.save_pretrained(tmp_path / "prompt")
    with pytest.raises(UsageError, match="an adapter of the kind PROMPT_TUNING can't be merged into the model's"):
        fetch(config(hub, tmp_path / "prompt"))
    adapter(hub, tmp_path / "pickled")
    (tmp_path / "pickled" / "adapter_model.safetensors").rename(tmp_path / "pickled" / "adapter_model.bin")
    with pytest.raises(UsageError, match=r"has no adapter_model\.safetensors, and pickled weights are never loaded"):
        fetch(config(hub, tmp_path / "pickled"))
    with pytest.raises(ShipworthyError, match=r"model\.start=.*other is an adapter to another model \(.*\): take one"):
        fetch(config(hub, other_shape(hub, tmp_path / "other")))
    with pytest.raises(UsageError, match=r"model\.start needs the source's own weights: drop model\.shape or"):
        CausalLM(
            name="n",
            licence="l",
            source=Folder(path="h"),
            start="s",
            shape=Shape(hidden_size=8, intermediate_size=8, layers=1, heads=2, kv_heads=1),
        )


def other_shape(hub: Path, folder: Path) -> Path:
    """Writes an adapter whose matrices do not fit."""
    adapter(hub, folder)
    settings = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(settings | {"r": 3}))
    return folder
