"""From texts to clusters: every method proposes candidate pairs; those above its threshold are merged."""

from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.lazy import Lazy
from shipworthy.core.parallel import Mapper, over_threads
from shipworthy.data.duplicates import exact
from shipworthy.data.duplicates.connected_components import Components, Rows
from shipworthy.data.duplicates.documents import Documents, read
from shipworthy.data.duplicates.schema import Duplicates
from shipworthy.data.duplicates.unlike_pairs import UnlikePairs

METHODS = Lazy("shipworthy.data.duplicates.{data.duplicates}")


def clusters(
    rows: pl.LazyFrame, column: str, config: Duplicates, *, scratch: Path | None = None, mapper: Mapper | None = None
) -> Rows:
    """Connected components of duplicates: shape (n,), for each row the lowest row of its component.

    The components are the same for any order of the rows and any mapper. A row with a missing text
    is a component of its own; texts without a word are compared character by character.

    Args:
        rows: n rows, by id; they are read more than once, so they should be on disk.
        column: the texts (str).
        config: which methods; each is the file of this folder with its name.
        scratch: folder for temporary files (8 bytes for each word, 4 for each band of a text); null:
            the system's.
        mapper: who computes signatures; null: threads, as many as there are processors.
    """
    near = {field.name: getattr(config, field.name) for field in fields(config) if field.name != "exact"}
    near = {name: method for name, method in near.items() if method}
    if not config.reads_words:
        return exact.first_identical(rows, column)
    mapper = mapper or over_threads()
    with TemporaryDirectory(dir=scratch) as folder:
        by_size: dict[int, Documents] = {}
        labels: Rows | None = None
        for name, method in near.items() or [("", None)]:
            size = getattr(method, "shingle_words", 1)
            if size not in by_size:
                by_size[size] = read(rows, column, size, Path(folder), mapper)
            documents = by_size[size]
            labels = np.arange(len(documents), dtype=np.int32) if labels is None else labels
            if method:
                labels = _merge_by(labels, documents, name, method, Path(folder), mapper)
        assert labels is not None
        return _of_rows(documents, labels)


def cluster_counts(labels: Rows) -> dict[str, int]:
    """For the report: rows, clusters, those of several rows, the rows in these, and the rows in the largest."""
    sizes = np.bincount(labels)
    several = sizes[sizes > 1]
    return {
        "rows": len(labels),
        "clusters": int((sizes > 0).sum()),
        "clusters of several": len(several),
        "rows in clusters of several": int(several.sum()),
        "largest cluster": int(sizes.max(initial=0)),
    }


def _merge_by(labels: Rows, documents: Documents, name: str, method: Any, folder: Path, mapper: Mapper) -> Rows:
    """The labels of the texts after one method."""
    module = METHODS.load(name)
    components, unlike = Components(labels), UnlikePairs(len(documents))
    for left, right in module.candidates(documents, method, folder, mapper):
        asked = (components.of(left) != components.of(right)) & ~unlike.holds(left, right)
        a, b = left[asked], right[asked]
        like = module.above_threshold(documents, a, b, method, folder)
        components.merge(a[like], b[like])
        unlike.add(a[~like], b[~like])
    return components.labels()


def _of_rows(documents: Documents, labels: Rows) -> Rows:
    """From the labels of texts to those of rows."""
    lowest = np.full(len(labels), len(documents.text_of_row), np.int32)
    np.minimum.at(lowest, labels, documents.first_row)
    worded = documents.text_of_row >= 0
    result = documents.first_identical.copy()
    result[worded] = lowest[labels[documents.text_of_row[worded]]]
    return result
