"""What a module's text says: its imports, its declarations, and what it does."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from shipworthy.core.identity import package_files
from shipworthy.core.lineage import module
from shipworthy.core.lineage.module import digest, read

PLAIN = b'''"""A module."""

import os

LIMIT = 3
"""How many."""


def twice(x: int) -> str:
    """Doubles it."""
    # because
    return f"{x * 2:>{LIMIT}}"


class Empty(Exception):
    """Nothing."""
'''


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"# because\n", b"# for another reason\n"),
        (b'"""A module."""\n', b'"""Another word."""\n'),
        (b'"""A module."""\n\n', b""),
        (b'    """Nothing."""\n', b"    pass\n"),
        (b'"""How many."""\n', b""),
        (b"(x: int)", b"(\n    x: int,\n)"),
        (b"x * 2", b"(x)*2"),
        (b'f"{x * 2:>{LIMIT}}"', b"f'{x * 2:>{LIMIT}}'"),
    ],
)
def test_a_comment_a_docstring_and_the_formatting_are_nothing_that_it_does(before: bytes, after: bytes) -> None:
    assert before in PLAIN
    assert digest(PLAIN.replace(before, after)) == digest(PLAIN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x * 2", b"x * 3"),
        (b"LIMIT = 3", b"LIMIT = 3.0"),
        (b"LIMIT = 3", b"LIMIT = '3'"),
        (b"-> str", b"-> None"),
        (b"import os", b"import sys"),
        (b"(Exception)", b""),
        (b":>{LIMIT}", b":<{LIMIT}"),
        (b"return f", b"yield f"),
        (b'"""How many."""', b"print('How many.')"),
    ],
)
def test_anything_else_is(before: bytes, after: bytes) -> None:
    assert before in PLAIN
    assert digest(PLAIN.replace(before, after)) != digest(PLAIN)


def test_nothing_at_all_and_a_docstring_alone_do_the_same() -> None:
    assert digest(b"") == digest(b'"""Words."""\n') == digest(b"# words\n")
    assert digest(b"") != digest(b"pass\nx = 1\n")


def test_docstrings_count_where_they_are_read() -> None:
    other = PLAIN.replace(b"Doubles it", b"Twice as much")
    assert digest(PLAIN, docstrings=True) != digest(other, docstrings=True)
    reading = [b"print(__doc__)\n", b"import inspect\ninspect.getdoc(print)\n", b"print.__doc__\n"]
    assert all(read("m", text, package=False).reads_docstrings for text in reading)
    assert not read("m", PLAIN, package=False).reads_docstrings


def test_imports_inside_functions_count_and_those_for_the_type_checker_do_not() -> None:
    text = b"""
import a.b
from c import d as e
from . import near
from ..over import far
if TYPE_CHECKING:
    from typed import only
else:
    import other
def f():
    if x:
        from inner import g
"""
    found = read("p.q.m", text, package=False).imports
    assert found == {
        ("a.b", ""),
        ("c", "d"),
        ("p.q", "near"),
        ("p.over", "far"),
        ("other", ""),
        ("inner", "g"),
    }
    assert ("p.q.m", "near") in read("p.q.m", text, package=True).imports


def test_declarations_are_read_without_running_anything() -> None:
    text = b"""
A = Lazy("{model}.family", "x.{task.kind}", otherwise="x.plain")
F = project_files("toolchains/it")
NON_IDENTITY = ("note",)
COMPUTED = f()
def run(*, task, model, workspace): ...
"""
    found = read("m", text, package=False)
    assert found.lazy == {(("{model}.family", "x.{task.kind}"), "x.plain")}
    assert found.folders == {"toolchains/it"}
    assert found.constants["NON_IDENTITY"] == ("note",) and "COMPUTED" not in found.constants
    assert found.arguments == ("task", "model", "workspace")


@pytest.mark.parametrize("text", [b'A = Lazy(f"{x}.y")', b"A = Lazy(NAME)", b"F = project_files(NAME)"])
def test_a_declaration_that_only_runs_could_tell_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="line 1: .* is no literal"):
        read("m", text, package=False)


def test_the_digest_is_the_same_in_every_version_of_python() -> None:
    assert digest(PLAIN) == "8b4e10706585003bb429953d685a0a51dcc7e0755c84f07ad7650062c1c7e50c"


PROBE = """
import json, sys, types
from pathlib import Path
module = types.ModuleType("module")
sys.modules["module"] = module
exec(compile(Path(sys.argv[1]).read_text(), "module.py", "exec"), module.__dict__)
package = Path(sys.argv[2])
print(json.dumps({str(p.relative_to(package)): module.digest(p.read_bytes()) for p in sorted(package.rglob("*.py"))}))
"""


def python(version: str) -> str:
    """An interpreter of this version, wherever it is; empty if this machine has none."""
    for found in (shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")):
        said = found and subprocess.run([str(found), "--version"], capture_output=True, text=True, check=False).stdout
        if said and said.startswith(f"Python {version}."):
            return str(found)
    return ""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_other_versions_of_python_make_the_same_digests_of_every_module(version: str) -> None:
    if not (other := python(version)):
        pytest.skip(f"there is no Python {version} on this machine")
    package = Path(module.__file__).parents[2]
    command = [other, "-c", PROBE, module.__file__, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        name: digest(text) for name, text in package_files().items() if name.endswith(".py")
    }
