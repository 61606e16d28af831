"""The chosen GGUF behind llama.cpp's server, against transformers on the same prompts."""

from collections.abc import Mapping
from typing import Any

from shipworthy.core.progress import say
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.optimize.engines.build import Served
from shipworthy.optimize.engines.in_subprocess import measure_in_subprocess, percentiles
from shipworthy.optimize.engines.llamacpp.load import Reply, load
from shipworthy.optimize.engines.llamacpp.schema import Llamacpp
from shipworthy.optimize.engines.llamacpp.server import GREEDY, serve, settings
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.engines.measure import pss_mb
from shipworthy.optimize.engines.threads import usable_threads
from shipworthy.optimize.quantize.gguf.compress import TOKENIZER
from shipworthy.optimize.quantize.gguf.parity import requests


def run(config: Llamacpp, subject: Served) -> dict[str, Any]:
    """Time to first token, tokens/s, latency, throughput, memory; and whether the server says what `compress` heard."""
    assert isinstance(subject.task, TextToText)
    threads = config.threads or usable_threads()
    chat = Chat(subject.compressed.path / TOKENIZER)
    rows = subject.rows[: config.requests]
    bodies = [
        {**request, "max_tokens": subject.task.max_new_tokens, **GREEDY} for request in requests(subject.task, rows)
    ]
    serving = settings(str(subject.path), subject.name, config.context_tokens, threads, config.port)
    measured: list[dict[str, Any]] = []
    with serve(locate(), serving, bodies[0]) as server:
        load(server.url, (bodies * (config.warmup + 1))[: config.warmup], 1, "bench, warm-up")
        for clients in config.clients:
            replies, seconds = load(server.url, bodies, clients, f"bench, {clients} at a time")
            measured.append({"clients": clients, **_summary(replies, seconds, chat)})
            if clients == 1:
                texts = [reply.text.strip() for reply in replies]
        memory = pss_mb(server.process)
    say(f"bench: transformers on {config.reference_requests} of the same prompts")
    return {
        "threads": threads,
        "single": measured[0],
        "concurrency": measured,
        "memory_mb": memory,
        "answers": {"rows": len(texts), "equal": sum(a == b for a, b in zip(texts, subject.expected, strict=False))},
        "reference": _reference(config, subject, threads, chat),
    }


def _summary(replies: list[Reply], seconds: float, chat: Chat) -> dict[str, Any]:
    tokens = sum(len(chat.encode(reply.text)) for reply in replies)
    return {
        "requests": len(replies),
        "ttft_s": percentiles([reply.first for reply in replies]),
        "latency_s": percentiles([reply.seconds for reply in replies]),
        "tokens_per_s": tokens / seconds,
        "requests_per_s": len(replies) / seconds,
    }


def _reference(config: Llamacpp, subject: Served, threads: int, chat: Chat) -> Mapping[str, Any]:
    """The uncompressed model in transformers, asked for the same rows one by one in a process of its own."""
    rows = subject.rows[: config.reference_requests]
    found = measure_in_subprocess(subject.checkpoint.path, rows, rows.height, rows.height, threads)
    tokens = sum(len(chat.encode(text)) for text in found["texts"])
    return {
        "engine": "transformers, float32",
        "requests": rows.height,
        "latency_s": percentiles(found["seconds"]),
        "tokens_per_s": tokens / sum(found["seconds"]),
        "requests_per_s": rows.height / sum(found["seconds"]),
        "memory_mb": found["memory_mb"],
        "answers_equal": sum(a == b for a, b in zip(found["texts"], subject.expected, strict=False)),
    }
