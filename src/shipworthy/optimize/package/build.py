"""From the format of the chosen variant to what packages it: the folder of that name."""

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from shipworthy.core.artifact import Artifact, inside
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.groups import EngineConfig
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import clean_text, conformal, decision, json_row, raw_rows
from shipworthy.models.transform import replay
from shipworthy.models.transform.transformation import FILE, OPERATIONS, Transformation
from shipworthy.optimize.package.carried import carry

KINDS = Lazy("shipworthy.optimize.package.{quant.kind}.fill", "shipworthy.optimize.package.{model.kind}.fill")
"""A format is named as the quantizer that makes it, or, where nothing is quantized, as the model's family."""
PORT = 8000
TEXT_ANSWER = '`{"prediction": "…"}`'
CLASS_ANSWER = """`{"prediction": "a", "probabilities": {"a": 0.8, "b": 0.2}}`: the class, and how likely the \
model holds each class to be, from 0 to 1, together 1"""
"""What an answer looks like, for the card."""
LABELS_ANSWER = """`{"prediction": ["a", "c"], "probabilities": {"a": 0.8, "b": 0.2, "c": 0.9}}`: the labels that are \
more likely than not, none or several, and how likely the model holds each label to be, from 0 to 1, each on its own"""
NUMBER_ANSWER = '`{"prediction": 12.3}`: a number in the unit of the label'
INTERVAL_ANSWER = """`{"prediction": 12.3, "low": 10.1, "high": 15.2}`: a number in the unit of the label, and the \
interval around it"""
SCRIPTS = Path(__file__).parent / "scripts"
"""`predict` and `serve` of the packages whose model.py has `load(folder)`, which gives `columns` and `predict`."""


@dataclass(frozen=True)
class Subject:
    """What is packaged.

    Attributes:
        artifacts: kind → artifact, of the whole pipeline so far.
        chosen: the chosen variant's entry in compressed.json.
    """

    task: Task
    engine: EngineConfig
    artifacts: Mapping[str, Artifact]
    chosen: Mapping[str, Any]

    @property
    def weights(self) -> Path:
        """The chosen variant's file or folder."""
        return inside(self.artifacts["compressed"].path, str(self.chosen["file"]))

    def weights_file(self, name: str) -> Path:
        """A file of the chosen variant, where that is a folder.

        Raises:
            ArtifactError: the manifest does not list it.
        """
        return self.artifacts["compressed"].file(f"{self.chosen['file']}/{name}")


@dataclass(frozen=True)
class Contents:
    """What a package's own kind says of it.

    Attributes:
        columns: what a row must have.
        requirements: exact versions, one per line.
        wheels: a folder with wheels that need not be compiled again (None: the index has them all).
        usage: lines of a shell that show how it is asked.
        weights: what the card says of the weights: rows of (what, words).
        limits: sentences for the card, beside those of the task and the data.
        licences: rows of (what, licence, note).
        answer: what an answer looks like, and what it holds, for the card.
        rounding: the share by which a number may differ from the one that was evaluated: by default no more than a sum
            does that is added up in another order.
    """

    columns: list[str]
    requirements: str
    wheels: Path | None
    usage: list[str]
    weights: list[tuple[str, str]]
    limits: list[str]
    licences: list[tuple[str, str, str]]
    answer: str = TEXT_ANSWER
    rounding: float = 1e-9


class Kind(Protocol):
    """A module that packages one format."""

    def fill(self, subject: Subject, folder: Path) -> Contents:
        """Writes weights, scripts and settings into `folder`."""
        ...


def kind(name: str) -> Kind:
    """The module that packages a format.

    Raises:
        UsageError: there is none.
    """
    if not KINDS.name(name):
        raise UsageError(
            f"Nothing packages the format '{name}': add package/{name}/fill.py to an extension, or choose another."
        )
    found: Kind = KINDS.load(name)
    return found


def copy_raw_rows(subject: Subject, folder: Path) -> str:
    """Copies how the dataset's raw rows were read, and the code that reads rows in the same way.

    Returns:
        What that code needs beside Python: exact versions, one per line.
    """
    shutil.copyfile(subject.artifacts["dataset"].file(raw_rows.FILE), folder / raw_rows.FILE)
    carry(folder, raw_rows, json_row)
    needed = clean_text.libraries(read_json(folder / raw_rows.FILE)["clean"])
    return "".join(f"{name}=={version(name)}\n" for name in needed)


def copy_decision(subject: Subject, folder: Path) -> None:
    """Copies what validation told beyond the fit, and the code that reads it: a threshold, or how far intervals go."""
    for module in (decision, conformal):
        if (subject.weights / module.FILE).is_file():
            shutil.copyfile(subject.weights_file(module.FILE), folder / module.FILE)
            carry(folder, module)


def copy_transformation(subject: Subject, folder: Path) -> list[str]:
    """Copies how a model's columns are made of raw ones, and the code that makes them.

    Returns:
        The raw columns; none where rows are taken as they are.
    """
    if not (transformation := Transformation.of(subject.weights)):
        return []
    shutil.copyfile(subject.weights_file(FILE), folder / FILE)
    used = {step["op"] for step in transformation.saved["steps"]}
    carry(folder, replay, *(OPERATIONS.load(name) for name in sorted(used)))
    return list(transformation.replay.inputs)


def answers_numbers(subject: Subject) -> str:
    """What a number looks like as an answer, for the card."""
    return INTERVAL_ANSWER if (subject.weights / conformal.FILE).is_file() else NUMBER_ANSWER


def copy_server(folder: Path) -> None:
    """Copies `predict` and `serve`, with their settings."""
    write_json(folder / "serving.json", {"host": "127.0.0.1", "port": PORT})
    copy_scripts(SCRIPTS, folder)


def usage(columns: Sequence[str], most: int) -> list[str]:
    """Lines of a shell that show how a package with these scripts is asked; `most` of the columns are named."""
    example = "".join(f" {shlex.quote(f'{name}=…')}" for name in columns[:most])
    return [
        *([f"python predict{example}{' …' if len(columns) > most else ''}"] if columns else []),
        "python predict < rows.jsonl",
        f"python serve   # POST JSON lines to /predict, port {PORT}",
    ]


def copy_scripts(source: Path, folder: Path) -> None:
    """Copies the files of a folder, executable."""
    for path in sorted(path for path in source.iterdir() if path.is_file()):
        shutil.copyfile(path, folder / path.name)
        (folder / path.name).chmod(0o755)
