"""Which files of a model's repository are read, on the hub or in a folder of the same layout."""

from collections.abc import Sequence
from pathlib import Path

TEXTS = ("*.json", "*.jinja", "*.model", "*.txt")
"""Config, tokenizer, templates, the index of the weights."""
WEIGHTS = ("model*.safetensors",)
"""Other files hold the same weights once more, in another format; pickled ones are never loaded."""
TEMPLATES = "*/*.jinja"


def files(folder: Path, weights: Sequence[str] = WEIGHTS) -> dict[str, Path]:
    """Those of a folder, by their names in it; templates may stand one folder below."""
    found = {path for pattern in (*TEXTS, *weights, TEMPLATES) for path in folder.glob(pattern) if path.is_file()}
    names = {path.relative_to(folder): path for path in sorted(found)}
    return {
        name.as_posix(): path for name, path in names.items() if not any(part.startswith(".") for part in name.parts)
    }
