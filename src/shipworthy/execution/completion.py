"""What a shell offers after Tab: commands, groups and their choices, keys, runs, campaigns, sweeps, folders.

`shipworthy completion SHELL` prints the script that asks for it, with the line as typed so far: `shipworthy completion
words LINE`. Answers come without Hydra, and with the schemas only where keys are asked for.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from shipworthy.core import choices, words
from shipworthy.core.project import project_root

SCRIPTS = {
    "bash": r"""_shipworthy() {
    local line=${COMP_LINE:0:COMP_POINT} IFS=$'\n' typed
    COMPREPLY=($(shipworthy completion words "$line" 2>/dev/null))
    ((${#COMPREPLY[@]})) || return
    typed=${line##*[[:space:]]}  # bash takes = and : for the end of a word: what comes before is not to be repeated
    if [[ $COMP_WORDBREAKS == *=* && $typed == *[=:]* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${typed%"${typed##*[=:]}"}"}")
    fi
    [[ ${COMPREPLY[0]} == *[=./] ]] && compopt -o nospace 2>/dev/null
    COMPREPLY=($(printf '%q\n' "${COMPREPLY[@]}"))
}
complete -F _shipworthy shipworthy""",
    "zsh": r"""_shipworthy() {
    local -a found
    found=("${(@f)$(shipworthy completion words "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    compadd -S '' -- ${(M)found:#*[=./]}
    compadd -- ${found:#*[=./]}
}
compdef _shipworthy shipworthy""",
    "fish": r"""function __shipworthy
    shipworthy completion words (commandline -cp | string collect) 2>/dev/null
end
complete -c shipworthy -f -a '(__shipworthy)'""",
}
OPTIONS = ("--help", "--multirun", "--detach", "--dry-run", "--params", "--cfg", "--json")
SHORT = 8
"""Signs of a run's id that are offered, where they are of one run alone."""
CAMPAIGN, WORKSPACE = "campaign", "workspace"


def answer(line: str, commands: Sequence[str], without_config: Sequence[str]) -> list[str]:
    """What the last word of a command line may become.

    Args:
        line: as typed so far; a word that is empty is begun after a space.
        commands: all of them.
        without_config: those that read their words by a usage.
    """
    given = _split(line)[1:] or [""]
    *before, current = given
    command = next((word for word in before if not word.startswith("-")), "")
    if not command:
        offered: Iterator[str] = iter([*commands, *OPTIONS[:1]])
    elif command in without_config:
        offered = _by_usage(command, before[before.index(command) + 1 :], current)
    else:
        offered = _of_config(command, before, current)
    return sorted({one for one in offered if one.startswith(current)})


def _split(line: str) -> list[str]:
    """The words; a quotation mark that is not closed yet is closed."""
    for closing in ("", "'", '"'):
        try:
            found = shlex.split(line + closing)
        except ValueError:
            continue
        return [*found, ""] if line[-1:].isspace() and not closing else found
    return line.split()


def _by_usage(command: str, before: Sequence[str], current: str) -> Iterator[str]:
    from shipworthy.execution.reads import usage

    forms = words.forms(usage(command)) if command != "init" else []
    verbs = {form.verb for form in forms} - {""}
    verb = next((word for word in before if word in verbs), "")
    if not verb:
        yield from verbs
    yield "--help"
    for form in (one for one in forms if one.verb == verb):
        yield from form.flags
        for name, key in form.keys.items():
            yield from (f"{name}={value}" for value in key.values) if "=" in current else (f"{name}=",)
        labels = {label for one in form.names for label in one.label.split("|")}
        yield from _ids(labels, _workspace(before))
    if current.startswith(f"{WORKSPACE}="):
        yield from _workspaces()
    if command == "init":
        yield from (str(path) for path in Path().glob(f"{current}*"))


def _of_config(command: str, before: Sequence[str], current: str) -> Iterator[str]:
    from shipworthy.config.root import GROUPS
    from shipworthy.execution.reads import CAMPAIGNS, HYDRA, reads

    groups = [name for name in reads(command) if name in GROUPS]
    key, sign, value = current.partition("=")
    if sign:
        done = f"{value.rpartition(',')[0]}," if "," in value else ""
        values: Iterator[str] = iter(choices.of(key)) if choices.is_group(key) else iter(("true", "false"))
        if key == WORKSPACE:
            yield from _workspaces()
        elif key == CAMPAIGN:
            yield from (f"{CAMPAIGN}={name}" for name in _ids({"CAMPAIGN"}, _workspace(before)))
        elif choices.is_group(key) or _is_bool(key):
            yield from (f"{key}={done}{one}" for one in values)
    elif current.startswith("-"):
        yield from OPTIONS
    elif "." in current:
        yield from (f"{one}=" for one in _keys(current.partition(".")[0], before))
    else:
        names = [*groups, "experiment", *(HYDRA if {"-m", "--multirun"} & {*before} else ())]
        yield from (f"{name}=" for name in names)
        yield from (f"{name}." for name in groups if current)
        yield from (f"{name}=" for name in reads(command) if name not in GROUPS)
        if command in CAMPAIGNS:
            yield f"{CAMPAIGN}="


def _keys(group: str, before: Sequence[str]) -> Iterator[str]:
    """The keys of the group's chosen kind, where it stands on the line or in a recipe there, else of all its kinds."""
    from shipworthy.config.keys import import_checked_schemas, schema_keys
    from shipworthy.core.schema import SCHEMAS

    import_checked_schemas()
    kinds = SCHEMAS.get(group, {})
    chosen = _kind(group, before)
    for cls in [kinds[chosen]] if chosen in kinds else kinds.values():
        yield from (f"{group}.{key}" for key in schema_keys(cls))


def _kind(group: str, before: Sequence[str]) -> str:
    """The schema of the choice that the line makes, or its recipe (empty: it makes none)."""
    given = dict(word.split("=", 1) for word in before if "=" in word)
    name, known = given.get(group, ""), choices.of("experiment").get(given.get("experiment", ""))
    if not name and known:
        found = re.search(rf"override /{group}: *(\w+)", known.read_text(encoding="utf-8"))
        name = found[1] if found else ""
    while file := choices.of(group).get(name):
        found = re.search(r"defaults: *\[ *(\w+)|defaults:\s*- (\w+)", file.read_text(encoding="utf-8"))
        name = (found[1] or found[2]) if found else ""
    return name.removeprefix("base_") if name.startswith("base_") else ""


def _is_bool(key: str) -> bool:
    from shipworthy.config.root import Config
    from shipworthy.core.value_types import at, parts_of

    return "." in key and any(True for _ in _keys(key.partition(".")[0], ())) and bool in at((Config,), parts_of(key))


def _ids(labels: set[str], workspace: str) -> Iterator[str]:
    runs = (project_root() / workspace).parent / "runs"
    if "RUN" in labels:
        names = sorted(path.parent.name for path in runs.glob("*/record.json"))
        for name in names:
            short = name[:SHORT]
            yield short if sum(one.startswith(short) for one in names) == 1 else name
    if "CAMPAIGN" in labels:
        yield from (path.parent.name for path in runs.glob("campaigns/*/campaign.json"))
    if "ID" in labels:
        yield from (path.parent.name for path in (project_root() / "runs").glob("sweeps/*/sweep.json"))


def _workspace(before: Sequence[str]) -> str:
    given = [word.partition("=")[2] for word in before if word.startswith(f"{WORKSPACE}=")]
    return given[-1] if given else "artifacts"


def _workspaces() -> Iterator[str]:
    """Those that are there: artifacts/, and those of recipes in work/."""
    root = project_root()
    for path in (root / "artifacts", *sorted(root.glob("work/*/artifacts"))):
        if path.is_dir():
            yield f"{WORKSPACE}={path.relative_to(root)}"
