"""What the contenders of scripts/bench/dedup share: their job, and what they leave.

Each contender is a process of its own, called with a job file. It reads one parquet file (id, text), whose texts are
words in lower case with single spaces between, so that all contenders see the same shingles. It leaves a label for each
document: documents with the same label are duplicates.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Job:
    """What a contender is asked to do.

    Attributes:
        name: the contender's.
        documents: the parquet file.
        out: an empty folder for what it writes.
        threads: processors that it may use.
        bands, rows: of the signature; their product is the number of permutations.
        shingle_words: length of a shingle (words).
        threshold: least Jaccard similarity, for those who verify.
    """

    name: str
    documents: str
    out: str
    threads: int
    bands: int
    rows: int
    shingle_words: int
    threshold: float

    def write(self) -> Path:
        """The job as a file that `read` understands."""
        path = Path(self.out) / "job.json"
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @staticmethod
    def read() -> "Job":
        """The job that this process was called with."""
        return Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))

    def finish(self, labels: Sequence[int] | np.ndarray, seconds: float, packages: Iterable[str]) -> None:
        """Writes the labels (one per document), the seconds from the open file to the labels, and the versions."""
        out = Path(self.out)
        np.save(out / "labels.npy", np.asarray(labels, np.int64), allow_pickle=False)
        result = {"seconds": seconds, "versions": {name: version(name) for name in packages}}
        (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


class Sets:
    """Disjoint sets of 0 … n-1, each named by its lowest member, for those who leave the last step to their user."""

    def __init__(self, n: int) -> None:
        self.parent = list(range(n))

    def find(self, i: int) -> int:
        """The lowest member of i's set."""
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def union(self, i: int, j: int) -> None:
        """Makes the sets of i and j one."""
        low, high = sorted((self.find(i), self.find(j)))
        self.parent[high] = low
