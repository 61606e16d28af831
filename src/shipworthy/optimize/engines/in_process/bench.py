"""The model asked through its own library."""

from shipworthy.core.progress import say
from shipworthy.models.documents import repeated
from shipworthy.optimize.engines.build import Served
from shipworthy.optimize.engines.in_process.schema import InProcess
from shipworthy.optimize.engines.in_subprocess import measure_in_subprocess, percentiles


def run(config: InProcess, subject: Served) -> dict[str, object]:
    """Latency of single documents, throughput of single documents and of a batch, memory."""
    say(f"bench: {config.requests} single rows, then {config.batch_rows} at once")
    asked = repeated(subject.rows, max(config.requests, config.batch_rows))
    found = measure_in_subprocess(subject.path, asked, config.requests, config.batch_rows)
    seconds, known = found["seconds"], subject.expected
    answers = [text == known[i % len(known)] for i, text in enumerate(found["texts"])]
    single = {"latency_s": percentiles(seconds), "requests_per_s": len(seconds) / sum(seconds), "tokens_per_s": None}
    return {
        "single": single,
        "concurrency": [{"clients": 1, **single}],
        "batch": {
            "rows": found["batch_rows"],
            "seconds": found["batch_seconds"],
            "rows_per_s": found["batch_rows"] / found["batch_seconds"],
        },
        "memory_mb": found["memory_mb"],
        "answers": {"rows": len(answers), "equal": sum(answers)},
    }
