"""A linear model of words in JSON, and standalone scripts that need no library."""

import shlex
import shutil
from pathlib import Path

from shipworthy.core.files import write_json
from shipworthy.models import prompt
from shipworthy.models.tfidf import scorer
from shipworthy.optimize.package.build import (
    CLASS_ANSWER,
    LABELS_ANSWER,
    PORT,
    SCRIPTS,
    Contents,
    Subject,
    copy_scripts,
)
from shipworthy.optimize.package.carried import carry


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes the weights, the code that reads them, the server's settings and the scripts."""
    shutil.copyfile(subject.weights_file(scorer.FILE), folder / scorer.FILE)
    shutil.copyfile(Path(scorer.__file__), folder / "model.py")
    carry(folder, prompt)
    write_json(folder / "serving.json", {"host": "127.0.0.1", "port": PORT})
    copy_scripts(SCRIPTS, folder)
    model = scorer.load(folder)
    labels = "labels" in model.saved
    example = " ".join(shlex.quote(f"{name}=…") for name in model.columns)
    return Contents(
        columns=model.columns,
        requirements="# Python 3.11 or newer\n",
        wheels=None,
        usage=[
            f"python predict {example}",
            "python predict < rows.jsonl",
            f"python serve   # POST JSON lines to /predict, port {PORT}",
        ],
        weights=[
            ("file", f"{scorer.FILE}, {subject.chosen['size_mb']:.1f} MB"),
            ("terms", f"{len(model.saved['terms']):,}, runs of up to {model.saved['longest']} words"),
            ("labels" if labels else "classes", ", ".join(model.names)),
        ],
        limits=[
            "It counts words: what follows from their order over more than such a run, or from knowledge, it misses.",
            "Words that training did not have do not count.",
        ],
        licences=[],
        answer=LABELS_ANSWER if labels else CLASS_ANSWER,
    )
