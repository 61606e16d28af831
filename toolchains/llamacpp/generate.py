"""Greedy answers to frozen prompts: no template, no tokenizer, no sampling settings between the ids and the model.

stdin: a line {"gguf", "threads", "context_tokens", "max_new_tokens", "parallel"}, then a line {"prompt_ids": [...]}
per row. stdout: a line {"index", "ids", "text", "seconds"} per answer, in the order in which they end.

With parallel > 1 that many sequences share each batch, and what all prompts begin with is computed once. `seconds` is
then the time since the sequence entered the batch. With parallel = 1 each prompt is computed whole and alone, as for
one waiting client: `seconds` is its latency, and {"first"} the time to its first token.

Shapes: V vocabulary; llama.cpp's logits are one row of V per token whose `logits` flag is set.
"""

import ctypes
import json
import sys
import time
from dataclasses import dataclass, field

import llama_cpp
import numpy as np

BATCH_TOKENS = 512


@llama_cpp.llama_log_callback
def quiet(_level, _text, _data):
    """llama.cpp's own log is dropped: a failed call says so by its return value."""


@dataclass
class Slot:
    """A sequence in the batch: its row, the tokens that wait to be computed, and the answer so far."""

    sequence: int
    index: int
    waiting: list[int]
    position: int
    started: float
    first: float = 0.0
    answer: list[int] = field(default_factory=list)
    row: int = -1


class Engine:
    """A model with a cache of `parallel` sequences and one for what all prompts share."""

    def __init__(self, header: dict) -> None:
        self.limit = header["max_new_tokens"]
        self.parallel = header["parallel"]
        llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(
            header["gguf"].encode(), llama_cpp.llama_model_default_params()
        )
        if not self.model:
            sys.exit(f"llama.cpp cannot load {header['gguf']}")
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = header["context_tokens"] * self.parallel
        parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
        parameters.n_seq_max = self.parallel + 1
        parameters.n_threads = parameters.n_threads_batch = header["threads"]
        parameters.kv_unified = True
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        if not self.context:
            sys.exit(f"llama.cpp cannot make a context of {parameters.n_ctx} tokens")
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size_V = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.batch = llama_cpp.llama_batch_init(BATCH_TOKENS, 0, 1)

    def add(self, token: int, position: int, sequence: int, logits: bool) -> int:
        """Puts a token into the batch and returns its place there."""
        place = self.batch.n_tokens
        self.batch.token[place] = token
        self.batch.pos[place] = position
        self.batch.n_seq_id[place] = 1
        self.batch.seq_id[place][0] = sequence
        self.batch.logits[place] = logits
        self.batch.n_tokens = place + 1
        return place

    def decode(self) -> None:
        if code := llama_cpp.llama_decode(self.context, self.batch):
            sys.exit(f"llama_decode returned {code}")

    def best(self, place: int) -> int:
        """The most probable next token after the token at `place` of the last batch."""
        logits_V = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, place), shape=(self.size_V,))
        return int(logits_V.argmax())

    def text(self, ids: list[int]) -> str:
        """The text of an answer, as the engine writes it."""
        pieces = b""
        buffer = ctypes.create_string_buffer(256)
        for token in ids:
            n = llama_cpp.llama_token_to_piece(self.vocabulary, token, buffer, 256, 0, False)
            pieces += buffer.raw[:n]
        return pieces.decode("utf-8", errors="replace")

    def share(self, prefix: list[int]) -> None:
        """Computes in sequence 0 what all prompts begin with."""
        for start in range(0, len(prefix), BATCH_TOKENS):
            self.batch.n_tokens = 0
            for offset, token in enumerate(prefix[start : start + BATCH_TOKENS]):
                self.add(token, start + offset, 0, False)
            self.decode()

    def enter(self, sequence: int, index: int, prompt: list[int], shared: int) -> Slot:
        """A sequence that begins with a copy of the shared prefix."""
        llama_cpp.llama_memory_seq_rm(self.memory, sequence, -1, -1)
        if shared:
            llama_cpp.llama_memory_seq_cp(self.memory, 0, sequence, 0, shared)
        return Slot(sequence, index, prompt[shared:], shared, time.perf_counter())

    def step(self, slots: list[Slot]) -> None:
        """One batch: the next tokens of every sequence, as many as fit."""
        self.batch.n_tokens = 0
        for slot in slots:
            slot.row = -1
            room = BATCH_TOKENS - self.batch.n_tokens
            now, slot.waiting = slot.waiting[:room], slot.waiting[room:]
            for offset, token in enumerate(now):
                last = not slot.waiting and offset == len(now) - 1
                place = self.add(token, slot.position + offset, slot.sequence, last)
                slot.row = place if last else -1
            slot.position += len(now)
        self.decode()

    def answers(self, prompts: list[list[int]]):
        """Yields the finished sequences."""
        shared = common(prompts) if self.parallel > 1 else 0
        self.share(prompts[0][:shared])
        order = sorted(range(len(prompts)), key=lambda i: prompts[i][shared:], reverse=True)
        free = list(range(1, self.parallel + 1))
        slots: list[Slot] = []
        while order or slots:
            while order and free:
                index = order.pop()
                slots.append(self.enter(free.pop(), index, prompts[index], shared))
            self.step(slots)
            for slot in [s for s in slots if s.row >= 0]:
                token = self.best(slot.row)
                slot.first = slot.first or time.perf_counter()
                ended = llama_cpp.llama_vocab_is_eog(self.vocabulary, token)
                if not ended:
                    slot.answer.append(token)
                    slot.waiting = [token]
                if ended or len(slot.answer) == self.limit:
                    slots.remove(slot)
                    free.append(slot.sequence)
                    yield slot


def common(prompts: list[list[int]]) -> int:
    """How many tokens all prompts begin with; at least one is left of each to be computed for its logits."""
    low, high = min(prompts), max(prompts)
    longest = min(map(len, prompts)) - 1
    return next((i for i in range(longest) if low[i] != high[i]), longest)


def main() -> None:
    engine = Engine(json.loads(sys.stdin.readline()))
    prompts = [json.loads(line)["prompt_ids"] for line in sys.stdin]
    for slot in engine.answers(prompts):
        now = time.perf_counter()
        answer = {
            "index": slot.index,
            "ids": slot.answer,
            "text": engine.text(slot.answer),
            "seconds": now - slot.started,
            "first": slot.first - slot.started,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
