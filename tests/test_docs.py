"""Each command that README, docs/ and slurm/README.md print is a working one: run here, by a named test, or checked.

Checked means: by the same code that checks a command line, up to the point where it would begin to work.
"""

import ast
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shipworthy.cli import BESIDE, CAMPAIGNS, main, parser
from shipworthy.config.compose import check_overrides, compose, composed, register
from shipworthy.config.load import read_params
from shipworthy.config.overrides import in_hydras_grammar
from shipworthy.core.errors import UsageError
from shipworthy.core.project import project_root
from shipworthy.core.schema import SCHEMAS, typed
from tests.conftest import ROOT
from tests.track.runs import project as runs_project

RUN_AS_A_WHOLE = {
    ROOT / "docs" / "extensions.md": "tests/extensions/test_documented.py::test_every_part_is_used_by_its_name"
}
"""Pages of which a test writes every file and runs every command."""
DOCS = [page for page in sorted((ROOT / "docs").glob("*.md")) if page not in RUN_AS_A_WHOLE]
PAGES = [ROOT / "README.md", *DOCS, ROOT / "slurm" / "README.md"]
OURS = re.compile(r"shipworthy|dvc|(\./)?(scripts|toolchains|slurm)/\S+")
"""First words of the commands that must be accounted for."""
OTHERS = {"srun", "sbatch", "squeue", "scontrol", "git", "cd", "export"}
"""First words of commands that are not ours."""
SWEEP_ID = re.compile(r"\b[a-z]+-\d{8}-\d{6}-[0-9a-f]{4}\b")

OWN_DATA = "tests/e2e/test_readme.py::test_every_step_runs_as_it_is_printed"
RUN_BY = {
    "./scripts/demo": "tests/test_scripts.py::test_the_demo_calls_everything_in_order_and_ends_with_the_table",
    "toolchains/lm_eval/build": "tests/evaluation/general/lm_eval/test_toolchain.py::test_it_is_built_once",
    "shipworthy trace RUN step=120": "tests/stages/test_train.py::test_a_step_is_traced_to_its_rows",
    **dict.fromkeys(("shipworthy init customers.csv", "shipworthy pipeline experiment=customers"), OWN_DATA),
    "shipworthy reproduce RUN": "tests/e2e/test_reproduce.py::test_it_is_identical_and_has_the_same_id",
    "shipworthy data diff 'HEAD~3' HEAD": "tests/data/versions/test_resolve.py::test_revisions_come_out_of_the_cache",
    **{
        f"shipworthy sweep {verb} ID": "tests/slurm/test_verbs.py::"
        "test_a_sweep_is_cancelled_retried_and_adopted_while_its_project_is_edited"
        for verb in ("status", "collect", "retry-failed", "cancel", "adopt")
    },
}
"""What is run as it is, but for its placeholders, by a test elsewhere."""
RUN_BY_CI = {"./scripts/test"}
"""What .ci/run runs."""


