"""A transformer with a head, in Hugging Face's layout, and standalone scripts on transformers and torch."""

import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from shipworthy.core.files import write_json
from shipworthy.models import prompt
from shipworthy.models.build import config_of
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.network import FILE, Head, load_tuned
from shipworthy.models.sequence_classifier.schema import SequenceClassifier
from shipworthy.models.sequence_classifier.texts import Texts
from shipworthy.optimize.package.build import CLASS_ANSWER, Contents, Subject, answers_numbers, copy_server, usage
from shipworthy.optimize.package.carried import carry

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
NETWORK = "network"
ROUNDING = 1e-4
"""Share by which a number in 32 bits may differ that was computed alone, and not with others."""


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes the weights, an adapter (if any) merged into them, the tokenizer, and the scripts."""
    model = config_of(subject.weights)
    assert isinstance(model, SequenceClassifier)
    base = base_folder(model)
    network, texts, head = load_tuned(base, subject.weights), Texts(model, base), Head.read(subject.weights)
    if hasattr(network, "score"):
        network.config.pad_token_id = None  # rows are asked one by one: the last token is the last
    network.save_pretrained(folder / NETWORK)
    texts.tokenizer.save_pretrained(folder / NETWORK)
    reading = {"template": model.template, "max_length": model.max_length, "filler": texts.filler}
    write_json(folder / FILE, {**asdict(head), **reading})
    shutil.copyfile(Path(__file__).parent / "files" / "model.py", folder / "model.py")
    carry(folder, prompt)
    copy_server(folder)
    columns = prompt.Prompt(model.template).columns
    size = sum(path.stat().st_size for path in (folder / NETWORK).rglob("*") if path.is_file()) / 1e6
    return Contents(
        columns=columns,
        requirements="".join(f"{name}=={version(name).partition('+')[0]}\n" for name in LIBRARIES),
        wheels=None,
        usage=usage(columns, len(columns)),
        weights=[
            ("folder", f"{NETWORK}, {size:.0f} MB, Hugging Face's layout, safetensors"),
            ("network", f"{type(network).__name__}, {network.num_parameters() / 1e6:.1f} million parameters"),
            *([("classes", ", ".join(head.classes))] if head.classes else []),
        ],
        limits=[
            f"Of a text longer than {model.max_length} tokens the end is not read.",
            "It repeats the patterns of its data, the unjust ones too.",
        ],
        licences=[(model.name, model.licence, model.note or "the weights that were trained further; contained")],
        answer=CLASS_ANSWER if head.classes else answers_numbers(subject),
        rounding=ROUNDING,
    )
