"""Trees in XGBoost's own JSON, with the codes of their categories and standalone scripts."""

import shutil
from importlib.metadata import version
from pathlib import Path

from shipworthy.core.files import read_json
from shipworthy.models.transform.transformation import FILE
from shipworthy.models.xgboost.family import COLUMNS, TREES
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


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes the trees, how raw rows become their columns, the server's settings and the scripts."""
    for name in (TREES, COLUMNS):
        shutil.copyfile(subject.weights_file(name), folder / name)
    saved = read_json(folder / COLUMNS)
    classes, labels = saved.get("classes", []), saved.get("labels", [])
    copy_server(folder)
    shutil.copyfile(Path(__file__).parent / "files" / "model.py", folder / "model.py")
    raw = copy_transformation(subject, folder)
    inputs = raw or saved["columns"]
    return Contents(
        columns=inputs,
        requirements="".join(f"{name}=={version(name)}\n" for name in LIBRARIES),
        wheels=None,
        usage=usage(inputs, 3),
        weights=[
            ("file", f"{TREES}, {subject.chosen['size_mb']:.1f} MB, XGBoost's own JSON"),
            ("columns", f"{len(saved['columns'])}, of which {len(saved['categories'])} hold names"),
            *([("made from", f"{len(raw)} raw columns, by {FILE}, fitted on train")] if raw else []),
            *([("classes", ", ".join(classes))] if classes else []),
            *([("labels", ", ".join(labels))] if labels else []),
        ],
        limits=[
            "A category that training did not have counts as missing.",
            *([] if classes or labels else ["Trees answer no number far beyond those that training had."]),
            "It repeats the patterns of its data, the unjust ones too.",
        ],
        licences=[("XGBoost", "Apache-2.0", "the library; installed, not contained")],
        answer=CLASS_ANSWER if classes else LABELS_ANSWER if labels else answers_numbers(subject),
    )
