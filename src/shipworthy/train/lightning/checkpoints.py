"""Checkpoints: a folder per step with weights, optimizer, schedule, random state and history, whole or not there."""

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file

from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.progress import say

KIND = "resume"


def save_adapter(network: PeftModel, folder: Path, base_name: str) -> None:
    """Writes the adapter in PEFT's layout, naming its base model instead of a path on this machine."""
    network.peft_config["default"].base_model_name_or_path = base_name
    # Told that no embedding was trained, PEFT does not ask the hub for the base model.
    network.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)


def save(folder: Path, run_id: str, seed: int, network: PeftModel, state: dict[str, Any]) -> None:
    """Writes the checkpoint of one step.

    Args:
        state: step, optimizer and schedule (their state dicts), history, best.
    """
    optimizer = state["optimizer"]
    moments = {
        f"{index}.{name}": torch.as_tensor(value)
        for index, values in optimizer["state"].items()
        for name, value in values.items()
    }
    random_state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        random_state["cuda"] = torch.cuda.get_rng_state()
    with write_artifact(
        folder / f"step-{state['step']:07d}", KIND, run_id=run_id, config={}, inputs={}, seeds={"seed": seed}
    ) as target:
        weights = {
            name: tensor.contiguous()
            for name, tensor in get_peft_model_state_dict(network, save_embedding_layers=False).items()
        }
        save_file(weights, target / "adapter.safetensors")
        save_file(moments, target / "optimizer.safetensors")
        save_file(random_state, target / "random.safetensors")
        plain = {key: value for key, value in state.items() if key != "optimizer"}
        write_json(target / "state.json", {**plain, "groups": optimizer["param_groups"]})


def newest(folder: Path) -> Artifact | None:
    """The newest whole checkpoint of a run; damaged ones are skipped with a warning."""
    for path in sorted(folder.glob("step-*"), reverse=True):
        try:
            return read_artifact(path, KIND)
        except ArtifactError as error:
            say(f"warning: skipping a damaged checkpoint, going back to the one before. {error}")
    return None


def restore(checkpoint: Artifact, network: PeftModel) -> dict[str, Any]:
    """Puts the weights back, and returns the rest of what `save` was given, with `random` for `reseed`."""
    set_peft_model_state_dict(network, load_file(checkpoint.file("adapter.safetensors")))
    state: dict[str, Any] = read_json(checkpoint.file("state.json"))
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in load_file(checkpoint.file("optimizer.safetensors")).items():
        index, _, name = key.partition(".")
        moments.setdefault(int(index), {})[name] = tensor
    state["optimizer"] = {"state": moments, "param_groups": state.pop("groups")}
    state["random"] = load_file(checkpoint.file("random.safetensors"))
    return state


def reseed(random_state: dict[str, torch.Tensor]) -> None:
    """Puts the random state back; to be called right before the first step, for what comes before it draws too."""
    torch.set_rng_state(random_state["cpu"])
    if "cuda" in random_state and torch.cuda.is_available():
        torch.cuda.set_rng_state(random_state["cuda"])


def prune(folder: Path, keep: int) -> None:
    """Removes all but the newest `keep` checkpoints."""
    for path in sorted(folder.glob("step-*"))[:-keep]:
        shutil.rmtree(path)
