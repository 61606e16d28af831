"""`shipworthy pipeline`: the commands of a recipe in their order; what is current is left as it is."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

from shipworthy.config.compose import compose
from shipworthy.config.root import Config
from shipworthy.core.artifact import MADE_BY
from shipworthy.core.commands import again
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.locks import ID, PARENT
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.execution.current import Inputs, outdated
from shipworthy.execution.stage import stage_if_there, workspace_of
from shipworthy.models import base

ARTIFACTS = {command: kind for kind, command in MADE_BY.items() if command != "fetch"}
"""Command → what it makes, in the order of a recipe; `fetch` comes before, and checks what is there by itself."""
SUMMARY = "summary.txt"
EXPERIMENT, PLACED = "experiment=", "workspace="
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class StageFailedError(ShipworthyError):
    """A command of the recipe failed; the exit code is its own."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"{command} ended with {code}, as said above: the same command goes on from there.")
        self.exit_code = code


def pipeline(overrides: Sequence[str]) -> None:
    """Runs the commands of a recipe whose artifacts are not current, and says the report's summary.

    All of them are this process's until it ends, so that what one has made is what the next one reads.

    Args:
        overrides: of the recipe; with `experiment=NAME` and no `workspace=…` it works in work/NAME/artifacts.

    Raises:
        UsageError: a recipe that makes no checkpoint.
        StageFailedError: a command failed.
        OwnedError: another process makes one of the artifacts, of another config.
    """
    recipe = in_own_workspace(overrides)
    config = compose(recipe)
    if config.sample or config.preflight == "only":
        setting = f"sample={config.sample}" if config.sample else "preflight=only"
        raise UsageError(
            f"{setting} leaves no checkpoint to go on with: drop it, or give it to `{again('train', recipe)}`."
        )
    root = project_root() / config.workspace
    with ExitStack() as locks:
        owned = [locks.enter_context(workspace_of(command, config).owned()) for command in ARTIFACTS]
        descriptors = [one for some in owned for one in some]
        _run("fetch", recipe)
        inputs = Inputs(root, project_root(), base.inputs(config.model))
        steps = ARTIFACTS.items()
        made = [kind for command, kind in steps if _bring(command, kind, config, recipe, inputs, descriptors)]
        if "report" not in made:
            say((root / "report" / SUMMARY).read_text(encoding="utf-8").rstrip("\n"))


def in_own_workspace(overrides: Sequence[str]) -> list[str]:
    """The overrides, with a workspace that belongs to the experiment where they name none."""
    experiments = [text.removeprefix(EXPERIMENT) for text in overrides if text.startswith(EXPERIMENT)]
    if not experiments or any(text.startswith(PLACED) for text in overrides):
        return [*overrides]
    return [*overrides, f"{PLACED}work/{experiments[-1]}/artifacts"]


def _bring(
    command: str, kind: str, config: Config, recipe: Sequence[str], inputs: Inputs, descriptors: Sequence[int]
) -> bool:
    """Runs a command unless what it makes is current; whether it ran."""
    why = outdated(workspace_of(command, config), kind, inputs, stage_if_there(command))
    if not why:
        say(f"{command}: {kind} is current")
        return False
    say(f"{command}: {why}")
    _run(command, recipe, descriptors)
    inputs.forget(kind)
    return True


def _run(command: str, recipe: Sequence[str], descriptors: Sequence[int] = ()) -> None:
    """Runs one command in a process of its own, which takes its memory with it when it ends.

    The process is in a group of its own, so that a signal reaches it once, through this process: from the terminal as
    from Slurm or `kill`.

    Args:
        descriptors: of the locks, which it holds as long as it lives, should this process be killed.

    Raises:
        StageFailedError: it failed.
    """
    program = [sys.executable, "-P", "-c", "from shipworthy.cli import entry; entry()"]
    call, env = [*program, command, *recipe], {**os.environ, PARENT: ID}
    with (
        _forwarding() as forward_to,
        subprocess.Popen(call, process_group=0, pass_fds=descriptors, env=env) as process,
    ):
        forward_to(process)
        code = process.wait()
    if code:
        raise StageFailedError(command, code if code > 0 else 128 - code)


@contextmanager
def _forwarding() -> Iterator[Callable[["subprocess.Popen[bytes]"], None]]:
    """Inside the block, the signals that this process is sent go to the process that the yielded function is given.

    What comes before it is given one is sent to it then, so that no signal ends this process alone.
    """
    early: list[int] = []
    receivers: list[subprocess.Popen[bytes]] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if not receivers:
            early.append(number)
        elif receivers[0].poll() is None:
            os.killpg(receivers[0].pid, number)

    def forward_to(process: "subprocess.Popen[bytes]") -> None:
        receivers.append(process)
        for number in early:
            os.killpg(process.pid, number)

    before = {number: signal.signal(number, receive) for number in FORWARDED}
    try:
        yield forward_to
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
