"""`shipworthy COMMAND [group=choice] [key=value] [--multirun]`: from a command to its stage."""

import argparse
import difflib
import errno
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

COMMANDS = {
    "fetch": "download the raw data and the base weights, checked against their pins",
    "plan": "estimate memory, time and money, and set the success criteria",
    "prepare": "clean, deduplicate, split, check and tokenize the data",
    "baseline": "fit the models to beat",
    "train": "train the model (resumes if it was killed)",
    "evaluate": "measure every candidate on the test split and test against the best baseline",
    "compress": "merge, convert and quantize, and show what it cost",
    "bench": "measure the served model: latency, throughput, memory",
    "package": "make the folder that is deployed, and prove it in a fresh environment",
    "report": "write the page that says ship or don't",
}

EXAMPLES = """\
overrides: shipworthy train model=smollm2_135m optimizer.lr=3e-4
a sweep:   shipworthy train --multirun optimizer.lr=1e-4,5e-4
a recipe:  shipworthy prepare experiment=adult_xgboost
the road:  dvc repro; a variant of it: dvc exp run -S quant=gguf_q8_0"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    commands = "\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())
    root = Parser(
        prog="shipworthy",
        usage="shipworthy COMMAND [group=choice] [key=value] [--multirun] [--params FILE]",
        description="From raw data to a model worth shipping: plan, prepare, train, track, optimize.",
        epilog=f"commands:\n{commands}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("command", nargs="?", metavar="COMMAND", help="one of those below")
    root.add_argument("overrides", nargs="*", metavar="group=choice, key=value", help="what differs from conf/")
    root.add_argument("-m", "--multirun", action="store_true", help="one run per combination of values")
    root.add_argument("--params", type=Path, metavar="FILE", help="take the config from this file (DVC does)")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 if it did what it was asked for, 1 if something went wrong, 2 if the asking was wrong."""
    root = parser()
    options = root.parse_intermixed_args(arguments)
    if options.command not in COMMANDS:
        close = difflib.get_close_matches(str(options.command), COMMANDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(COMMANDS)}."
        root.error(f"there is no command '{options.command}': {hint}" if options.command else f"no command: {hint}")
    from shipworthy.core.errors import ShipworthyError

    try:
        run(options.command, options.overrides, options.params, options.multirun)
    except ShipworthyError as error:
        print(f"shipworthy {options.command}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # who read our output has had enough, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        print(
            f"shipworthy {options.command}: the disk is full{where}: free some space and run it again; "
            "nothing half-written was left to be read.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(f"\nshipworthy {options.command}: interrupted; run it again to go on.", file=sys.stderr)
        return 130
    return 0


def run(command: str, overrides: Sequence[str], params: Path | None, multirun: bool) -> None:
    """Composes the config and calls the command's stage with the groups that it takes."""
    from shipworthy.config import compose, read_params
    from shipworthy.core.errors import UsageError

    if params is not None and (overrides or multirun):
        raise UsageError("--params takes the whole config from a file: drop it, or the overrides.")
    if multirun:
        sweep(command, overrides)
        return
    road = read_params(params) if params is not None else compose(overrides)
    execute(command, road, publish=True)


def stage(command: str) -> Callable[..., None]:
    """The function of a command."""
    function: Callable[..., None] = importlib.import_module(f"shipworthy.stages.{command}").run
    return function


def stage_groups(command: str) -> list[str]:
    """The parts of the config that a command's stage takes."""
    return [name for name in inspect.signature(stage(command)).parameters if name != "workspace"]


def execute(command: str, road: "object", publish: bool) -> None:
    """Runs a stage with its groups of the config."""
    from shipworthy.config import Road, as_dict
    from shipworthy.core.project import project_root
    from shipworthy.core.workspace import Workspace

    assert isinstance(road, Road)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Threads that wait for one another without turning in place: 2 to 3 times as fast where there is other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    groups = {name: getattr(road, name) for name in stage_groups(command)}
    parts = road.groups()
    workspace = Workspace(
        root=project_root() / road.workspace,
        command=command,
        config={name: as_dict(value) if name in parts else value for name, value in groups.items()},
        seed=road.seed,
        publish=publish,
    )
    stage(command)(workspace=workspace, **groups)


def sweep(command: str, overrides: Sequence[str]) -> None:
    """Runs a command once per combination, through Hydra's launcher and sweeper."""
    import hydra
    from omegaconf import DictConfig

    from shipworthy.config import CONFIG_NAME, check_overrides, load, register
    from shipworthy.core.errors import ShipworthyError
    from shipworthy.core.project import project_root

    register()
    check_overrides(overrides)

    @hydra.main(config_path=str(project_root() / "conf"), config_name=CONFIG_NAME)
    def job(config: DictConfig) -> None:
        try:
            execute(command, load(config), publish=False)
        except ShipworthyError as error:  # Hydra would show a traceback
            print(f"shipworthy {command}: {error}", file=sys.stderr)
            sys.exit(error.exit_code)

    sys.argv = [f"shipworthy {command}", "--multirun", *overrides]
    job()


def entry() -> None:
    """The console script."""
    sys.exit(main())
