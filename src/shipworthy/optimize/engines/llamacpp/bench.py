"""The chosen GGUF behind llama.cpp's server, against transformers on the same prompts."""

from collections.abc import Mapping
from typing import Any

from shipworthy.core.progress import say
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.documents import chunks, first
from shipworthy.models.vote import winner
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
    rows = first(subject.rows, config.requests)
    asked = [
        {**request, "max_tokens": subject.task.max_new_tokens, **GREEDY} for request in requests(subject.task, rows)
    ]
    bodies = [[asked[row] for row in own] for own in chunks(rows)]
    serving = settings(str(subject.path), subject.name, config.context_tokens, threads, config.port)
    measured: list[dict[str, Any]] = []
    with serve(locate(), serving, asked[0]) as server:
        load(server.url, (bodies * (config.warmup + 1))[: config.warmup], 1, "bench, warm-up")
        for clients in config.clients:
            replies, seconds = load(server.url, bodies, clients, f"bench, {clients} at a time")
            measured.append({"clients": clients, **_summary(replies, seconds, chat)})
            if clients == 1:
                texts = [_answer(document) for document in replies]
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


def _answer(replies: list[Reply]) -> str:
    """The answer to a document (see models/documents.py)."""
    texts = [reply.text.strip() for reply in replies]
    return texts[winner(texts)]


def _summary(replies: list[list[Reply]], seconds: float, chat: Chat) -> dict[str, Any]:
    """What was measured, by documents; where one has several chunks, its first token is the first of the last of them.

    Before that nothing of its answer is known.
    """
    tokens = sum(len(chat.encode(reply.text)) for document in replies for reply in document)
    whole = [sum(reply.seconds for reply in document) for document in replies]
    return {
        "requests": len(replies),
        "ttft_s": percentiles([sum(r.seconds for r in before) + last.first for *before, last in replies]),
        "latency_s": percentiles(whole),
        "tokens_per_s": tokens / seconds,
        "requests_per_s": len(replies) / seconds,
    }


def _reference(config: Llamacpp, subject: Served, threads: int, chat: Chat) -> Mapping[str, Any]:
    """The uncompressed model in transformers, asked for the same documents one by one in a process of its own."""
    most = config.reference_requests
    found = measure_in_subprocess(subject.checkpoint.path, first(subject.rows, most), most, most, threads)
    asked = len(found["seconds"])
    tokens = sum(len(chat.encode(text)) for text in found["said"])
    return {
        "engine": "transformers, float32",
        "requests": asked,
        "latency_s": percentiles(found["seconds"]),
        "tokens_per_s": tokens / sum(found["seconds"]),
        "requests_per_s": asked / sum(found["seconds"]),
        "memory_mb": found["memory_mb"],
        "answers_equal": sum(a == b for a, b in zip(found["texts"], subject.expected, strict=False)),
    }
