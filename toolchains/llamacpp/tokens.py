"""What the engine's chat path makes of messages: the token ids that reach its decoder.

Nothing is re-implemented: llama_cpp's own chat completion runs, with the template, the tokenizer and the rule about
the first token that stand in the GGUF; only the decoding is replaced, by noting down what it was to decode.

stdin: a line {"gguf", "context_tokens"}, then a line {"messages": [...]} per row, with "tools" where there are some.
stdout: a line {"ids"} per row.
"""

import json
import sys

from llama_cpp import Llama


class Heard(Exception):
    """The token ids that were to be decoded."""


class Listening(Llama):
    """An engine that says which tokens it is asked to go on from, instead of going on."""

    def generate(self, tokens, **_):
        raise Heard([int(token) for token in tokens])
        yield  # the completion iterates over it


def main() -> None:
    header = json.loads(sys.stdin.readline())
    engine = Listening(header["gguf"], n_ctx=header["context_tokens"], n_batch=64, n_threads=1, verbose=False)
    for line in sys.stdin:
        try:
            engine.create_chat_completion(**json.loads(line), temperature=0.0, max_tokens=1)
        except Heard as heard:
            print(json.dumps({"ids": heard.args[0]}), flush=True)


if __name__ == "__main__":
    main()
