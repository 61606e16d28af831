"""The package of a linear model of a table: weights in JSON, and standalone scripts that need no library."""

import shutil
from importlib.metadata import version
from pathlib import Path

from shipworthy.models.logistic import linear
from shipworthy.models.transform.transformation import FILE
from shipworthy.optimize.package.build import (
    CLASS_ANSWER,
    LABELS_ANSWER,
    Contents,
    Subject,
    answers_numbers,
    copy_server,
    copy_transformation,
    usage,
)

LIBRARIES = ("numpy", "scipy", "xgboost-cpu")
"""What a transformation needs, which may ask trees."""


def fill(subject: Subject, folder: Path, file: str) -> Contents:
    """Writes the weights, the code that reads them, how raw rows become their columns, and the scripts.

    Args:
        file: in which the family saved its model.
    """
    shutil.copyfile(subject.weights_file(file), folder / file)
    shutil.copyfile(Path(linear.__file__), folder / "model.py")
    copy_server(folder)
    model, raw = linear.load(folder), copy_transformation(subject, folder)
    inputs = raw or model.columns
    return Contents(
        columns=inputs,
        requirements="".join(f"{name}=={version(name)}\n" for name in LIBRARIES) if raw else "# Python 3.11 or newer\n",
        wheels=None,
        usage=usage(inputs, 3),
        weights=[
            ("file", f"{file}, {subject.chosen['size_mb']:.1f} MB"),
            ("columns", f"{len(model.columns)}, of which {len(model.places)} hold names"),
            *([("made from", f"{len(raw)} raw columns, by {FILE}, fitted on train")] if raw else []),
            *([("classes", ", ".join(model.classes))] if model.classes else []),
            *([("labels", ", ".join(model.labels))] if model.labels else []),
        ],
        limits=[
            "Each column counts on its own, and a number in proportion: what follows from several together it misses.",
            "A category that training did not have counts as missing, or as one of the rare ones.",
            *(
                []
                if model.classes or model.labels
                else ["Far beyond the numbers of training it goes on in a straight line."]
            ),
            "It repeats the patterns of its data, the unjust ones too.",
        ],
        licences=[],
        answer=CLASS_ANSWER if model.classes else LABELS_ANSWER if model.labels else answers_numbers(subject),
    )
