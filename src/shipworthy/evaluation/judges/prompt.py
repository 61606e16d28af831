"""The prompts of the judge: versioned files, in which texts are fenced off as data.

A file has three parts with a line `---` between them: what it is, as YAML (mode, version, of a rubric its criteria),
the system message, and the user's. {question}, {reference}, {fence} and, of pairs, {a} and {b}, of a rubric {answer}
are filled in; {{ and }} are braces.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.judges.schema import MODES, PAIRWISE, RUBRIC
from shipworthy.models.prompt import Prompt as Text
from shipworthy.models.prompt import PromptError

FOLDER = Path(__file__).parent / "prompts"
OURS: Mapping[str, Path] = {mode: FOLDER / f"{mode}.v1.md" for mode in MODES}
"""Those that are used; older versions stay beside them, and may be given by their path."""
ANSWERS: Mapping[str, tuple[str, ...]] = {PAIRWISE: ("a", "b"), RUBRIC: ("answer",)}
CRITERION = re.compile(r"[a-z][a-z0-9_]*")
RIGHT = """
The right answer, to compare with:
{fence} right answer begins
{text}
{fence} right answer ends
"""


@dataclass(frozen=True)
class Prompt:
    """A judge's prompt.

    Attributes:
        name: of its file.
        version: as the file says.
        sha256: of the file.
        mode: pairwise or rubric.
        criteria: of a rubric, in their order.
        system, user: the two messages before texts are filled in.
    """

    name: str
    version: str
    sha256: str
    mode: str
    criteria: tuple[str, ...]
    system: Text
    user: Text

    def messages(self, question: str, reference: str | None, answers: Mapping[str, str]) -> list[dict[str, str]]:
        """The messages of a request.

        Args:
            reference: the right answer (None: it is not shown).
            answers: `a` and `b`, or `answer`.
        """
        fence = _fence(question, reference or "", *answers.values())
        right = "" if reference is None else RIGHT.format(fence=fence, text=reference)
        values = {"fence": fence, "question": question, "reference": right, **answers}
        return [
            {"role": "system", "content": self.system.fill(values)},
            {"role": "user", "content": self.user.fill(values)},
        ]

    def to_json(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256, "criteria": list(self.criteria)}


def read(path: Path, shown: str = "") -> Prompt:
    """A prompt's file.

    Args:
        shown: what messages and records call it (empty: its name).

    Raises:
        UsageError: it is not there, or not such a file.
    """
    name = shown or path.name
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"judge.prompt={name} can't be read as a file of text: {error}.") from error
    parts = re.split(r"^---[ \t]*\r?$\n?", text, flags=re.MULTILINE)
    if len(parts) != 3:
        raise UsageError(
            f"judge.prompt={name} has {len(parts)} parts: write three, with a line --- between them: mode and version, "
            "the system message, the user's."
        )
    said = _said(name, parts[0])
    mode, criteria = said["mode"], tuple(said.get("criteria", ()))
    try:
        system, user = Text(parts[1].strip()), Text(parts[2].strip())
    except PromptError as error:
        raise UsageError(f"judge.prompt={name} {error}.") from error
    _check(name, mode, system, user)
    return Prompt(name, str(said["version"]), sha256(content).hexdigest(), mode, criteria, system, user)


def _said(name: str, text: str) -> dict[str, Any]:
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError:
        said = None
    if not isinstance(said, dict) or said.get("mode") not in MODES or "version" not in said:
        raise UsageError(f"judge.prompt={name} must begin with `mode: pairwise` or `mode: rubric`, and `version: …`.")
    criteria = said.get("criteria", [])
    sound = isinstance(criteria, list) and all(isinstance(one, str) and CRITERION.fullmatch(one) for one in criteria)
    if not sound or len(set(criteria)) < len(criteria) or bool(criteria) != (said["mode"] == RUBRIC):
        raise UsageError(
            f"judge.prompt={name}: a rubric, and nothing else, names `criteria: [correct, …]`, each once, in letters a "
            "to z, digits and _."
        )
    return said


def _check(name: str, mode: str, system: Text, user: Text) -> None:
    """That the texts are in the user's message, and nothing else is to be filled in."""
    wanted = ("fence", "question", "reference", *ANSWERS[mode])
    if missing := [one for one in wanted if one not in user.columns]:
        raise UsageError(f"judge.prompt={name} lacks {{{missing[0]}}} in the user's message: put it in.")
    if other := [one for one in (*system.columns, *user.columns) if one not in wanted]:
        raise UsageError(f"judge.prompt={name} names {{{other[0]}}}: there are {', '.join(wanted)}.")
    if texts := [one for one in system.columns if one != "fence"]:
        raise UsageError(f"judge.prompt={name} has {{{texts[0]}}} in the system message: texts belong into the user's.")


def _fence(*texts: str) -> str:
    """A mark that is in none of the texts: their own hash, which nobody can write into them."""
    digest = sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"[{digest[:12]}]"
