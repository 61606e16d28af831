"""What is found, and what is refused, of extensions in a folder made for it."""

import ast
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from shipworthy import extensions as namespace
from shipworthy.config import keys
from shipworthy.core import choices, extensions, identity
from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import SCHEMAS, schema
from shipworthy.models.majority.schema import Majority
from tests.conftest import ROOT

METRICS = "shipworthy.evaluation.metrics"
METRIC = "TITLE, GREATER_IS_BETTER, KIND = 'a', True, 'right'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder extensions/, the only one that this process knows."""
    cached = (extensions.extensions, extensions.parts, extensions.import_schemas, identity.extension_files)
    caches = (*cached, identity.source_hash)
    monkeypatch.setattr(extensions, "folder", lambda: tmp_path)
    monkeypatch.setattr(namespace, "__path__", [str(tmp_path)])
    before, known = set(sys.modules), {group: dict(kinds) for group, kinds in SCHEMAS.items()}
    for one in caches:
        one.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for one in caches:
        one.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith(f"{extensions.NAMESPACE}."):
            del sys.modules[name]
    SCHEMAS.clear()
    SCHEMAS.update(known)


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_part_is_found_by_the_name_of_its_file_and_imported_from_there(folder: Path) -> None:
    write(folder / "mine" / "metrics" / "close.py", METRIC)
    write(folder / "mine" / "metrics" / "_shared.py")
    write(folder / "mine" / "tests" / "schema.py", "raise AssertionError")
    assert extensions.parts(METRICS)["close"] == "shipworthy.extensions.mine.metrics.close"
    assert extensions.of_extensions(METRICS) == ["close"]
    assert extensions.load(extensions.parts(METRICS)["close"]).TITLE == "a"
    extensions.import_schemas()


def test_a_schema_declares_a_kind(folder: Path) -> None:
    write(
        folder / "mine" / "anywhere" / "schema.py",
        "from shipworthy.core.groups import ModelConfig\nfrom shipworthy.core.schema import schema\n\n\n"
        '@schema("model", "mine")\nclass Mine(ModelConfig):\n    size: int = 3\n',
    )
    extensions.import_schemas()
    assert SCHEMAS["model"]["mine"]().size == 3  # type: ignore[attr-defined]
    assert SCHEMAS["model"]["mine"].__module__ == "shipworthy.extensions.mine.anywhere.schema"


@pytest.mark.parametrize(
    ("group", "base", "sentence"),
    [
        (
            "modle",
            "ModelConfig",
            r"declares Mine as modle 'mine', and there is no such group: choose one of task",
        ),
        ("quant", "ModelConfig", r"declares Mine as quant 'mine', so that it must inherit from QuantConfig: let it"),
    ],
)
def test_a_schema_of_no_group_is_refused(folder: Path, group: str, base: str, sentence: str) -> None:
    write(
        folder / "mine" / "models" / "mine" / "schema.py",
        f"from shipworthy.core.groups import {base}\nfrom shipworthy.core.schema import schema\n\n\n"
        f'@schema("{group}", "mine")\nclass Mine({base}):\n    size: int = 3\n',
    )
    with pytest.raises(UsageError, match=sentence):
        keys.import_checked_schemas.__wrapped__()


def test_two_of_one_name_are_refused(folder: Path) -> None:
    write(folder / "mine" / "metrics" / "close.py", METRIC)
    write(folder / "yours" / "metrics" / "close.py", METRIC)
    with pytest.raises(UsageError, match=r"mine.metrics.close and .*yours.metrics.close have one name, 'close'"):
        extensions.parts(METRICS)


def test_one_of_ours_is_not_replaced(folder: Path) -> None:
    write(folder / "mine" / "metrics" / "accuracy.py", METRIC)
    with pytest.raises(UsageError, match=r"evaluation.metrics.accuracy and .*mine.metrics.accuracy have one name"):
        extensions.parts(METRICS)
    assert SCHEMAS["model"]["majority"] is Majority
    with pytest.raises(UsageError, match=r"both declare model 'majority': rename one of them"):

        @schema("model", "majority")
        class Another(ModelConfig):
            pass


def test_a_choice_that_there_is_is_refused(folder: Path) -> None:
    write(folder / "mine" / "conf" / "quant" / "none.yaml")
    with pytest.raises(UsageError, match=r"conf/quant/none.yaml and .*mine/conf/quant/none.yaml are one choice"):
        choices.checked_folders()


def test_choices_are_those_of_both(folder: Path) -> None:
    write(folder / "mine" / "conf" / "quant" / "half.yaml")
    write(folder / "mine" / "conf" / "invented" / "one.yaml")
    assert {"gguf", "half", "none"} <= set(choices.of("quant"))
    assert choices.of("quant")["half"] == folder / "mine" / "conf" / "quant" / "half.yaml"
    assert choices.is_group("invented") and not choices.is_group("nothing")


def test_a_name_that_cannot_be_imported_is_refused(folder: Path) -> None:
    (folder / "my-own").mkdir()
    with pytest.raises(UsageError, match=r"my-own is no name that Python can import: rename it"):
        extensions.extensions()


def test_what_an_extension_does_is_part_of_a_runs_identity_and_its_tests_are_not(folder: Path) -> None:
    none = identity.source_hash()
    write(folder / "mine" / "metrics" / "close.py", METRIC)
    write(folder / "mine" / "tests" / "test_close.py", "1")
    for one in (extensions.extensions, identity.extension_files, identity.source_hash):
        one.cache_clear()
    assert list(identity.extension_files()) == ["extensions/mine/metrics/close.py"]
    assert identity.source_hash() != none


def test_a_spawned_process_finds_its_classes() -> None:
    from shipworthy.extensions.operation_naming.models.verb_object.schema import VerbObject

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(repr, VerbObject(column="x")).result() == repr(VerbObject(column="x"))


def test_no_module_of_ours_imports_an_extension() -> None:
    """import-linter's contract does not see modules that are not in src/."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith(f"{extensions.NAMESPACE}.") for name in names), path
