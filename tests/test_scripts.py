"""The scripts say what is missing before they change anything; the lock is what pyproject.toml asks for."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core import lock

ROOT = Path(__file__).resolve().parents[1]
TORCH_BUILD = ROOT / "scripts" / "torch_build.py"

COMMON = ["filelock", "sympy>=1.13.3", 'pyyaml; extra == "pyyaml"']
CUDA = ['cuda-toolkit[cublas]==13.0.3; platform_system == "Linux"', 'triton==3.7.1; platform_system == "Linux"']


def torch_report(version: str, requires: list[str]) -> str:
    """pip's installation report on torch, as far as it is read."""
    return json.dumps({"install": [{"metadata": {"name": "torch", "version": version, "requires_dist": requires}}]})


@pytest.mark.skipif(sys.platform != "linux", reason="the markers are Linux's")
@pytest.mark.parametrize(
    ("report", "code", "named"),
    [
        (torch_report("2.13.0", COMMON + CUDA), 3, "cuda-toolkit"),
        (torch_report("2.13.0+cu130", COMMON), 3, "torch 2.13.0+cu130"),
        (torch_report("2.13.0+cpu", COMMON), 0, ""),
        (torch_report("2.13.0", COMMON), 0, ""),
        (torch_report("2.13.0", [*COMMON, CUDA[0].replace("Linux", "Windows")]), 0, ""),
    ],
)
def test_a_cuda_build_of_torch_is_seen_before_it_is_installed(report: str, code: int, named: str) -> None:
    done = subprocess.run(
        [sys.executable, TORCH_BUILD], input=report, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout.startswith(named)
    assert (done.stdout == "") == (code == 0)


def test_a_report_without_torch_is_no_cpu_build() -> None:
    done = subprocess.run(
        [sys.executable, TORCH_BUILD], input='{"install": []}', capture_output=True, text=True, check=False
    )
    assert done.returncode not in (0, 3)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What scripts/env needs of a clone."""
    for name in ("scripts", "requirements.lock", "pyproject.toml"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    return tmp_path


def run_env(clone: Path, **env: str) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash
    return subprocess.run([bash, "scripts/env"], cwd=clone, env=env, capture_output=True, text=True, check=False)


def test_env_names_all_that_is_missing_at_once_and_changes_nothing(clone: Path, tmp_path_factory: Any) -> None:
    tools = tmp_path_factory.mktemp("bin")
    for tool in ("awk", "cat", "cut", "dirname", "sed", "sha256sum"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    (tools / "df").write_text("#!/bin/sh\necho; echo /dev/disk 100 100 1048576 99% /\n")
    (tools / "df").chmod(0o755)
    (tools / "sh").symlink_to("/bin/sh")
    before = sorted(clone.rglob("*"))
    done = run_env(clone, PATH=str(tools))
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    for missing in (
        "Python 3.11, 3.12 or 3.13",
        "apt install python3-venv",
        "dnf install python3.13",
        "git",
        "gcc",
        "g++",
        "GB of free disk",
        "there are 1",
    ):
        assert missing in sentence
    assert sorted(clone.rglob("*")) == before


def in_env(clone: Path, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A line of bash with the functions of scripts/env."""
    bash = shutil.which("bash")
    assert bash
    return subprocess.run(
        [bash, "-c", f"source scripts/env; {line}"], cwd=clone, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def pythons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with interpreters of several versions, 3.12 the newest of those that the lock is for."""
    folder = tmp_path_factory.mktemp("pythons")
    for tool in ("dirname", "awk", "cat", "cut", "df", "sed", "sha256sum"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, version in {
        "python3.14": (3, 14),
        "python3.12": (3, 12),
        "python3.11": (3, 11),
        "python3": (3, 10),
    }.items():
        fake = folder / name
        said = f"import sys, collections; sys.version_info = {(*version, 1)}; code = sys.argv.pop(1); exec(code)"
        fake.write_text(f"#!/bin/sh\nshift\nexec {sys.executable} -c '{said}' \"$@\"\n")
        fake.chmod(0o755)
    return folder


def test_env_takes_the_newest_python_that_the_lock_is_for(clone: Path, pythons: Path) -> None:
    done = in_env(clone, "find_python", PATH=str(pythons))
    assert (done.stdout.strip(), done.stderr) == (str(pythons / "python3.12"), "")
    (pythons / "python3.12").unlink()
    assert in_env(clone, "find_python", PATH=str(pythons)).stdout.strip() == str(pythons / "python3.11")


def test_a_python_that_is_named_is_taken_or_refused(clone: Path, pythons: Path) -> None:
    older, unfit = str(pythons / "python3.11"), str(pythons / "python3.14")
    assert in_env(clone, "find_python", PATH=str(pythons), PYTHON=older).stdout.strip() == older
    done = in_env(clone, "check_machine", PATH=str(pythons), PYTHON=unfit)
    assert done.returncode == 1
    assert f"Python 3.11, 3.12 or 3.13 with venv, which PYTHON={unfit} is not: `apt install" in done.stderr


def test_an_environment_stays_unless_another_python_is_named(clone: Path, pythons: Path) -> None:
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(pythons / "python3.12")
    line = "fingerprint >$MARKER; installed && echo stays || echo anew"
    for named, said in (("", "stays"), ("python3.12", "stays"), ("python3.11", "anew")):
        env = {"PYTHON": str(pythons / named)} if named else {}
        assert in_env(clone, line, PATH=str(pythons), **env).stdout.strip() == said, named
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to(pythons / "python3.14")
    assert in_env(clone, line, PATH=str(pythons)).stdout.strip() == "anew"


def test_bytecode_is_kept_whatever_the_machine_says(clone: Path) -> None:
    """pip installs none, and without it each command compiles torch and what comes with it."""
    line = 'installed() { true; }; make_environment; echo "${PYTHONDONTWRITEBYTECODE:-kept}"'
    done = in_env(clone, line, PATH=os.environ["PATH"], PYTHONDONTWRITEBYTECODE="1")
    assert (done.stdout, done.stderr) == ("kept\n", "")


@pytest.mark.parametrize(("build", "code"), [("2.13.0+cpu", 0), ("2.13.0+cu130", 1)])
def test_torch_is_looked_at_with_all_its_markers(clone: Path, build: str, code: int) -> None:
    (clone / "runs").mkdir()
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (clone / "report.json").write_text(torch_report(build, COMMON))
    pins = ["torch==2.12.0 ; python_version == '3.11'", "torch==2.13.0 ; python_version == '3.12'"]
    (clone / "requirements.lock").write_text("\n".join(["torchmetrics==1.0", *pins, "tqdm==4.0"]) + "\n")
    line = 'pip() { printf "%s\n" "$@" >asked; cat report.json; }; check_torch'
    done = in_env(clone, line, PATH=os.environ["PATH"])
    assert done.returncode == code, done.stderr
    assert [one for one in (clone / "asked").read_text().splitlines() if one.startswith("torch")] == pins
    assert ("pip would take a CUDA build of torch==2.12.0" in done.stderr) == bool(code)


STUBS = ("ruff", "mypy", "lint-imports", "pytest", "shipworthy", "chromium")
BUILDS = ("slurm/testcluster", *(f"toolchains/{name}/build" for name in ("llamacpp", "ray", "lm_eval", "trl")))


@pytest.fixture
def stubbed(clone: Path) -> Path:
    """A clone whose environment is there, and whose tools note that they were called."""
    tools = clone / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "python").symlink_to(sys.executable)
    for stub in [*(tools / name for name in STUBS), *(clone / name for name in BUILDS)]:
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(f'#!/bin/sh\necho {stub.name} "$@" >>{clone}/called\n[ ! -e {clone}/{stub.name}-fails ]\n')
        stub.chmod(0o755)
    assert in_env(clone, "fingerprint >$MARKER", PATH=os.environ["PATH"]).returncode == 0
    return clone


def run_test(clone: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """scripts/test there, and the tests that it selected."""
    command = [str(shutil.which("bash")), "scripts/test", *words]
    path = f"{clone / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=clone, env={"PATH": path, "HOME": str(clone)}, capture_output=True, text=True, check=False
    )
    called = (clone / "called").read_text().splitlines() if (clone / "called").exists() else []
    return done, [line.partition(" -m ")[2] for line in called if line.startswith("pytest")]


FAST = "not e2e and not gpu and not slurm and not expectations"


def test_the_test_command_says_what_it_leaves_out(stubbed: Path) -> None:
    done, (fast, real) = run_test(stubbed)
    assert done.returncode == 0, done.stderr
    assert fast == f"{FAST} and not long"
    assert real.startswith("((e2e or slurm) and not gpu") and real.endswith(") and not long")
    assert re.match(
        r"All passed in \d+ s; the long forms were left out \(\./scripts/test long\)", done.stdout.splitlines()[-1]
    )
    assert ("NOT RUN: they need root" in done.stdout) == ("and not slurm" in real) == (os.geteuid() != 0)
    called = (stubbed / "called").read_text()
    assert "shipworthy fetch" in called and called.count("build") == 4


def test_the_fast_tests_need_nothing_that_is_downloaded(stubbed: Path) -> None:
    done, selected = run_test(stubbed, "fast")
    assert (done.returncode, selected) == (0, [f"{FAST} and not long"])
    assert "shipworthy" not in (stubbed / "called").read_text()
    assert "all that is real was left out" in done.stdout


@pytest.fixture
def with_expectations(stubbed: Path) -> Path:
    """The same in a Git repository, where the environment of Great Expectations stands already."""
    expectations = stubbed / "toolchains" / "great_expectations" / "requirements.txt"
    expectations.parent.mkdir()
    expectations.write_text("")
    ready = stubbed / ".toolchains" / "great_expectations" / "READY"
    ready.parent.mkdir(parents=True)
    ready.write_text("")
    (stubbed / ".gitignore").write_text((ROOT / ".gitignore").read_text() + "\n/called\n/*-fails\n")
    me = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    for words in (["init", "--quiet"], ["add", "--all"], [*me, "commit", "--quiet", "--message", "all"]):
        subprocess.run([str(shutil.which("git")), *words], cwd=stubbed, check=True, capture_output=True)
    return stubbed


REAL = ["tests/e2e/test_init.py", "tests/e2e/test_kills.py"]


def test_the_long_form_leaves_out_nothing(with_expectations: Path) -> None:
    done, (fast, real, init, kills) = run_test(with_expectations, "long")
    assert done.returncode == 0, done.stderr
    assert fast == FAST
    assert all("or expectations" in one and "not long" not in one for one in (real, init, kills))
    assert "left out" not in done.stdout
    called = [line for line in (with_expectations / "called").read_text().splitlines() if line.startswith("pytest")]
    assert [[one for one in REAL if f"--ignore {one}" in line] for line in called] == [[], REAL, [], []]
    assert [[one for one in REAL if f" {one}" in line] for line in called[2:]] == [[one] for one in REAL]


def test_the_long_form_goes_on_where_it_failed_until_the_code_changes(with_expectations: Path) -> None:
    called = with_expectations / "called"
    (with_expectations / "toolchains" / "ray" / "build").write_text("#!/bin/sh\nexit 1\n")
    done, selected = run_test(with_expectations, "long")
    assert done.returncode == 1 and len(selected) == 1, "the parts that need nothing passed"
    subprocess.run([str(shutil.which("git")), "checkout", "--quiet", "."], cwd=with_expectations, check=True)
    for expected, said in ((4, []), (0, ["checks", "fast", "real", "init", "kills"])):
        called.unlink(missing_ok=True)
        done, selected = run_test(with_expectations, "long")
        assert (done.returncode, len(selected)) == (0, expected), done.stderr
        assert re.findall(r"== (\w+): passed on this code already", done.stdout) == said
    assert not called.exists(), "nothing is fetched or built where nothing is left"
    (with_expectations / "new.py").write_text("NEW = 1\n")
    assert len(run_test(with_expectations, "long")[1]) == 4


def test_a_part_of_the_long_form_is_run_alone_and_noted(with_expectations: Path) -> None:
    done, (kills,) = run_test(with_expectations, "long", "kills")
    assert done.returncode == 0 and "expectations" in kills, done.stderr
    assert done.stdout.splitlines()[-1].endswith("; of the long form only kills.") or os.geteuid() != 0
    assert "ruff" not in (with_expectations / "called").read_text()
    (with_expectations / "called").unlink()
    assert len(run_test(with_expectations, "long", "kills")[1]) == 1, "who asks for it gets it"
    (with_expectations / "called").unlink()
    done, selected = run_test(with_expectations, "long")
    assert len(selected) == 3 and "== kills: passed on this code already (runs/tests/" in done.stdout
    (with_expectations / "called").unlink()
    assert run_test(with_expectations, "long", "fast")[1] == [FAST]
    assert "fetch" not in (with_expectations / "called").read_text()
    for wrong in (("long", "nothing"), ("fast", "kills"), ("long", "kills", "init")):
        assert run_test(with_expectations, *wrong)[0].returncode == 2


def test_what_fails_ends_it_and_says_so(stubbed: Path) -> None:
    (stubbed / "shipworthy-fails").touch()
    done, selected = run_test(stubbed)
    assert done.returncode == 1 and len(selected) == 1, "nothing is run that needs it"
    assert "test: 'shipworthy fetch' failed, as said above." in done.stdout
    (stubbed / "mypy-fails").touch()
    assert "test: 'mypy' failed, as said above." in run_test(stubbed)[0].stderr
    assert run_test(stubbed, "nonsense")[0].returncode == 2


def pins(lines: list[str]) -> dict[str, list[str]]:
    """Normalized name → its exact versions, one per marker; fails on anything that is not pinned so."""
    found: dict[str, list[str]] = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)( ; python_version == '3\.\d+'.*)?", line)
        assert match, line
        found.setdefault(re.sub(r"[._-]+", "-", match[1]).lower(), []).append(match[2])
    return found


def test_the_lock_pins_everything_and_agrees_with_pyproject() -> None:
    locked = pins([line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *(r for g in project["dependency-groups"].values() for r in g)]
    for name, versions in pins(wanted).items():
        assert locked.get(name) == versions, f"{name}: run scripts/lock"


def test_this_environment_is_the_locked_one() -> None:
    count, absent, other = lock.compare(ROOT / "requirements.lock")
    assert count > 200
    assert (absent, other) == ([], [])


def test_the_demo_calls_everything_in_order_and_ends_with_the_table(clone: Path) -> None:
    """./scripts/demo as it is; what it calls is recorded instead of run."""
    (clone / "scripts" / "env").write_text(
        'stop() { echo "$*" >&2; exit 1; }\n'
        "check_machine() { python=$PWD/bin/python; }\n"
        "make_environment() { export PATH=$PWD/bin:$PATH; }\n"
    )
    (clone / "bin").mkdir()
    for name in ("python", "shipworthy", "dvc"):
        (clone / "bin" / name).write_text(
            f'#!/bin/sh\necho {name} "$@" >> calls\n'
            'mkdir -p artifacts/report && echo "VERDICT: SHIP" > artifacts/report/summary.txt\n'
            'case "$FAILS" in "$1") exit 1;; esac\n'
        )
        (clone / "bin" / name).chmod(0o755)

    def demo(fails: str) -> subprocess.CompletedProcess[str]:
        (clone / "calls").unlink(missing_ok=True)
        env = {**os.environ, "FAILS": fails}
        return subprocess.run(["./scripts/demo"], cwd=clone, env=env, capture_output=True, text=True, check=False)

    done = demo("nothing")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "VERDICT: SHIP"), done.stderr
    calls = (clone / "calls").read_text().splitlines()
    assert sorted(calls) == ["dvc repro", "dvc repro evaluate", "python toolchains/llamacpp/build", "shipworthy fetch"]
    assert [call for call in calls if "llamacpp" not in call] == ["shipworthy fetch", "dvc repro evaluate", "dvc repro"]
    for fails, said in {
        "fetch": "the fetch failed",
        "toolchains/llamacpp/build": "llama.cpp could not be built",
    }.items():
        done = demo(fails)
        assert done.returncode == 1
        assert said in done.stderr
