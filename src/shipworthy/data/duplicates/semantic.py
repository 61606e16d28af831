"""Sentence embeddings compared by their cosine (Reimers, Gurevych, Sentence-BERT, EMNLP 2019).

Candidates come from random hyperplanes (Charikar 2002): two texts at an angle θ fall on the same side of one with
probability 1 - θ/π.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.core.parallel import Mapper
from shipworthy.core.progress import track
from shipworthy.data.duplicates import buckets
from shipworthy.data.duplicates.buckets import Pairs
from shipworthy.data.duplicates.documents import Documents
from shipworthy.data.duplicates.schema import Semantic

POOLING = Path("1_Pooling") / "config.json"
SEED = 0
PAIRS_PER_BATCH = 1 << 14


def candidates(documents: Documents, config: Semantic, folder: Path, mapper: Mapper) -> Iterator[Pairs]:
    """Pairs of texts on the same side of all hyperplanes of a band; the embeddings are kept in `folder`.

    Texts are embedded in the order of their numbers, so that a batch holds the same texts, and an embedding the
    same bits, for any order of the rows.
    """
    embed(documents, config, folder / "embeddings")
    vectors = _embeddings(documents, folder)
    planes = np.random.default_rng(SEED).standard_normal((vectors.shape[1], config.bands * config.bits), np.float32)
    keys = np.empty((config.bands, len(documents)), np.uint32)
    powers = np.uint32(1) << np.arange(config.bits, dtype=np.uint32)
    for low in range(0, len(documents), PAIRS_PER_BATCH):
        sides = (vectors[low : low + PAIRS_PER_BATCH] @ planes > 0).reshape(-1, config.bands, config.bits)
        keys[:, low : low + PAIRS_PER_BATCH] = (sides * powers).sum(axis=2, dtype=np.uint32).T
    for band in keys:
        yield from buckets.candidate_pairs(band)


def above_threshold(
    documents: Documents, left: NDArray[Any], right: NDArray[Any], config: Semantic, folder: Path
) -> NDArray[np.bool_]:
    """Which pairs have embeddings with at least the cosine `config.threshold`: shape (k,)."""
    vectors = _embeddings(documents, folder)
    result = np.empty(len(left), np.bool_)
    for low in range(0, len(left), PAIRS_PER_BATCH):
        some = slice(low, low + PAIRS_PER_BATCH)
        result[some] = (vectors[left[some]] * vectors[right[some]]).sum(axis=1) >= config.threshold
    return result


def _embeddings(documents: Documents, folder: Path) -> NDArray[np.float32]:
    return np.memmap(folder / "embeddings", np.float32, "r").reshape(len(documents), -1)


def embed(documents: Documents, config: Semantic, file: Path) -> None:
    """Writes the normalised embedding of each text, one after the other (float32).

    Raises:
        UsageError: the folder holds no such model.
    """
    tokenizer, model = _load(Path(config.model).expanduser())
    with file.open("wb") as out:
        for texts in documents.texts():
            vectors = np.empty((len(texts), model.config.hidden_size), np.float32)
            by_length = texts.str.len_bytes().arg_sort().to_numpy()
            parts = [by_length[i : i + config.batch_size] for i in range(0, len(texts), config.batch_size)]
            for part in track(parts, f"embeddings of texts, in batches of {config.batch_size}", total=len(parts)):
                batch = tokenizer(
                    texts.gather(part).to_list(),
                    padding=True,
                    truncation=True,
                    max_length=config.max_tokens,
                    return_tensors="pt",
                )
                vectors[part] = _pooled(model, batch)
            out.write(vectors.data)  # tofile would not say that the disk is full


@torch.inference_mode()
def _pooled(model: Any, batch: Any) -> NDArray[np.float32]:
    """The mean of the last hidden states over a text's tokens, of length 1; shape (texts, width)."""
    states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
    result: NDArray[np.float32] = torch.nn.functional.normalize(mean.float(), dim=1).numpy()
    return result


def _load(folder: Path) -> tuple[Any, Any]:
    """Tokenizer and network of a local folder; only safetensors, no code from the folder."""
    if (folder / POOLING).is_file() and not read_json(folder / POOLING).get("pooling_mode_mean_tokens"):
        raise UsageError(f"{folder} does not pool by the mean: give data.duplicates.semantic.model one that does.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"data.duplicates.semantic.model={folder} can't be loaded: {reason}") from error
    if not tokenizer.pad_token:
        raise UsageError(f"The tokenizer in {folder} has no padding token: give a sentence-embedding model.")
    return tokenizer, model.eval()
