"""The package of one number for all rows, with standalone scripts that need no library."""

import shutil
from pathlib import Path

from shipworthy.models import constant
from shipworthy.optimize.package.build import Contents, Subject, answers_numbers, copy_server, usage


def fill(subject: Subject, folder: Path, statistic: str) -> Contents:
    """Writes the number, the code that reads it, and the scripts.

    Args:
        statistic: which of train's answers it is, in a word.
    """
    shutil.copyfile(subject.weights_file(constant.FILE), folder / constant.FILE)
    shutil.copyfile(Path(constant.__file__), folder / "model.py")
    copy_server(folder)
    model = constant.load(folder)
    return Contents(
        columns=model.columns,
        requirements="# Python 3.11 or newer\n",
        wheels=None,
        usage=usage(model.columns, 3),
        weights=[("number", f"{model.number!r}, the {statistic} of train's answers")],
        limits=["It answers every row alike, whatever its columns hold."],
        licences=[],
        answer=answers_numbers(subject),
    )