def blocks(text: str) -> Iterator[list[str]]:
    """The logical lines of each fenced block: those that end in a backslash are joined."""
    for found in re.finditer(r"^ *```[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield re.sub(r"\\\n\s*", " ", found[1]).splitlines()


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of ours in a page; variables and loops of the shell are filled in."""
    for lines in blocks(text):
        prompted = any(line.startswith("$ ") for line in lines)
        variables: dict[str, list[str]] = {}
        for line in [line.removeprefix("$ ") for line in lines if line.startswith("$ ") or not prompted]:
            if found := re.fullmatch(r'\s*(\w+)="([^"]*)"', line):
                variables[found[1]] = [found[2]]
            elif found := re.fullmatch(r"\s*for (\w+) in (.*); do", line):
                variables[found[1]] = found[2].split()
            else:
                for one in filled_in(line, variables):
                    yield from parts(one, strict=prompted)


def filled_in(line: str, variables: dict[str, list[str]]) -> Iterator[str]:
    """The line with each combination of the values of the variables that it names."""
    named = [name for name in variables if re.search(rf"\${name}\b", line)]
    for values in itertools.product(*(variables[name] for name in named)):
        one = line
        for name, value in zip(named, values, strict=True):
            one = re.sub(rf"\${name}\b", value, one)
        yield one


def parts(line: str, *, strict: bool) -> Iterator[list[str]]:
    """The commands that a line holds: joined by && and the like, or inside `$(…)`.

    Args:
        strict: every line is a command, so that one that is not known fails.
    """
    for inner in re.findall(r"\$\(([^)]*)\)", line):
        yield from parts(inner, strict=True)
    lexer = shlex.shlex(re.sub(r"eval \S*\$\([^)]*\)\S*", "", line), posix=True, punctuation_chars="&|;")
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        words = list(lexer)
    except ValueError:  # a quotation mark of prose, in a block that shows output
        assert not strict, line
        return
    for joined, group in itertools.groupby(words, key=lambda word: set(word) <= set("&|;")):
        found = list(group)
        if not joined and OURS.fullmatch(found[0]):
            yield found
        elif not joined and strict:
            assert found[0] in OTHERS, f"what is this command, and who runs it? {line}"


PRINTED = sorted({shlex.join(words) for page in PAGES for words in commands(page.read_text(encoding="utf-8"))})


def test_the_pages_print_commands_and_each_is_found() -> None:
    text = (
        '```\nfor c in plan train; do\n    shipworthy $c a=1\ndone\nshipworthy train a="b c"   # why\n```\n'
        '```\n$ x="a=1 b=2"\n$ shipworthy plan $x && shipworthy prepare \\\n    $x\nshipworthy says this\n```\n'
        '  ```\n  slurm/testcluster up && eval "$(slurm/testcluster env)"\n  table  x\n  ```\n'
    )
    assert [" ".join(words) for words in commands(text)] == [
        "shipworthy plan a=1",
        "shipworthy train a=1",
        "shipworthy train a=b c",
        "shipworthy plan a=1 b=2",
        "shipworthy prepare a=1 b=2",
        "slurm/testcluster env",
        "slurm/testcluster up",
    ]
    with pytest.raises(AssertionError, match="who runs it"):
        list(commands("```\n$ shipwrothy train\n```\n"))
    assert len(PRINTED) > 40
    for page in PAGES:
        assert list(commands(page.read_text(encoding="utf-8"))) or page.name in ("benchmarks.md", "not-verified.md")


def test_what_is_run_by_a_test_is_printed_and_the_test_is_there() -> None:
    printed = {SWEEP_ID.sub("ID", one) for one in PRINTED}
    assert printed >= RUN_BY.keys(), f"{RUN_BY.keys() - printed} are printed nowhere: drop them from RUN_BY"
    for test in (*RUN_BY.values(), *RUN_AS_A_WHOLE.values()):
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], test
    assert printed >= RUN_BY_CI
    assert all(one.removeprefix("./") in (ROOT / ".ci" / "run").read_text(encoding="utf-8") for one in RUN_BY_CI)


CONFIGS = [
    textwrap.dedent(found)
    for page in PAGES
    for found in re.findall(r"^ *```yaml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]
"""All of them are files, or parts of files, of conf/data/."""


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: text.splitlines()[0])
def test_each_section_of_a_printed_config_fits_a_schema_of_its_group(text: str) -> None:
    register()
    content = yaml.safe_load(text)
    for base in content.pop("defaults", ["base_records"])[:1]:
        assert base.removeprefix("base_") in SCHEMAS["data"]
    for key, value in content.items():
        refused = []
        for kind, cls in SCHEMAS["data"].items():
            try:
                OmegaConf.merge(typed(cls, {key: value}, "data"), {key: value})
            except (OmegaConfBaseException, UsageError) as error:
                refused.append(f"{kind}: {str(error).splitlines()[0]}")
        assert len(refused) < len(SCHEMAS["data"]), refused


def test_the_recipe_by_hand_composes_as_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8").partition("## A recipe by hand\n")[2]
    block = re.search(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    command = re.search(r"`shipworthy (pipeline [^`]+)`", text)
    assert block and command
    for name in ("conf", "extensions"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "conf" / "data" / "tickets.yaml").write_text(textwrap.dedent(block[1]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    project_root.cache_clear()
    try:
        check_command_line(shlex.split(command[1]))
    finally:
        project_root.cache_clear()


@pytest.fixture
def two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ids of the runs of a project of its own."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").touch()
    found = [runs_project.run(tmp_path / "runs", name, lr=lr).name for name, lr in (("a", 1e-3), ("b", 2e-3))]
    monkeypatch.chdir(tmp_path)
    project_root.cache_clear()
    yield found
    project_root.cache_clear()


@pytest.mark.parametrize("printed", PRINTED)
def test_a_printed_command_is_a_working_one(printed: str, request: pytest.FixtureRequest) -> None:
    if SWEEP_ID.sub("ID", printed) in {**RUN_BY, **dict.fromkeys(RUN_BY_CI)}:
        return
    program, *words = shlex.split(printed)
    if program == "shipworthy" and words[0] in BESIDE:
        ids = iter(request.getfixturevalue("two_runs"))
        assert main([next(ids) if word == "RUN" else word for word in words]) == 0
    elif program == "shipworthy":
        check_command_line(words)
    elif program == "dvc":
        check_dvc(words)
    elif program == "slurm/testcluster":
        slurm_testcluster().parse(words)
    else:
        pytest.fail(f"{printed}: nobody runs or checks it; name the test that does in RUN_BY")


def check_command_line(words: list[str]) -> None:
    """That a command that takes a config would begin: its overrides are known, and each value composes and loads."""
    options = parser().parse_intermixed_args(words)
    assert f"\n  {options.command} " in parser().format_help(), f"there is no command {options.command}"
    if options.params:
        assert not options.overrides
        read_params(ROOT / options.params)
        return
    parsed = check_overrides(in_hydras_grammar(options.overrides, sweep=options.multirun))
    about_hydra = [one.input_line for one in parsed if re.match(r"hydra[./]", one.key_or_group)]
    assert options.multirun or options.command in CAMPAIGNS or not about_hydra
    composed(about_hydra, with_hydra=True)
    values = [
        [f"{one.get_key_element()}={value}" for value in one.sweep_string_iterator()]
        if one.is_sweep_override()
        else [one.input_line]
        for one in parsed
        if one.input_line not in about_hydra
    ]
    assert options.multirun or all(len(each) == 1 for each in values)
    for combination in itertools.product(*values):
        compose(combination)


def check_dvc(words: list[str]) -> None:
    """That DVC knows the stages, or that its config composes."""
    if words[0] == "repro":
        listing = [Path(sys.executable).with_name("dvc"), "stage", "list", "--name-only"]
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert {"plan", "report", *words[1:]} <= set(done.stdout.split())
        return
    assert words[:3] == ["exp", "run", "-S"], words
    check_overrides(words[3:])
    compose(words[3:])


def slurm_testcluster():  # type: ignore[no-untyped-def]
    """The command line of slurm/testcluster."""
    sys.path.insert(0, str(ROOT / "slurm"))
    try:
        spec = spec_from_file_location("testcluster_cli", ROOT / "slurm" / "cluster" / "cli.py")
        assert spec and spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "slurm"))
    return module
