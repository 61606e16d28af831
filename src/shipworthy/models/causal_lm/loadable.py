"""Whether a folder holds a network that can be loaded and trained here, before anything heavy is done."""

from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.sources.repository import WEIGHTS
from shipworthy.models.causal_lm import shards
from shipworthy.models.causal_lm.checkpoint import ADAPTER_CONFIG

CONFIG = "config.json"
FLOATS = {"F64", "F32", "F16", "BF16"}
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
ELSEWHERE = "take another model (model.source)"


def check_config(folder: Path, title: str, *, with_head: bool = False) -> None:
    """Refuses what is no causal language model of transformers' own, by its config.json.

    Args:
        title: what messages call the source.
        with_head: it is to be a sequence classifier instead, whatever it was before.

    Raises:
        ShipworthyError: with what it is instead, and what to do.
    """
    config = _config(folder, title)
    if quantized := config.get("quantization_config"):
        method = str(quantized.get("quant_method", "unknown")) if isinstance(quantized, dict) else "unknown"
        raise ShipworthyError(
            f"{title} holds quantized weights (quantization_config: {method}), which can't be trained: take the model "
            "that they were made from, and quantize what you trained (the quant group)."
        )
    kind = config.get("model_type", "")
    if kind not in _kinds():
        raise ShipworthyError(_foreign(config, title))
    if with_head:
        if kind not in _with_heads():
            raise ShipworthyError(f"{title} is a '{kind}', which transformers gives no head for texts: {ELSEWHERE}.")
        return
    name, known = _kinds()[kind], _networks()
    if not name:
        raise ShipworthyError(f"{title} is a '{kind}', which is no causal language model: {ELSEWHERE}.")
    made = [str(one) for one in config.get("architectures") or [name]]
    if not any(one in known for one in made):
        if config.get("auto_map"):
            raise ShipworthyError(_foreign(config, title))
        raise ShipworthyError(f"{title} holds a {made[0]}, no {name}: it does not predict the next token, {ELSEWHERE}.")


def is_part(folder: Path) -> bool:
    """Whether the language model is one part of the folder's network, which reads images, say, too."""
    return "text_config" in read_json(folder / CONFIG)


def check_weights(folder: Path, title: str) -> None:
    """Refuses weights that are pickled, quantized, cut off or not all there; only headers are read.

    Raises:
        ShipworthyError: with what is wrong, and what to do.
    """
    try:
        files = shards.weight_files(folder)
    except FileNotFoundError as error:
        raise ShipworthyError(_without_weights(folder, title)) from error
    except ValueError as error:
        raise ShipworthyError(f"{title} is not whole ({error}): fetch or copy it again.") from error
    for file in files:
        if not any(file.match(pattern) for pattern in WEIGHTS) or file.parent != folder:
            raise ShipworthyError(
                f"{title}: {shards.INDEX} names {file.name}, and only files {WEIGHTS[0]} beside it are read: rename it."
            )
    if (most := shards.numbers(folder).most_common(1)) and most[0][0] not in FLOATS:
        raise ShipworthyError(
            f"{title} holds quantized weights (most of its numbers are {most[0][0]}), which can't be trained: take the "
            "model that they were made from, and quantize what you trained (the quant group)."
        )


def _config(folder: Path, title: str) -> dict[str, Any]:
    if not (folder / CONFIG).is_file():
        hint = "correct model.source"
        if found := sorted(folder.glob("*.gguf")):
            hint = f"give the path of one GGUF file, such as {found[0]}"
        if (folder / ADAPTER_CONFIG).is_file():
            hint = "it is an adapter: give the model that it was made for, and a folder with the adapter as model.start"
        raise ShipworthyError(f"{title} holds no language model that can be read (no {CONFIG}): {hint}.")
    try:
        found_config: dict[str, Any] = dict(read_json(folder / CONFIG))
    except (ValueError, TypeError) as error:
        raise ShipworthyError(
            f"{title} holds no language model that can be read ({CONFIG}: {error}): correct model.source."
        ) from error
    return found_config


def _kinds() -> dict[str, str]:
    """Every `model_type` that transformers knows → its causal language model's class; empty if it has none."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as NETWORKS

    return {kind: str(NETWORKS.get(kind, "")) for kind in CONFIG_MAPPING_NAMES}


def _with_heads() -> set[str]:
    """Every `model_type` of which transformers makes a sequence classifier."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES as NETWORKS

    return set(NETWORKS)


def _networks() -> set[str]:
    return {name for name in _kinds().values() if name}


def _foreign(config: dict[str, Any], title: str) -> str:
    import transformers

    kind = config.get("model_type", "")
    if config.get("auto_map"):
        return (
            f"{title} brings code of its own ({', '.join(sorted(config['auto_map']))}), and code that others wrote "
            f"into a model is not run here: {ELSEWHERE}."
        )
    said = f"the model_type '{kind}'" if kind else "no model_type"
    return f"{title} has {said}, which transformers {transformers.__version__} does not know: {ELSEWHERE}."


def _without_weights(folder: Path, title: str) -> str:
    pickled = sorted(path.name for pattern in PICKLED for path in folder.glob(pattern))
    what = f"only pickled ones ({pickled[0]})" if pickled else "none"
    return (
        f"{title} has no weights in safetensors files ({WEIGHTS[0]}), {what}: what is pickled may run any code, and is "
        "never loaded; take a revision or a copy that has safetensors."
    )
