"""Trees in XGBoost's own JSON, with the codes of their categories and standalone scripts."""

import shutil
from importlib.metadata import version
from pathlib import Path

from shipworthy.core.files import read_json, write_json
from shipworthy.models.xgboost.family import COLUMNS, TREES
from shipworthy.optimize.package.build import PORT, SCRIPTS, Contents, Subject, copy_scripts

LIBRARIES = ("numpy", "scipy", "xgboost-cpu")


def fill(subject: Subject, folder: Path) -> Contents:
    """Writes the trees, how columns are encoded, the server's settings and the scripts."""
    for name in (TREES, COLUMNS):
        shutil.copyfile(subject.weights / name, folder / name)
    saved = read_json(folder / COLUMNS)
    write_json(folder / "serving.json", {"host": "127.0.0.1", "port": PORT})
    copy_scripts(SCRIPTS, folder)
    shutil.copyfile(Path(__file__).parent / "files" / "model.py", folder / "model.py")
    example = " ".join(f"{name}=…" for name in saved["columns"][:3])
    return Contents(
        columns=saved["columns"],
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
            ("classes", ", ".join(saved["classes"])),
        ],
        limits=[
            "A category that training did not have counts as missing.",
            "It repeats the patterns of its data, the unjust ones too.",
        ],
        licences=[("XGBoost", "Apache-2.0", "the library; installed, not contained")],
    )
