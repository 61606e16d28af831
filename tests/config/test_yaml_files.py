"""Files of conf/ as Hydra gets them."""

from pathlib import Path

import pytest

from shipworthy.config.yaml_files import ChoiceFiles, hints_of
from shipworthy.core.errors import UsageError
from shipworthy.core.targets import FILES


@pytest.mark.parametrize("folder", ["conf", "[1] 50% of é"])
def test_a_choice_keeps_its_texts_wherever_it_lies(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder / "task").mkdir(parents=True)
    (tmp_path / folder / "experiment").mkdir()
    text = "defaults: [base_classification, _self_]\npositive: true\ncriteria: {margin: 1e-2}\n"
    (tmp_path / folder / "task" / "mine.yaml").write_text(text, encoding="utf-8-sig")
    recipe = "# @package _global_\nseed: 3\ntask: {positive: 1.10}\ndata: {source: {kind: hub, revision: 4936e51}}\n"
    (tmp_path / folder / "experiment" / "all.yaml").write_text(recipe, encoding="utf-8")
    files = ChoiceFiles("main", f"{FILES}://{tmp_path / folder}")
    found = files.load_config("task/mine").config
    assert (found.positive, found.criteria.margin, found.defaults[0]) == ("true", 0.01, "base_classification")
    found = files.load_config("experiment/all").config
    assert (found.task.positive, found.data.source.revision, found.seed) == ("1.10", "4936e51", 3)
    assert files.is_config("task/mine") and files.is_group("experiment") and files.list("task", None) == ["mine"]


def test_a_files_package_says_which_schemas_hold() -> None:
    assert hints_of("experiment/x", "_global_") == hints_of("config", None)
    assert hints_of("data/x", None) == hints_of("elsewhere/x", "data")
    assert hints_of("hydra/launcher/x", None) == ()


def test_a_file_that_is_no_yaml_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "bad.yaml").write_text("positive: [\n", encoding="utf-8")
    (tmp_path / "task" / "none.yaml").write_text("positive:\n", encoding="utf-8")
    files = ChoiceFiles("main", f"{FILES}://{tmp_path}")
    with pytest.raises(UsageError, match=r"bad.yaml, line \d is not YAML \([^\n]*\): correct it\.$"):
        files.load_config("task/bad")
    with pytest.raises(UsageError, match=r"none.yaml: positive has no value, which YAML reads as nothing"):
        files.load_config("task/none")
