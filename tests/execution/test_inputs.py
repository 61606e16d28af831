"""What a command reads is what its stage says it reads, and each kind has a command that makes it."""

import ast
from pathlib import Path

import pytest

from shipworthy.cli import COMMANDS
from shipworthy.config.compose import compose
from shipworthy.core.errors import ArtifactError
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.execution.inputs import MADE_BY, check_inputs, taken
from shipworthy.execution.stage import stage_reads
from tests.conftest import ROOT

STAGES = ROOT / "src" / "shipworthy" / "stages"
ALSO = {"package": {"judgement"}, "report": {"general", "judgement", "compressed", "bench", "package"}}
"""What a command reads where it is there."""


def named(command: str, method: str) -> set[str]:
    """The kinds that a stage's code names: in the call itself, or in the tuple that a comprehension around it takes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((STAGES / f"{command}.py").read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="workspace"), attr=name), args=[ast.Constant(kind), *_]):
                found |= {str(kind)} if name == method else set()
            case ast.GeneratorExp() | ast.DictComp() if f"workspace.{method}(" in ast.unparse(node):
                found |= looped(command, node.generators[0].iter)
    return found


def looped(command: str, over: ast.expr) -> set[str]:
    match over:
        case ast.Tuple(elts=kinds):
            return {str(one.value) for one in kinds if isinstance(one, ast.Constant)}
        case ast.Name(id="READS"):
            return set(stage_reads(command))
        case ast.Name(id="kinds"):
            return {*stage_reads(command), *ALSO[command]}
        case _:
            raise AssertionError(ast.unparse(over))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stage_reads_what_it_says(command: str):
    assert named(command, "read") == {*stage_reads(command), *ALSO.get(command, ())}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_stage_writes_is_made_by_its_command(command: str):
    assert named(command, "write") == {kind for kind, maker in MADE_BY.items() if maker == command and kind != "base"}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_read_is_made_before(command: str):
    order = list(COMMANDS)
    makers = [order.index(MADE_BY[kind]) for kind in stage_reads(command)]
    assert makers == sorted(makers), "in the order in which they are made"
    assert all(maker < order.index(command) for maker in makers)


def test_a_missing_artifact_is_a_sentence_with_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = compose(overrides := ["experiment=smoke", "data.sample=0.5", "trainer.keep=3"])
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").touch()
    monkeypatch.chdir(tmp_path)
    project_root.cache_clear()
    try:
        root = tmp_path / "artifacts"
        with Workspace(root=root, command="plan", config={}, seed=0).write("plan"):
            pass
        with pytest.raises(ArtifactError) as error:
            check_inputs("train", config, overrides)
        assert str(error.value) == (
            f"There is no dataset in {root}, and train reads it: run `shipworthy prepare experiment=smoke "
            "data.sample=0.5` first."
        )
        check_inputs("prepare", config, overrides)
        with Workspace(root=root, command="prepare", config={}, seed=0).write("dataset"):
            pass
        check_inputs("train", config, overrides)
    finally:
        project_root.cache_clear()


def test_only_overrides_that_a_command_takes_are_named():
    given = ["experiment=smoke", "model=tiny", "+model.x=1", "~data.url", "note='a b'", "resume=never", "seed=3"]
    assert taken("prepare", given) == ["experiment=smoke", "model=tiny", "+model.x=1", "~data.url", "seed=3"]
