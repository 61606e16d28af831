"""The network of a causal language model."""

import ctypes
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PretrainedConfig, PreTrainedModel
from transformers.utils import GENERATION_CONFIG_NAME
from transformers.utils.logging import disable_progress_bar, get_verbosity, set_verbosity, set_verbosity_error

from shipworthy.core.errors import ArtifactError
from shipworthy.models.causal_lm import attention, shards
from shipworthy.models.causal_lm.structure import head_modules, is_encoder

if TYPE_CHECKING:
    from shipworthy.models.adapters.nf4 import Quantizer

disable_progress_bar()
# PEFT asks for it by its old name.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")

MMAP_THRESHOLD = -3  # glibc's M_MMAP_THRESHOLD
FEW_BYTES, MOST_BYTES = 2**17, 2**25
"""The size from which a buffer is a mapping of its own: at first, and the largest to which glibc raises it."""
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def load_network(
    folder: Path,
    adapter: Path | None = None,
    *,
    dtype: torch.dtype = torch.float32,
    quantizer: "Quantizer | None" = None,
) -> PreTrainedModel:
    """A network in evaluation mode, with the adapter (if any) merged into its weights.

    While it is loaded it takes the memory of its weights and of a few tensors of the files.

    Args:
        folder: a Hugging Face folder of the base weights, in whatever type.
        adapter: a PEFT folder.
        dtype: of its weights (`native_dtype` says in which the files have them).
        quantizer: which weights are kept in fewer bits; given the network without weights.

    Raises:
        ArtifactError: the folder lacks weights of the network that its config describes.
    """
    network = built(AutoConfig.from_pretrained(str(folder)), tensors(folder), folder, dtype, quantizer=quantizer)
    if adapter is not None:
        from shipworthy.models.adapters.merged import with_adapter

        network = with_adapter(network, adapter)
    return network.eval()


def native_dtype(folder: Path) -> torch.dtype:
    """The type that most of a folder's weights are kept in.

    Args:
        folder: a Hugging Face folder of the base weights.
    """
    return DTYPES[shards.numbers(folder).most_common(1)[0][0]]


def tensors(folder: Path) -> dict[str, Any]:
    """Name → tensor of a folder's weights, as slices of safetensors: each is read when it is asked for.

    They are read into memory of their own. transformers by itself maps the files: then their pages count beside what
    they are converted into, and who writes to a file changes the network.
    """
    files = [safe_open(file, framework="pt", backend="pread") for file in shards.weight_files(folder)]
    return {name: file.get_slice(name) for file in files for name in file.keys()}  # noqa: SIM118


def built(
    config: PretrainedConfig,
    weights: Mapping[str, Any],
    folder: Path,
    dtype: torch.dtype,
    *,
    kind: Any = AutoModelForCausalLM,
    quantizer: "Quantizer | None" = None,
) -> PreTrainedModel:
    """The network that a config describes, with weights that are converted one by one.

    A head that the folder has no weights of is drawn.

    Args:
        weights: as `tensors` gives them.
        folder: from which they come.
        dtype: of the network's weights.
        kind: one of transformers' classes that choose a network by its config.
        quantizer: as of `load_network`.

    Raises:
        ArtifactError: there are not all of them.
    """
    with torch.device("meta"):
        shape = kind.from_config(config)
    with _without_reports(), _freed_at_once() if quantizer else nullcontext():
        network, found = type(shape).from_pretrained(
            None,
            config=config,
            state_dict=dict(weights),
            dtype=dtype,
            quantization_config=quantizer(shape) if quantizer else None,
            generation_config=_generation(folder),
            output_loading_info=True,
        )
    if missing := sorted(name for name in found["missing_keys"] if not _is_in(name, head_modules(network))):
        others = f" and {len(missing) - 1} other tensors" if missing[1:] else ""
        raise ArtifactError(
            f"The weights in {folder} lack {missing[0]}{others} of a {type(network).__name__}: take whole ones "
            "(model.source)."
        )
    network.config.name_or_path = network.name_or_path = str(folder)
    assert isinstance(network, PreTrainedModel)
    if not is_encoder(network):
        attention.install(network)
    return network


@contextmanager
def _without_reports() -> Iterator[None]:
    """Transformers lists what it drew and left out; what must not be, is looked for here."""
    before = get_verbosity()
    set_verbosity_error()
    try:
        yield
    finally:
        set_verbosity(before)


def _is_in(name: str, modules: Iterable[str]) -> bool:
    """Whether a weight stands in one of the modules, or in a part of theirs."""
    return any(f".{one}." in f".{name}" for one in modules)


@contextmanager
def _freed_at_once() -> Iterator[None]:
    """In the block, the C library gives large buffers back to the system when they are freed.

    Else what tensors were read into lies scattered between the few bits that are left of them, and stays taken.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(MMAP_THRESHOLD, FEW_BYTES)
    try:
        yield
    finally:
        library.mallopt(MMAP_THRESHOLD, MOST_BYTES)


def _generation(folder: Path) -> GenerationConfig | None:
    """What generation_config.json says; None: there is none, and the config's own tokens count."""
    return GenerationConfig.from_pretrained(str(folder)) if (folder / GENERATION_CONFIG_NAME).is_file() else None
