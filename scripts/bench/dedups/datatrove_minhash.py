"""datatrove's MinHash: signatures, buckets and clusters in its local executor, in as many processes as allowed.

Its best, as tried: its normalisation of text is off and words are parted at spaces, for the texts are normalised
already; whole files are buffered; the forking start, which spares each task the imports. Its last step, which writes
the documents anew, is not counted. A document with fewer words than a shingle has no signature here.
"""

import struct
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.utils.hashing import HashConfig
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer
from job import Job


class Spaces(WordTokenizer):
    """Words are parted by single spaces."""

    def word_tokenize(self, text: str) -> list[str]:
        """The words."""
        return text.split(" ")

    def sent_tokenize(self, text: str) -> list[str]:
        """MinHash asks for none."""
        raise NotImplementedError

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """MinHash asks for none."""
        raise NotImplementedError


def split(documents: Path, folder: Path, parts: int) -> list[int]:
    """One file for each task: how many documents stand before each."""
    table = pq.read_table(documents)
    edges = [table.num_rows * i // parts for i in range(parts + 1)]
    folder.mkdir()
    for i, (low, high) in enumerate(pairwise(edges)):
        pq.write_table(table.slice(low, high - low), folder / f"{i:05}.parquet")
    return edges


def main() -> None:
    """All documents."""
    job, out = Job.read(), Path(Job.read().out)
    edges = split(Path(job.documents), out / "parts", job.threads)
    off = dict.fromkeys(TextNormConfig.__dataclass_fields__, False)
    config = MinhashConfig(
        n_grams=job.shingle_words,
        num_buckets=job.bands,
        hashes_per_bucket=job.rows,
        norm_config=TextNormConfig(**off),
        hash_config=HashConfig(precision=32, hash_fc="xxhash"),
    )
    signatures, buckets, clusters = (str(out / name) for name in ("signatures", "buckets", "clusters"))
    steps = [
        (
            [
                ParquetReader(str(out / "parts"), read_metadata=False),
                MinhashDedupSignature(signatures, config=config, language=Spaces()),
            ],
            job.threads,
        ),
        ([MinhashDedupBuckets(signatures, buckets, config=config, lines_to_buffer=-1)], job.bands),
        ([MinhashDedupCluster(buckets, clusters, config=config, save_cluster_id=True, lines_to_buffer=-1)], 1),
    ]
    begun = time.perf_counter()
    for number, (pipeline, tasks) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline,
            tasks=tasks,
            workers=min(tasks, job.threads),
            logging_dir=str(out / f"log{number}"),
            start_method="fork",
        ).run()
    labels = np.arange(edges[-1])
    first: dict[int, int] = {}
    for part, low in enumerate(edges[:-1]):
        file = out / "clusters" / f"{part:06}.clusters"
        for document, cluster in struct.iter_unpack("<2I", file.read_bytes() if file.is_file() else b""):
            labels[low + document] = first.setdefault(cluster, low + document)
    job.finish(labels, time.perf_counter() - begun, ["datatrove", "numpy", "xxhash"])


if __name__ == "__main__":
    main()
