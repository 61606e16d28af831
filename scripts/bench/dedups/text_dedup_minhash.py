"""text-dedup's own command, with its fast hash (xxh3, 32 bits), in as many processes as allowed.

Its time is that of its steps up to the clusters: what it spends on writing the data set anew is not counted.
"""

import os
from pathlib import Path

from job import Job

job = Job.read()
os.environ["HF_DATASETS_CACHE"] = str(Path(job.out) / "cache")

from text_dedup import minhash  # noqa: E402

COUNTED = ("Loading", "MinHashing", "Clustering")


def main() -> None:
    """All documents."""
    timers = []

    class Timer(minhash.Timer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            timers.append(self)

    minhash.Timer = Timer
    options = {
        "path": "parquet",
        "data_files": job.documents,
        "split": "train",
        "cache_dir": str(Path(job.out) / "cache"),
        "output": str(Path(job.out) / "output"),
        "column": "text",
        "num_proc": job.threads,
        "ngram": job.shingle_words,
        "min_length": 1,
        "num_perm": job.bands * job.rows,
        "b": job.bands,
        "r": job.rows,
        "hash_func": "xxh3",
        "hash_bits": 32,
    }
    arguments = [item for name, value in options.items() for item in (f"--{name}", str(value))]
    minhash.main.main(args=arguments, standalone_mode=False)
    count = __import__("pyarrow.parquet").parquet.read_metadata(job.documents).num_rows
    seconds = sum(timers[0].elapsed_times[name] for name in COUNTED)
    job.finish([minhash.uf.find(i) for i in range(count)], seconds, ["text-dedup", "datasets", "numpy", "xxhash"])


if __name__ == "__main__":
    main()
