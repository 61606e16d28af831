"""`shipworthy COMMAND [group=choice] [key=value] [--multirun]`: turns words into a call, and errors into exit codes."""

import argparse
import difflib
import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

COMMANDS = {
    "fetch": "download the raw data and the base weights, checked against their pins",
    "plan": "estimate memory, time and money, and set the success criteria",
    "prepare": "clean, deduplicate, split, check and tokenize the data",
    "baseline": "fit the models to beat",
    "train": "train the model (resumes if it was killed)",
    "evaluate": "measure every candidate on the test split and test against the best baseline",
    "general": "say what the training cost in general benchmarks, against the base model (general=…)",
    "judge": "ask a language model which answers it finds better (judge=…)",
    "compress": "merge, convert and quantize, and show what it cost",
    "bench": "measure the served model: latency, throughput, memory",
    "package": "make the folder that is deployed, and prove it in a fresh environment",
    "report": "write the page that says ship or don't",
}

ASIDE = {
    "pipeline": "run the commands of a recipe in order, those whose results are not current (experiment=…)",
    "tune": "search for better values: a campaign of trials, pruned, on this machine or a cluster (hpo=…)",
    "ablate": "say which decisions of a recipe to keep, drop or measure again (ablation=…)",
    "code": "write what each command's result depends on in the code (dvc.yaml does)",
    "doctor": "say what this machine, its cluster and its network lack for a run; changes nothing",
}
"""What takes a config as well, and is no step of the pipeline."""

CAMPAIGNS = ("tune", "ablate")
"""Those of them that make many runs."""

INIT = "init"
BESIDE = {
    INIT: "look at a file or folder, and write a recipe for it: init FILE [--label COLUMN]",
    "runs": "list the runs, filter and sort them; note, select, sync, a dashboard",
    "compare": "put runs side by side: compare RUN RUN…",
    "reproduce": "run a run again, and say what differs: reproduce RUN",
    "cost": "what runs and campaigns cost, and what the plan had said: cost [RUN|CAMPAIGN]",
    "trace": "show which rows a step of a run saw: trace RUN step=N",
    "data": "say what one dataset has otherwise than another: data diff A B (folders, or revisions of Git)",
    "sweep": "ask about a sweep on Slurm: sweep status|collect|cancel|retry-failed|adopt ID",
}
"""What asks about files, runs and datasets instead of taking a config; `init` has options of its own."""

EXAMPLES = """\
overrides: shipworthy train model=smollm2_135m optimizer.lr=3e-4
a sweep:   shipworthy train --multirun optimizer.lr=1e-4,5e-4
a recipe:  shipworthy pipeline experiment=adult_xgboost
pipeline:  dvc repro; a variant of it: dvc exp run -S quant=gguf_q8_0"""


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


def parser_of_init() -> argparse.ArgumentParser:
    """The command line of `shipworthy init`."""
    own = Parser(
        prog=f"shipworthy {INIT}",
        description="Looks at a file or folder of rows (CSV, JSON, parquet, text), says what it holds, copies it into "
        "data/, and writes conf/data/NAME.yaml, conf/task/NAME.yaml and conf/experiment/NAME.yaml, in which comments "
        "say why each line is there. It asks nothing; the last line that it prints runs the recipe.",
        epilog="example: shipworthy init ~/Downloads/tickets.csv --label team",
    )
    own.add_argument("file", metavar="FILE", help="a file, or a folder of files of one kind")
    own.add_argument("--label", metavar="COLUMN", default="", help="the column that is to be predicted (else: guessed)")
    own.add_argument("--text", metavar="COLUMN", default="", help="the text that is to be read (else: guessed)")
    own.add_argument("--name", metavar="NAME", default="", help="the recipe's name (else: from the file's)")
    own.add_argument("--force", action="store_true", help="overwrite files of this name in conf/")
    return own


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The words of the command line; those of `init`, which has options of its own, are left to its parser."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [INIT]:
        options = parser().parse_args([INIT])
        options.overrides = words[1:]
        return options
    return parser().parse_intermixed_args(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 if it did what it was asked for, 1 if something went wrong, 2 if the asking was wrong."""
    root = parser()
    options = parsed(arguments)
    known = [*COMMANDS, *ASIDE, *BESIDE]
    if options.command not in known:
        close = difflib.get_close_matches(str(options.command), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}."
        root.error(f"there is no command '{options.command}': {hint}" if options.command else f"no command: {hint}")
    from shipworthy.core.errors import ShipworthyError

    try:
        options.overrides = [utf_8(text) for text in options.overrides]
    except UnicodeDecodeError as error:
        root.error(f"{error.object!r} on the command line is not UTF-8: give it in UTF-8.")
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
    """Composes the config and executes the command."""
    from shipworthy.core.errors import UsageError

    if command in BESIDE:
        if params is not None or multirun or detach or dry_run:
            raise UsageError(f"{command} takes no --option: it asks about what was made.")
        asked = parser_of_init().parse_args(overrides) if command == INIT else overrides
        from shipworthy.execution.stage import stage

        stage(command)(asked)
        return
    if command == "pipeline":
        if params is not None or multirun or detach or dry_run:
            raise UsageError("pipeline takes no --option: give it group=choice and key=value.")
        from shipworthy.execution.pipeline import pipeline

        pipeline(overrides)
        return
    if command in CAMPAIGNS:
        if params is not None or multirun:
            raise UsageError(f"{command} makes many runs by itself: drop {'--multirun' if multirun else '--params'}.")
        from shipworthy.execution.campaigns import service

        work = {"tune": service.tune, "ablate": service.ablate}[command]
        work(overrides, detach=detach, dry_run=dry_run)
        return
    if params is not None and (overrides or multirun):
        raise UsageError("--params takes the whole config from a file: drop it, or the overrides.")
    if (detach or dry_run) and not multirun:
        raise UsageError(f"{'--detach' if detach else '--dry-run'} is for sweeps: add --multirun.")
    if multirun:
        from shipworthy.execution.sweeps.sweep import sweep

        sweep(command, overrides, detach=detach, dry_run=dry_run)
        return
    from shipworthy.config.compose import compose
    from shipworthy.config.load import read_params
    from shipworthy.execution.stage import execute

    config = read_params(params) if params is not None else compose(overrides)
    execute(command, config, publish=True, arguments=overrides if params is None else ("--params", str(params)))


def utf_8(text: str) -> str:
    """A word of the command line; what the locale's encoding could not read (LANG=C, say) is taken for UTF-8.

    Raises:
        UnicodeDecodeError: it is not.
    """
    unread = any("\ud800" <= sign <= "\udfff" for sign in text)
    return os.fsencode(text).decode("utf-8") if unread else text


def entry() -> None:
    """The console script; a sign that the terminal's encoding lacks is written as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
