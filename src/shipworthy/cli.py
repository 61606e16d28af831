"""`shipworthy COMMAND [group=choice] [key=value] [--multirun]`: from a command to its stage."""

import argparse
import difflib
import errno
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from shipworthy.config import Config
    from shipworthy.core.workspace import Workspace

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

ASIDE = {
    "pipeline": "run the commands of a recipe in order, those whose results are not current (experiment=…)",
    "tune": "search for better values: a campaign of trials, pruned, on this machine or a cluster (hpo=…)",
    "ablate": "say what each decision of a recipe contributes (ablation=…)",
    "code": "write what each command's result depends on in the code (dvc.yaml does)",
    "doctor": "say what this machine, its cluster and its network lack for a run; changes nothing",
}
"""What takes a config as well, and is no step of the road."""

CAMPAIGNS = {"tune": "shipworthy.campaigns", "ablate": "shipworthy.ablations"}
"""Those of them that make many runs, and the module that looks after them."""

BESIDE = {
    "runs": "list the runs, filter and sort them; note, select, sync, a dashboard",
    "compare": "put runs side by side: compare RUN RUN…",
    "reproduce": "run a run again, and say what differs: reproduce RUN",
    "cost": "what runs and campaigns cost, and what the plan had said: cost [RUN|CAMPAIGN]",
    "trace": "show which rows a step of a run saw: trace RUN step=N",
    "data": "say what one dataset has otherwise than another: data diff A B (folders, or revisions of Git)",
    "sweep": "ask about a sweep on Slurm: sweep status|collect|cancel|retry-failed|adopt ID",
}
"""What asks about runs and datasets instead of taking a config."""

EXAMPLES = """\
overrides: shipworthy train model=smollm2_135m optimizer.lr=3e-4
a sweep:   shipworthy train --multirun optimizer.lr=1e-4,5e-4
a recipe:  shipworthy pipeline experiment=adult_xgboost
the road:  dvc repro; a variant of it: dvc exp run -S quant=gguf_q8_0"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    commands = "\n".join(f"  {name:<10} {what}" for name, what in {**COMMANDS, **ASIDE, **BESIDE}.items())
    root = Parser(
        prog="shipworthy",
        usage="shipworthy COMMAND [group=choice] [key=value] [--multirun [--detach|--dry-run]] [--params FILE]",
        description="From raw data to a model worth shipping: plan, prepare, train, track, optimize.",
        epilog=f"commands:\n{commands}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("command", nargs="?", metavar="COMMAND", help="one of those below")
    root.add_argument("overrides", nargs="*", metavar="group=choice, key=value", help="what differs from conf/")
    root.add_argument("-m", "--multirun", action="store_true", help="one run per combination of values")
    root.add_argument("--detach", action="store_true", help="on Slurm: return when the jobs are submitted")
    root.add_argument("--dry-run", action="store_true", help="on Slurm: print the sbatch script, and submit nothing")
    root.add_argument("--params", type=Path, metavar="FILE", help="take the config from this file (DVC does)")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 if it did what it was asked for, 1 if something went wrong, 2 if the asking was wrong."""
    root = parser()
    options = root.parse_intermixed_args(arguments)
    known = [*COMMANDS, *ASIDE, *BESIDE]
    if options.command not in known:
        close = difflib.get_close_matches(str(options.command), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}."
        root.error(f"there is no command '{options.command}': {hint}" if options.command else f"no command: {hint}")
    from shipworthy.core.errors import ShipworthyError

    try:
        run(
            options.command,
            options.overrides,
            options.params,
            multirun=options.multirun,
            detach=options.detach,
            dry_run=options.dry_run,
        )
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


def run(
    command: str, overrides: Sequence[str], params: Path | None, *, multirun: bool, detach: bool, dry_run: bool
) -> None:
    """Composes the config and calls the command's stage with the groups that it takes."""
    from shipworthy.core.errors import UsageError

    if command in BESIDE:
        if params is not None or multirun or detach or dry_run:
            raise UsageError(f"{command} takes no --option: it asks about what was made.")
        stage(command)(overrides)
        return
    overrides = [literal(text) for text in overrides]
    if command == "pipeline":
        if params is not None or multirun or detach or dry_run:
            raise UsageError("pipeline takes no --option: give it group=choice and key=value.")
        importlib.import_module("shipworthy.execution.pipeline").pipeline(overrides)
        return
    if command in CAMPAIGNS:
        if params is not None or multirun:
            raise UsageError(f"{command} makes many runs by itself: drop {'--multirun' if multirun else '--params'}.")
        getattr(importlib.import_module(CAMPAIGNS[command]), command)(overrides, detach=detach, dry_run=dry_run)
        return
    if params is not None and (overrides or multirun):
        raise UsageError("--params takes the whole config from a file: drop it, or the overrides.")
    if (detach or dry_run) and not multirun:
        raise UsageError(f"{'--detach' if detach else '--dry-run'} is for sweeps: add --multirun.")
    if multirun:
        from shipworthy.config import load
        from shipworthy.sweeps import sweep

        sweep(command, overrides, detach, dry_run, lambda config: execute(command, load(config), publish=False))
        return
    from shipworthy.config import compose, read_params

    config = read_params(params) if params is not None else compose(overrides)
    execute(command, config, publish=True)


def literal(override: str) -> str:
    """A note is a sentence, which Hydra is given in quotes: its commas ask for no sweep. Others stay as they are."""
    key, _, value = override.partition("=")
    if key != "note" or value[:1] + value[-1:] in ("''", '""'):
        return override
    escaped = re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), value)
    return f"note='{escaped}'"


def stage(command: str) -> Callable[..., None]:
    """The function of a command."""
    function: Callable[..., None] = importlib.import_module(f"shipworthy.stages.{command}").run
    return function


def stage_groups(command: str) -> list[str]:
    """The parts of the config that a command's stage takes."""
    return [name for name in inspect.signature(stage(command)).parameters if name != "workspace"]


def stage_non_identity(command: str) -> tuple[str, ...]:
    """Those of them that don't make another run."""
    names: tuple[str, ...] = getattr(importlib.import_module(f"shipworthy.stages.{command}"), "NON_IDENTITY", ())
    return names


def stage_if_there(command: str) -> tuple[str, ...]:
    """The kinds of artifacts that it reads where they are there, and does without where they are not."""
    kinds: tuple[str, ...] = getattr(importlib.import_module(f"shipworthy.stages.{command}"), "LATER", ())
    return kinds


def workspace_of(command: str, config: "Config", *, publish: bool = True) -> "Workspace":
    """The workspace as a command is given it."""
    from shipworthy.config import as_dict
    from shipworthy.core.lineage.lineage import lineage
    from shipworthy.core.project import project_root
    from shipworthy.core.workspace import Workspace

    groups = {name: getattr(config, name) for name in stage_groups(command)}
    parts = config.groups()
    return Workspace(
        root=project_root() / config.workspace,
        command=command,
        config={name: as_dict(value) if name in parts else value for name, value in groups.items()},
        seed=config.seed,
        publish=publish,
        non_identity={
            *stage_non_identity(command),
            *(f"{group}.{name}" for group, part in parts.items() for name in part.non_identity),
        },
        code=lineage(command, parts).digest,
    )


def execute(command: str, config: "Config", publish: bool) -> None:
    """Runs a stage with its groups of the config."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Threads that wait for one another without turning in place: 2 to 3 times as fast where there is other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    groups = {name: getattr(config, name) for name in stage_groups(command)}
    stage(command)(workspace=workspace_of(command, config, publish=publish), **groups)


def entry() -> None:
    """The console script."""
    sys.exit(main())
