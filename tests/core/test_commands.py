"""A printed command names its workspace where that is not the default, quoted for a shell."""

import shlex

import pytest

from shipworthy.core.commands import again, command, given, wrapped
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("workspace", "printed"),
    [
        ("artifacts", "shipworthy runs select 0a1b"),
        (ROOT / "artifacts", "shipworthy runs select 0a1b"),
        (ROOT / "work/adult/artifacts", "shipworthy runs select 0a1b workspace=work/adult/artifacts"),
        ("work/my people/artifacts", "shipworthy runs select 0a1b workspace='work/my people/artifacts'"),
        ("/elsewhere/artifacts", "shipworthy runs select 0a1b workspace=/elsewhere/artifacts"),
    ],
)
def test_a_command_names_its_workspace(workspace: str, printed: str) -> None:
    assert command("runs select 0a1b", workspace=workspace) == printed


def test_a_shell_reads_the_workspace_as_one_word() -> None:
    printed = command("runs", workspace="it's; rm -rf $HOME/artifacts")
    assert shlex.split(printed)[2:] == ["workspace=it's; rm -rf $HOME/artifacts"]


@pytest.mark.parametrize(
    ("arguments", "name", "printed"),
    [
        (["experiment=adult", "note=it's"], "prepare", """shipworthy prepare experiment=adult 'note=it'"'"'s'"""),
        (["--params", "params.yaml"], "prepare", "dvc repro"),
        (["--params", "params.yaml"], "fetch", "shipworthy fetch --params params.yaml"),
        (None, "prepare", "shipworthy prepare"),
    ],
)
def test_another_command_is_given_what_the_running_one_was(
    arguments: list[str] | None, name: str, printed: str
) -> None:
    with given(["seed=1"]):
        with given(arguments):
            assert again(name) == printed
        assert again(name) == f"shipworthy {name} seed=1"


def test_a_command_is_not_divided_where_a_text_is() -> None:
    lines = wrapped("Best: 1961afff. `shipworthy runs select 1961afff workspace='my work/artifacts'` takes it.", 30)
    assert lines == [
        "Best: 1961afff.",
        "`shipworthy runs select 1961afff workspace='my work/artifacts'`",
        "takes it.",
    ]
