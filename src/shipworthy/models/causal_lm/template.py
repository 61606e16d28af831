"""The chat templates of templates/.

A file's first line says which token ends a turn (`eos`; `own`: the tokenizer's), which one begins a conversation
(`bos`), which must be one token of the vocabulary (`needs`), and where the format is described. The rest is the
template, as a checkpoint's tokenizer files, its GGUF and its package carry it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shipworthy.core.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FOLDER = Path(__file__).parent / "templates"
OWN = "own"
HEADER = re.compile(r"\{# eos: (?P<eos>\S+); (?:bos: (?P<bos>\S+); )?needs: (?P<needs>[^;]*); (?P<source>.*) #\}")


@dataclass(frozen=True)
class Template:
    """A template and what it asks of a tokenizer.

    Attributes:
        name: the file's, without its ending.
        text: Jinja, for the environment of `apply_chat_template`.
        eos: the token that ends a turn (`own`: the tokenizer's).
        bos: the token that begins a conversation (`own`: the tokenizer's; empty: none is written).
        needs: what must be one token each.
        source: where the format is described.
    """

    name: str
    text: str
    eos: str
    bos: str
    needs: tuple[str, ...]
    source: str


def names() -> tuple[str, ...]:
    """What `model.template` may be."""
    return (OWN, *sorted(path.stem for path in FOLDER.glob("*.jinja")))


def read(name: str) -> Template:
    """One of the templates by its name."""
    first, text = (FOLDER / f"{name}.jinja").read_text(encoding="utf-8").split("\n", 1)
    header = HEADER.fullmatch(first)
    assert header, f"the first line of {name}.jinja does not say what it needs"
    return Template(
        name,
        text.rstrip("\n"),
        header["eos"],
        header["bos"] or "",
        tuple(header["needs"].split()),
        header["source"],
    )


def install(tokenizer: "PreTrainedTokenizerBase", name: str) -> None:
    """Gives a tokenizer the template `name`, and the tokens by which it begins and ends; `own` changes nothing.

    Raises:
        UsageError: the tokenizer lacks a token that the template needs.
    """
    if name == OWN:
        return
    template = read(name)
    ends = {"bos_token": template.bos, "eos_token": template.eos}
    named = [token for token in ends.values() if token not in ("", OWN)]
    lacking = [token for token in (*named, *template.needs) if token not in tokenizer.get_vocab()]
    lacking += [role for role, token in ends.items() if token == OWN and not getattr(tokenizer, role)]
    if lacking:
        raise UsageError(
            f"model.template={name}: the model's tokenizer has no {lacking[0]}, which the template writes: choose "
            "another template (own is the model's), or a model that was made for this one."
        )
    for role, token in ends.items():
        if token not in ("", OWN):
            setattr(tokenizer, role, token)
    tokenizer.chat_template = template.text
