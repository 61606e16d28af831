"""MinHash with banding: texts that share most of their shingles agree in a whole band of their signatures.

Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.parallel import Mapper
from shipworthy.core.progress import track
from shipworthy.data.duplicates import buckets
from shipworthy.data.duplicates.buckets import Pairs
from shipworthy.data.duplicates.documents import Documents
from shipworthy.data.duplicates.ragged_array import RaggedArray
from shipworthy.data.duplicates.schema import MinHash
from shipworthy.data.duplicates.shingles import mix_bits, odd_constants
from shipworthy.data.duplicates.signatures import SIGNATURES, Signature


def candidates(documents: Documents, config: MinHash, folder: Path, mapper: Mapper) -> Iterator[Pairs]:
    """Pairs of texts that agree in a band, band by band; the keys of the bands are kept on disk."""
    sizes = np.diff(documents.offsets)
    tables = [
        BandTable(folder / f"bands_{signature.name}", documents, config, signature.covers(sizes, config))
        for signature in SIGNATURES
    ]
    for found in mapper(partial(_keys_by_signature, config=config), documents.blocks()):
        for table, keys in zip(tables, found, strict=True):
            table.add(keys)
    for table in tables:
        yield from table.candidates()


def above_threshold(
    documents: Documents, left: NDArray[Any], right: NDArray[Any], config: MinHash, folder: Path
) -> NDArray[np.bool_]:
    """Which pairs have at least the Jaccard similarity `config.threshold`: shape (k,)."""
    return documents.jaccard(left, right, config.threshold) >= config.threshold


def band_keys(sets: RaggedArray, config: MinHash, signature: Signature) -> NDArray[np.uint32]:
    """One key for each band of the signatures of those m of n sets that this signature covers: shape (bands, m)."""
    covered = signature.covers(sets.lengths, config)
    chosen = sets if covered.all() else sets.take(np.flatnonzero(covered))
    keys = np.empty((config.bands, len(chosen)), np.uint32)
    salt = odd_constants(config.permutations // config.bands)[None, :, None]
    for some, lowest in signature.sign(chosen, config.permutations):
        rows = lowest.reshape(config.bands, -1, len(some))
        keys[:, some] = mix_bits((rows * salt).sum(axis=1)) >> np.uint64(32)
    return keys


def _keys_by_signature(sets: RaggedArray, config: MinHash) -> list[NDArray[np.uint32]]:
    return [band_keys(sets, config, signature) for signature in SIGNATURES]


class BandTable:
    """The keys of some texts, band by band, in a file.

    Args:
        file: where they are kept until the candidates are found.
        documents: all m texts.
        config: how many bands.
        covered: shape (m,), which rows of the documents' file have keys.
    """

    def __init__(self, file: Path, documents: Documents, config: MinHash, covered: NDArray[np.bool_]) -> None:
        self._file, self._documents, self._config, self._covered = file, documents, config, covered
        self._size, self._added = int(covered.sum()), 0

    def add(self, keys: NDArray[np.uint32]) -> None:
        """Adds the keys of the next k covered rows: shape (bands, k)."""
        if not keys.shape[1]:
            return
        with self._file.open("r+b" if self._added else "w+b") as out:
            for band, some in enumerate(keys):
                out.seek(4 * (band * self._size + self._added))
                out.write(np.ascontiguousarray(some).data)  # tofile would not say that the disk is full
        self._added += keys.shape[1]

    def candidates(self) -> Iterator[Pairs]:
        """Pairs of numbers of texts that agree in a band; the file is removed."""
        if not self._size:
            return
        at = self._documents.file_position
        numbers = np.flatnonzero(self._covered[at]).astype(np.int32)
        places = (np.cumsum(self._covered, dtype=np.int32) - 1)[at[numbers]]
        bounds = partial(self._documents.bounds, self._config.threshold)
        with self._file.open("rb") as file:
            for _ in track(range(self._config.bands), "bands of MinHash", total=self._config.bands):
                keys = np.fromfile(file, np.uint32, self._size)[places]
                for left, right in buckets.candidate_pairs(keys, lambda members: bounds(numbers[members])):
                    yield numbers[left], numbers[right]
        self._file.unlink()
