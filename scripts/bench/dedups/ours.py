"""shipworthy: MinHash proposes, the Jaccard similarity decides."""

import time
from pathlib import Path

import polars as pl
from job import Job

from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates.clusters import clusters
from shipworthy.data.duplicates.schema import Duplicates, MinHash


def main() -> None:
    """All documents."""
    job = Job.read()
    config = MinHash(job.threshold, job.bands * job.rows, job.bands, job.shingle_words)
    begun = time.perf_counter()
    found = clusters(
        pl.scan_parquet(job.documents),
        "text",
        Duplicates(minhash=config),
        scratch=Path(job.out),
        mapper=over_threads(job.threads),
    )
    job.finish(found, time.perf_counter() - begun, ["numpy", "polars", "scipy"])


if __name__ == "__main__":
    main()
