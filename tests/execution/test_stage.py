"""What a command is given to work with."""

import pytest

from shipworthy.config.compose import compose
from shipworthy.execution.stage import workspace_of


@pytest.mark.parametrize(
    ("command", "overrides", "kind"),
    [
        ("train", (), "checkpoint"),
        ("train", ("sample=20",), ""),
        ("train", ("preflight=only",), ""),
        ("evaluate", (), "evaluation"),
        ("fetch", (), ""),
        ("doctor", (), ""),
    ],
)
def test_what_a_command_puts_into_the_workspace(command: str, overrides: tuple[str, ...], kind: str) -> None:
    assert workspace_of(command, compose(["experiment=smoke", *overrides])).kind == kind


def test_a_sweeps_job_puts_nothing_there() -> None:
    assert workspace_of("train", compose(["experiment=smoke"]), publish=False).kind == ""
