"""Trees in XGBoost's own JSON, with the codes of their categories and standalone scripts."""

import shlex
import shutil
from importlib.metadata import version
from pathlib import Path

from shipworthy.core.files import read_json, write_json
from shipworthy.models.transform import replay
from shipworthy.models.transform.transformation import FILE, OPERATIONS, Transformation
from shipworthy.models.xgboost.family import COLUMNS, TREES
from shipworthy.optimize.package.build import (
    CLASS_ANSWER,
    LABELS_ANSWER,
    NUMBER_ANSWER,
    PORT,
    SCRIPTS,
    Contents,
    Subject,
    copy_scripts,
)
from shipworthy.optimize.package.carried import carry

LIBRARIES = ("numpy", "scipy", "xgboost-cpu")


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes the trees, how raw rows become their columns, the server's settings and the scripts."""
    for name in (TREES, COLUMNS):
        shutil.copyfile(subject.weights_file(name), folder / name)
    saved = read_json(folder / COLUMNS)
    classes, labels = saved.get("classes", []), saved.get("labels", [])
    write_json(folder / "serving.json", {"host": "127.0.0.1", "port": PORT})
    copy_scripts(SCRIPTS, folder)
    shutil.copyfile(Path(__file__).parent / "files" / "model.py", folder / "model.py")
    transformation = Transformation.of(subject.weights)
    inputs = list(transformation.replay.inputs) if transformation else saved["columns"]
    if transformation:
        shutil.copyfile(subject.weights_file(FILE), folder / FILE)
        used = {step["op"] for step in transformation.saved["steps"]}
        carry(folder, replay, *(OPERATIONS.load(name) for name in sorted(used)))
    example = " ".join(shlex.quote(f"{name}=…") for name in inputs[:3])
    return Contents(
        columns=inputs,
        requirements="".join(f"{name}=={version(name)}\n" for name in LIBRARIES),
        wheels=None,
        usage=[
            f"python predict {example} …",
            "python predict < rows.jsonl",
            f"python serve   # POST JSON lines to /predict, port {PORT}",
        ],
        weights=[
            ("file", f"{TREES}, {subject.chosen['size_mb']:.1f} MB, XGBoost's own JSON"),
            ("columns", f"{len(saved['columns'])}, of which {len(saved['categories'])} hold names"),
            *([("made from", f"{len(inputs)} raw columns, by {FILE}, fitted on train")] if transformation else []),
            *([("classes", ", ".join(classes))] if classes else []),
            *([("labels", ", ".join(labels))] if labels else []),
        ],
        limits=[
            "A category that training did not have counts as missing.",
            *([] if classes or labels else ["Trees answer no number far beyond those that training had."]),
            "It repeats the patterns of its data, the unjust ones too.",
        ],
        licences=[("XGBoost", "Apache-2.0", "the library; installed, not contained")],
        answer=CLASS_ANSWER if classes else LABELS_ANSWER if labels else NUMBER_ANSWER,
    )
