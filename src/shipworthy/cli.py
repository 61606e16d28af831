"""`shipworthy COMMAND [group=choice] [key=value] [--multirun]`: turns words into a call, and errors into exit codes."""

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from itertools import pairwise
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

INIT, COMPLETION = "init", "completion"
BESIDE = {
    INIT: "look at a file or folder, and write a recipe for it: init FILE [--label COLUMN]",
    "runs": "list the runs, filter and sort them; note, select, sync, a dashboard",
    "compare": "put runs side by side: compare RUN RUN…",
    "reproduce": "run a run again, and say what differs: reproduce RUN",
    "cost": "what runs and campaigns cost, and what the plan had said: cost [RUN|CAMPAIGN]",
    "trace": "show which rows a step of a run saw: trace RUN step=N",
    "data": "say how one dataset differs from another: data diff A B (folders, or revisions of Git)",
    "sweep": "ask about a sweep on Slurm: sweep status|collect|cancel|retry-failed|adopt ID",
    COMPLETION: "print what completes commands after Tab: completion bash|zsh|fish",
}
"""What asks about files, runs and datasets instead of taking a config; `init` has options of its own."""

EXAMPLES = """\
overrides: shipworthy train model=smollm2_135m optimizer.lr=3e-4
a sweep:   shipworthy train --multirun optimizer.lr=1e-4,5e-4
a recipe:  shipworthy pipeline experiment=adult_xgboost
pipeline:  dvc repro; a variant of it: dvc exp run -S quant=gguf_q8_0"""


SHOWN = ("job", "all")
"""What --cfg prints: what the command reads, as Hydra calls it, or the whole config."""
HELP = ("-h", "--help")
REPORTS = ("runs", "compare", "cost", "trace", "data", "sweep", "doctor")
"""What can say with --json what it has to say."""


