"""docs/metrics.md says of each metric what the code says."""

import shutil
import subprocess
import sys
import textwrap
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
import yaml

from shipworthy.core.schema import from_plain
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.classification.schema import Classification
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> Any:
    """The module scripts/metrics."""
    loader = SourceFileLoader("metrics_page", str(ROOT / "scripts" / "metrics"))
    spec = spec_from_loader("metrics_page", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_tables_are_what_the_code_says(script: Any) -> None:
    assert script.page(PAGE) == PAGE, "run ./scripts/metrics"


def test_every_metric_of_ours_stands_in_each_of_its_tables(script: Any) -> None:
    found = {}
    written = PAGE.partition(script.BEGIN)[2].partition(script.END)[0]
    for table in written.split("### task=")[1:]:
        task = table.partition("\n")[0]
        found[task] = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert {name for names in found.values() for name in names} == set(script.ours())
    assert "verb_accuracy" not in script.ours()
    for task, names in found.items():
        assert names == {name for name in script.ours() if task in metric(name).TASKS}


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    for name in ("scripts", "docs"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "scripts" / "metrics", tmp_path / "scripts")
    page = tmp_path / "docs" / "metrics.md"
    page.write_text(PAGE.replace("| `mae` | The", "| `mae` | A", 1), encoding="utf-8")
    subprocess.run([sys.executable, tmp_path / "scripts" / "metrics"], check=True)
    assert page.read_text(encoding="utf-8") == PAGE


def test_the_costs_of_the_page_load() -> None:
    block = PAGE.partition("  ```\n  metric: cost\n")[2].partition("  ```\n")[0]
    plain = yaml.safe_load("metric: cost\n" + textwrap.dedent(block))
    task = from_plain(Classification, {"name": "t", "description": "d", "baselines": ["majority"], **plain}, "task")
    assert metric("cost").score(task, [], []).shape == (0,)
    assert task.costs == {">50K": {"<=50K": 5.0}, "<=50K": {">50K": 1.0}}
