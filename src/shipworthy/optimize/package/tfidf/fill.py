"""A linear model of words in JSON, and standalone scripts that need no library."""

import shutil
from pathlib import Path

from shipworthy.models import prompt
from shipworthy.models.tfidf import scorer
from shipworthy.optimize.package.build import (
    CLASS_ANSWER,
    LABELS_ANSWER,
    Contents,
    Subject,
    copy_server,
    usage,
)
from shipworthy.optimize.package.carried import carry


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes the weights, the code that reads them, the server's settings and the scripts."""
    shutil.copyfile(subject.weights_file(scorer.FILE), folder / scorer.FILE)
    shutil.copyfile(Path(scorer.__file__), folder / "model.py")
    carry(folder, prompt)
    copy_server(folder)
    model = scorer.load(folder)
    labels = "labels" in model.saved
    return Contents(
        columns=model.columns,
        requirements="# Python 3.11 or newer\n",
        wheels=None,
        usage=usage(model.columns, len(model.columns)),
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
