"""The weights of a Hugging Face folder, as the headers of its safetensors files describe them; none is read."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub.utils import SafetensorsRepoMetadata

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
LENGTH_BYTES = 8
"""A file begins with its header's length; then come the header and the numbers."""


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a folder's weights, whole, as their headers and their index say.

    Raises:
        FileNotFoundError: there are none.
        ValueError: one is missing, cut off, or without what the index says.
    """
    found = _headers(folder)
    for name, header in found.files_metadata.items():
        _check_length(folder / name, max((tensor.data_offsets[1] for tensor in header.tensors.values()), default=0))
    for tensor, name in found.weight_map.items():
        if tensor not in found.files_metadata[name].tensors:
            raise ValueError(f"{name} holds no {tensor}, which {INDEX} looks for there")
    return [folder / name for name in sorted(found.files_metadata)]


def numbers(folder: Path) -> Counter[str]:
    """How many numbers there are of each type, as safetensors calls it (`BF16`, `F32`).

    Raises:
        FileNotFoundError: there are no weights.
        ValueError: a header can't be read.
    """
    files = _headers(folder).files_metadata.values()
    return sum((Counter(header.parameter_count) for header in files), Counter())


def _headers(folder: Path) -> "SafetensorsRepoMetadata":
    from huggingface_hub import errors, get_local_safetensors_metadata

    try:
        return get_local_safetensors_metadata(folder)
    except errors.NotASafetensorsRepoError as error:
        raise FileNotFoundError(f"{folder} has neither {SINGLE} nor {INDEX}") from error
    except FileNotFoundError as error:
        raise ValueError(f"{Path(error.filename).name} is missing, which {INDEX} names") from error
    except (OSError, ValueError, KeyError, errors.SafetensorsParsingError) as error:
        raise ValueError((str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")) from error


def _check_length(file: Path, data_bytes: int) -> None:
    with file.open("rb") as opened:
        header_bytes = int.from_bytes(opened.read(LENGTH_BYTES), "little")
    wanted, found = LENGTH_BYTES + header_bytes + data_bytes, file.stat().st_size
    if found != wanted:
        raise ValueError(f"{file.name} has {found} bytes, of {wanted} that its header describes")
