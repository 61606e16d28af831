"""A project of its own: a copy of this one with a small table and a recipe for it, whose code may be edited."""

import os
import shutil
import subprocess
from pathlib import Path

import polars as pl
import yaml

from tests.conftest import PROGRAM, ROOT

FOLDERS = ("src", "conf", "extensions", "hydra_plugins", "toolchains")
FILES = ("params.yaml", "pyproject.toml", "requirements.lock", "dvc.yaml", ".dvcignore")
DATA = """\
defaults: [base_table, _self_]
name: people
licence: CC0-1.0
file: people.csv
label: pay
split: {test: 0.2, validation: 0.1}
"""
RECIPE = """\
# @package _global_
defaults:
  - override /task: adult_income
  - override /data: people
  - override /model: xgboost
  - override /adapter: none
  - override /trainer: classical
  - override /optimizer: none
  - override /quant: none
  - override /engine: in_process
  - override /tracker: none
task: {positive: "yes", baselines: [majority, logistic]}
model: {rounds: 20}
"""


class People:
    """The project's folder, and the commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy(ROOT / name, folder / name)
        (folder / "data").mkdir()
        for file in (ROOT / "data").iterdir():
            (folder / "data" / file.name).symlink_to(file)
        number = pl.int_range(1500)
        age, hours = 20 + number * 7919 % 60, 20 + number * 15485863 % 40
        flipped = number * 32452843 % 101 < 10  # a table whose columns tell the answer without fail is taken for a leak
        pay = pl.when((age + hours > 65) ^ flipped).then(pl.lit("yes")).otherwise(pl.lit("no"))
        rows = pl.select(age=age, hours=hours, job=pl.format("job {}", number * 104729 % 11), pay=pay)
        rows.write_csv(folder / "data" / "people.csv")
        (folder / "conf" / "data" / "people.yaml").write_text(DATA, encoding="utf-8")
        (folder / "conf" / "experiment" / "people.yaml").write_text(RECIPE, encoding="utf-8")

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of this environment in the project, with the project's own code."""
        return subprocess.run(
            [str(PROGRAM.with_name(command[0])), *command[1:]],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "src")},
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *command: str) -> str:
        """What it prints; fails if it fails."""
        done = self.call(*command)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def edit(self, module: str, added: str) -> None:
        """Adds a line to a file of src/shipworthy/."""
        with (self.folder / "src" / "shipworthy" / module).open("a", encoding="utf-8") as file:
            file.write(f"{added}\n")

    def choose(self, **groups: dict[str, object]) -> None:
        """Writes settings into params.yaml."""
        path = self.folder / "params.yaml"
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group, settings in groups.items():
            params[group] |= settings
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
