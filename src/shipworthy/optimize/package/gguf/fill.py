"""A GGUF file with what llama.cpp's server and a standalone script need to answer as in training."""

import hashlib
import shlex
import shutil
from pathlib import Path

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import write_json, write_text
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.build import config_of
from shipworthy.models.causal_lm import request
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.checkpoint import weights
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.dataset import info
from shipworthy.optimize.engines.llamacpp.schema import Llamacpp
from shipworthy.optimize.engines.llamacpp.server import GREEDY, settings
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.package.build import PORT, SCRIPTS, Contents, Subject, copy_scripts
from shipworthy.optimize.package.carried import carry
from shipworthy.optimize.quantize.gguf.compress import TOKENIZER

WEIGHTS = "model.gguf"


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes model.gguf, tokenizer/, the chat template with its hash, and the settings of server and script.

    Raises:
        ArtifactError: the template is not the one that made the dataset's prompts.
    """
    task, engine = subject.task, subject.engine
    assert isinstance(task, TextToText)
    assert isinstance(engine, Llamacpp)
    shutil.copyfile(subject.weights, folder / WEIGHTS)
    subject.artifacts["compressed"].copy_to(folder / TOKENIZER, below=TOKENIZER)
    chat = _template(subject, folder)
    settled = {name: getattr(task, name) for name in ("system", "prompt", "messages", "tools")}
    preprocessing = {**settled, "control_tokens": chat.control_tokens, "cut": task.cuts}
    write_json(folder / "preprocessing.json", preprocessing)
    columns = request.Requests(preprocessing).columns
    write_json(folder / "generation.json", {"max_tokens": task.max_new_tokens, **GREEDY})
    # -1: all threads of the machine that serves.
    write_json(folder / "serving.json", settings(WEIGHTS, task.name, engine.context_tokens, engine.threads or -1, PORT))
    toolchain = locate()
    copy_scripts(Path(__file__).parent / "files", folder)
    shutil.copyfile(SCRIPTS / "json_lines.py", folder / "json_lines.py")
    carry(folder, request)
    model = config_of(subject.artifacts["checkpoint"].path)
    assert isinstance(model, CausalLM)
    example = " ".join(shlex.quote(f"{name}=…") for name in columns)
    return Contents(
        columns=columns,
        requirements=toolchain.lock().read_text(encoding="utf-8"),
        wheels=toolchain.wheels,
        usage=[
            f"python predict {example}",
            "python predict < rows.jsonl",
            f"python serve   # OpenAI-compatible, port {PORT}",
        ],
        weights=_weights(subject, model),
        limits=_limits(model, task),
        licences=[
            (f"base weights, {model.name}", model.licence, model.note),
            ("llama.cpp and llama-cpp-python", "MIT", "the engine; installed, not contained"),
        ],
    )


def _template(subject: Subject, folder: Path) -> Chat:
    """Writes the template; the tokenizer that has it."""
    chat = Chat(folder / TOKENIZER)
    template = chat.template
    digest = hashlib.sha256(template.encode()).hexdigest()
    trained = info(subject.artifacts["dataset"]).template_sha256
    if digest != trained:
        raise ArtifactError(
            f"The chat template has sha256 {digest}, but the prompts were made with {trained}: prepare again."
        )
    (folder / "chat_template.jinja").write_bytes(template.encode())
    write_text(folder / "chat_template.sha256", f"{digest}  chat_template.jinja\n")
    return chat


def _weights(subject: Subject, model: CausalLM) -> list[tuple[str, str]]:
    chosen = subject.chosen
    tensors = ", ".join(f"{count} {kind}" for kind, count in chosen["tensor_types"].items())
    parity = chosen["token_parity"]
    return [
        ("base", f"{model.name}, {_trained(subject)}"),
        ("file", f"{WEIGHTS}, {chosen['size_mb']:.1f} MB, {chosen['name']}"),
        ("tensors by type", tensors),
        ("prompt tokens", f"as in training on {parity['equal']:,} of {parity['rows']:,} test rows"),
    ]


def _trained(subject: Subject) -> str:
    _, adapter = weights(Path(), subject.artifacts["checkpoint"].path)
    return "with a LoRA adapter merged into it" if adapter else "of which the weights themselves were trained"


def _limits(model: CausalLM, task: TextToText) -> list[str]:
    cuts = task.cuts
    does = "divides" if task.too_long == "chunk" else "cuts"
    votes = " The answer to a text in chunks is the one that most of them give." if task.too_long == "chunk" else ""
    cut = (
        [
            f"`predict` {does} a text whose question is longer than {cuts['most']} tokens, as in training; a client of "
            f"`serve` must keep to that length itself.{votes}"
        ]
        if cuts
        else []
    )
    return [
        model.note or f"The base weights are those of {model.name}.",
        "It answers questions of the form that it was trained on; asked anything else, it answers all the same.",
        "A text that holds a control token of the chat template is refused, as in training.",
        *cut,
        "Answers are greedy; with another engine, quantization, batch size or thread count, single answers may differ.",
        "The compiled wheel of llama-cpp-python that it was validated with is for this kind of machine "
        "(x86-64 with AVX2, or whatever the builder had); elsewhere pip compiles it from source.",
    ]