COMPLETING = 'eval "$(shipworthy completion bash)" in ~/.bashrc'


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2; of an option that there is not it names the nearest."""
        wrong = next((word for word in message.split() if word.startswith("-")), "")
        close = difflib.get_close_matches(wrong, [*self._option_string_actions, "--help"], n=1) if wrong else []
        hint = f": did you mean {close[0]}?" if close and wrong not in self._option_string_actions else ""
        self.exit(2, f"{self.prog}: {message}{hint}\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    commands = "\n".join(f"  {name:<10} {what}" for name, what in {**COMMANDS, **ASIDE, **BESIDE}.items())
    root = Parser(
        prog="shipworthy",
        usage="shipworthy COMMAND [group=choice] [key=value] [--multirun [--detach|--dry-run]] [--params FILE] [--cfg]",
        description="From raw data to a model worth shipping: plan, prepare, train, track, optimize.",
        epilog=f"commands (shipworthy COMMAND --help says more of each):\n{commands}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    root.add_argument("-h", "--help", action="store_true", help="of a command: its groups, keys and options, as chosen")
    root.add_argument("command", nargs="?", metavar="COMMAND", help="one of those below")
    root.add_argument("overrides", nargs="*", metavar="group=choice, key=value", help="what differs from conf/")
    root.add_argument("-m", "--multirun", action="store_true", help="one run per combination of values")
    root.add_argument("--detach", action="store_true", help="on Slurm: return when the jobs are submitted")
    root.add_argument("--dry-run", action="store_true", help="on Slurm: print the sbatch script, and submit nothing")
    root.add_argument("--params", type=Path, metavar="FILE", help="take the config from this file (DVC does)")
    root.add_argument("--cfg", choices=SHOWN, help="print the resolved config that the command reads, or all of it")
    root.add_argument("--json", action="store_true", help="of what reports: one JSON document, and nothing else")
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
    """The words of the command line; those of a command that takes no config are left to its own parser."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in BESIDE:
        options = parser().parse_args(words[:1])
        options.overrides = [word for word in words[1:] if word not in HELP]
        options.help = len(options.overrides) < len(words) - 1
        return options
    pairs = pairwise([*words, ""])
    return parser().parse_intermixed_args(
        [f"--cfg={SHOWN[0]}" if one == "--cfg" and then not in SHOWN else one for one, then in pairs]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 if it did what it was asked for, 1 if something went wrong, 2 if the asking was wrong."""
    options = parsed(arguments)
    if options.help and not options.command:
        parser().print_help()
        return 0
    check(options)
    from shipworthy.core.errors import ShipworthyError

    try:
        act(options)
    except ShipworthyError as error:
        print(f"shipworthy {options.command}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # who read our output has had enough, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        from shipworthy.core.os_errors import sentence

        if not (said := sentence(error)):
            raise
        print(f"shipworthy {options.command}: {said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nshipworthy {options.command}: interrupted; run it again to go on.", file=sys.stderr)
        return 130
    return 0


def check(options: argparse.Namespace) -> None:
    """Ends with one sentence where there is no such command, or the words can't be read."""
    root, known = parser(), [*COMMANDS, *ASIDE, *BESIDE]
    if options.command not in known:
        close = difflib.get_close_matches(str(options.command), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}."
        root.error(f"there is no command '{options.command}': {hint}" if options.command else f"no command: {hint}")
    if options.json and options.command not in REPORTS:
        root.error(f"{options.command} takes no --json: it is for what reports ({', '.join(REPORTS)}).")
    try:
        options.overrides = [utf_8(text) for text in options.overrides]
    except UnicodeDecodeError as error:
        root.error(f"{error.object!r} on the command line is not UTF-8: give it in UTF-8.")


def act(options: argparse.Namespace) -> None:
    """Runs the command, or prints what is asked about it."""
    if options.help or options.cfg or options.command == COMPLETION:
        answer(options)
        return
    run(
        options.command,
        options.overrides,
        options.params,
        multirun=options.multirun,
        detach=options.detach,
        dry_run=options.dry_run,
        as_json=options.json,
    )


def answer(options: argparse.Namespace) -> None:
    """Prints what is asked about a command, or for a shell, and runs nothing."""
    from shipworthy.core.errors import UsageError

    name, words = options.command, options.overrides
    if name == INIT:
        parser_of_init().print_help()
    elif name == COMPLETION:
        complete(words)
    elif options.cfg:
        from shipworthy.execution.command_help import config

        if options.multirun:
            raise UsageError("--cfg shows one config: drop --multirun.")
        if name == "pipeline":
            from shipworthy.execution.pipeline import in_own_workspace

            words = in_own_workspace(words)
        if name in CAMPAIGNS:  # they take a launcher, which is no part of the config
            words = [word for word in words if not word.startswith("hydra")]
        print(config(name, words, options.params, whole=options.cfg == SHOWN[1]), end="")
    elif name in BESIDE:
        from shipworthy.execution.reads import usage

        print(f"{BESIDE[name]}\n\n{usage(name).rstrip()}")
    else:
        from shipworthy.execution.command_help import about

        root = parser().format_help()
        options_of_all = root[root.index("options:") : root.index("commands (")].rstrip()
        told = about(name, words, with_hydra=options.multirun or name in CAMPAIGNS)
        print(f"{({**COMMANDS, **ASIDE})[name]}\n\n{told}\n\n{options_of_all}")
        print(f"\n{EXAMPLES}")


def complete(words: Sequence[str]) -> None:
    """Prints the script that a shell completes by, or what it asks for."""
    from shipworthy.core.errors import UsageError
    from shipworthy.execution.completion import SCRIPTS, answer

    if len(words) == 2 and words[0] == "words":
        print("\n".join(answer(words[1], [*COMMANDS, *ASIDE, *BESIDE], [*BESIDE])))
    elif len(words) == 1 and words[0] in SCRIPTS:
        print(SCRIPTS[words[0]])
    else:
        raise UsageError(f"it is shipworthy completion {'|'.join(SCRIPTS)}, e.g. {COMPLETING}.")


def run(
    command: str,
    overrides: Sequence[str],
    params: Path | None,
    *,
    multirun: bool,
    detach: bool,
    dry_run: bool,
    as_json: bool = False,
) -> None:
    """Composes the config and executes the command."""
    from shipworthy.core.errors import UsageError

    if command in BESIDE:
        if params is not None or multirun or detach or dry_run:
            raise UsageError(f"{command} takes no --option: it asks about what was made.")
        words = [*overrides, *(["--json"] if as_json else [])]
        asked = parser_of_init().parse_args(overrides) if command == INIT else words
        import_module(f"shipworthy.stages.{command}").run(asked)  # without execution.stage, which waits for omegaconf
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
    from shipworthy.core import events, json_output
    from shipworthy.execution.stage import execute

    config = read_params(params) if params is not None else compose(overrides)
    arguments = overrides if params is None else ("--params", str(params))
    with json_output.one_document(as_json) as document, events.subscribed(document if as_json else lambda _: None):
        execute(command, config, publish=True, arguments=arguments)


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
