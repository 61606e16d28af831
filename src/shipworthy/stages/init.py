"""Looks at a file, and writes the recipe that it is fit for: `shipworthy init FILE`."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from shipworthy.core import choices
from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_text
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.data import snapshot
from shipworthy.data.look import profile, raw_file, roles, said, talks, trial
from shipworthy.data.look.data_settings import data_settings
from shipworthy.data.look.draft import draft
from shipworthy.data.look.findings import Findings
from shipworthy.data.look.profile import Profile
from shipworthy.data.look.raw_file import RawFile
from shipworthy.data.look.recipe import files

GROUPS = ("data", "task", "experiment")


def run(asked: argparse.Namespace) -> None:
    """Says what the file holds; copies it into data/ and writes conf/data, conf/task and conf/experiment.

    Args:
        asked: file, label, text, name (empty: guessed) and force (whether files are overwritten).

    Raises:
        UsageError: there is no such file or column, nothing to learn in it, or the recipe is there already.
        ShipworthyError: it can't be read, or another file of its name is in data/.
    """
    root = project_root()
    found = raw_file.find(Path(asked.file), root / snapshot.FOLDER)
    name = raw_file.checked_name(asked.name) if asked.name else raw_file.name_of(found.path)
    _refuse_overwriting(name, root, force=asked.force)
    found = raw_file.placed(found, name, root / snapshot.FOLDER)
    with TemporaryDirectory(prefix="shipworthy-") as work:
        found, seen = _read(found, Path(work))
        for line in said.rows_and_columns(seen, roles.ids(seen)):
            say(line)
        made = draft(seen, asked.label, asked.text)
        look = Findings(name, found, seen, made)
        tried = trial.tried(made, found, partial(data_settings, look), seen.rows)
        for line in said.proposal(made, tried):
            say(line)
        written = files(look, tried)
    say(raw_file.bring(found, root / snapshot.FOLDER))
    for path, content in written.items():
        write_text(root / choices.CONF / path, content)
        say(f"wrote {choices.CONF}/{path}")
    say(f"look at them, change what you know better, and run:\nshipworthy pipeline experiment={name}")


def _read(found: RawFile, work: Path) -> tuple[RawFile, Profile]:
    """The file's columns; samples of OpenAI's evals are read as question and answer."""
    seen = profile.look(found, work)
    if talks.is_evals(seen):
        found = replace(found, format="evals")
        seen = profile.look(found, work)
    return found, seen


def _refuse_overwriting(name: str, root: Path, *, force: bool) -> None:
    """Refuses a name that a choice has already, in conf/ unless it is forced, in an extension in any case."""
    for group in GROUPS:
        path = choices.of(group).get(name)
        if path is None:
            continue
        own = path.is_relative_to(root / choices.CONF)
        if not own or not force:
            remedy = "give another --name" + (", or overwrite it with --force" if own else "")
            raise UsageError(f"{path} is there already: {remedy}.")
