"""A checkout is copied, moved, mounted elsewhere, shared, and read-only in part: nothing in it is bound to a place."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from shipworthy.core.files import read_json
from tests.conftest import PROGRAM, ROOT
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RECIPE = ("experiment=people", "workspace=work/people/artifacts")
AT = RECIPE[1:]
OF_ITS_PLACE = ("variables", "command_line")


class Place:
    """A folder that holds the project, and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "work" / "people" / "runs"

    def call(self, *command: str, under: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        """Runs `shipworthy COMMAND` with the place's own code; `under` is what it runs under."""
        return subprocess.run(
            [*under, str(PROGRAM), *command],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "src"), **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *command: str, under: tuple[str, ...] = ()) -> str:
        """What it prints; fails if it fails."""
        done = self.call(*command, under=under)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def refused(self, *command: str, under: tuple[str, ...] = ()) -> str:
        """The one sentence with which it ends."""
        done = self.call(*command, under=under)
        assert done.returncode in (1, 2) and "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        (sentence,) = done.stderr.strip().splitlines()
        return sentence

    def trained(self, *overrides: str, under: tuple[str, ...] = ()) -> str:
        """The id of a new run."""
        before = {path.parent.name for path in self.runs.glob("*/record.json")}
        self.ok("train", *RECIPE, *overrides, under=under)
        (made,) = {path.parent.name for path in self.runs.glob("*/record.json")} - before
        return made

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments], cwd=self.folder, check=True)

    def stands(self) -> dict[str, tuple[int, int]]:
        """Each file → its size and when it was written; what Python keeps of sources aside."""
        paths = (path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that other users of the machine may enter, as they may not pytest's own."""
    made = Path(mkdtemp(prefix="shipworthy-places-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def first(folder: Path) -> Place:
    """The first place, with two runs."""
    people = People(folder / "first")
    place = Place(people.folder)
    place.git("init", "--quiet")
    place.git("add", "src", "conf", "params.yaml")
    place.git("commit", "--quiet", "--message=all")
    for command in ("plan", "prepare"):
        place.ok(command, *RECIPE)
    place.trained()
    place.trained("model.rounds=10")
    return place


@pytest.fixture
def place(first: Place, tmp_path: Path) -> Place:
    """A copy of it."""
    subprocess.run(["cp", "-a", str(first.folder), str(tmp_path / "second")], check=True)
    return Place(tmp_path / "second")


def ids(place: Place) -> list[str]:
    """Of the runs, the first one first."""
    records = [read_json(path) for path in place.runs.glob("*/record.json")]
    return [record["run_id"] for record in sorted(records, key=lambda record: record["began"])]


def test_a_copy_works_in_its_own_place_alone(first: Place, place: Place) -> None:
    before = first.stands()
    one, other = ids(place)
    # The copy's rows are its own: where the first place's were read, this would not be seen.
    (place.folder / "work" / "people" / "artifacts" / "dataset" / "train.parquet").unlink()
    said = place.ok("reproduce", one[:8], *AT)
    assert (
        "data: there is no whole dataset at work/people/artifacts/dataset" in said
        and said.splitlines()[-1] == "identical"
    )
    place.ok("prepare", *RECIPE)
    assert f"run {other} is done already" in place.ok("train", *RECIPE, "model.rounds=10")
    assert one[:8] in place.ok("runs", *AT) and one in place.ok("runs", "show", one[:8], *AT)
    assert str(place.folder) in place.ok("compare", one[:8], other[:8], *AT)
    assert one in place.ok("cost", one[:8], *AT)
    place.trained("model.rounds=5")
    assert first.stands() == before
    for path in (*place.runs.rglob("*.json*"), *place.runs.rglob("params.yaml")):
        text = path.read_text(encoding="utf-8")
        if path.name == "record.json":  # its variables and command line tell of where it ran
            text = json.dumps({key: value for key, value in json.loads(text).items() if key not in OF_ITS_PLACE})
        assert str(first.folder) not in text and str(place.folder) not in text, path


def test_a_campaign_goes_on_in_the_copy(first: Place, place: Place) -> None:
    search = ("tune", *RECIPE, "hpo=xgboost_small")
    place.ok(*search, "hpo.budget.trials=2")
    moved = Place(place.folder.with_name("third"))
    place.folder.rename(moved.folder)
    before = first.stands()
    moved.ok(*search, "hpo.budget.trials=3")
    assert not place.folder.exists() and first.stands() == before
    (campaign,) = moved.runs.glob("campaigns/*/campaign.json")
    assert [read_json(path)["state"] for path in campaign.parent.glob("trials/*.json")] == ["finished"] * 3


def test_a_project_that_is_mounted_elsewhere_is_the_same(
    place: Place, namespace: tuple[str, ...], tmp_path: Path
) -> None:
    elsewhere = Place(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    one = ids(place)[0]
    under = (
        *namespace,
        "sh",
        "-c",
        f'mount --bind {place.folder} {elsewhere.folder}; cd {elsewhere.folder}; exec "$@"',
        "-",
    )
    assert f"run {one} is done already" in elsewhere.ok("train", *RECIPE, under=under)
    assert elsewhere.ok("reproduce", one, *AT, under=under).splitlines()[-1] == "identical"


def test_data_may_be_a_disk_of_its_own(place: Place, namespace: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copy(place.folder / "data" / "people.csv", tmp_path / "mine.csv")
    source = ("data.file=brought.csv", "+data.source.kind=folder", f"+data.source.path={tmp_path / 'mine.csv'}")
    place.ok("fetch", *RECIPE, *source, under=mounted(namespace, "data"))
    assert (place.folder / "data" / "brought.csv").read_bytes() == (tmp_path / "mine.csv").read_bytes()
    assert not list((place.folder / "data").glob(".*"))


def mounted(namespace: tuple[str, ...], folder: str, options: str = "bind") -> tuple[str, ...]:
    """What mounts a folder of the project upon itself, as if it were another disk, and starts a command."""
    folder = shlex.quote(folder)
    mounts = f'mount --bind {folder} {folder} && mount -o remount,{options} {folder} && exec "$@"'
    return (*namespace, "sh", "-c", mounts, "-")


def test_where_runs_can_only_be_read_what_reads_works_and_what_writes_says_so(
    place: Place, namespace: tuple[str, ...], tmp_path: Path
) -> None:
    under = mounted(namespace, "work/people/runs", "bind,ro")
    one, other = ids(place)
    assert one[:8] in place.ok("runs", *AT, under=under)
    assert one in place.ok("runs", "show", one, *AT, under=under)
    assert one in place.ok("cost", one, *AT, under=under)
    compared = place.ok("compare", one, other, *AT, under=under)
    assert "no page with curves, for " in compared and "(Read-only file system): html=FILE writes it" in compared
    place.ok("compare", one, other, f"html={tmp_path / 'c.html'}", *AT, under=under)
    assert "`shipworthy runs dashboard FOLDER` takes another one" in place.refused(
        "runs", "dashboard", *AT, under=under
    )
    place.ok("runs", "dashboard", str(tmp_path), *AT, under=under)
    for command in (
        ("train", *RECIPE, "model.rounds=3"),
        ("runs", "note", one, "lesson=x", *AT),
        ("reproduce", one, *AT),
    ):
        said = place.refused(*command, under=under)
        assert str(place.runs) in said and "it lies on a read-only file system" in said


def test_data_that_can_only_be_read_is_enough(place: Place, namespace: tuple[str, ...]) -> None:
    under = mounted(namespace, "data", "bind,ro")
    assert "data/adult.parquet: as pinned" in place.ok("fetch", *RECIPE, under=under)
    place.ok("prepare", *RECIPE, under=under)
    assert place.ok("reproduce", ids(place)[0], *AT, under=under).splitlines()[-1] == "identical"


GROUP = "20000"
READS_PYTHON = "+dac_read_search"
"""The interpreter may lie in a home that others may not enter: this lets them read it, and write nothing more."""


def as_user(user: int, umask: str) -> tuple[str, ...]:
    """What starts a command as another user of the group."""
    who = ("setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups")
    return (
        *who,
        f"--inh-caps={READS_PYTHON}",
        f"--ambient-caps={READS_PYTHON}",
        "sh",
        "-c",
        f'umask {umask}; exec "$@"',
        "-",
    )


def test_two_users_share_a_project(first: Place, folder: Path) -> None:
    if os.geteuid():
        pytest.fail("Only root may act as two users: run this test as root.")
    shared = Place(folder / "shared")
    subprocess.run(["cp", "-a", str(first.folder), str(shared.folder)], check=True)
    for change in (["chown", "-R", f"20001:{GROUP}"], ["chmod", "-R", "g+rwX"]):
        subprocess.run([*change, str(shared.folder)], check=True)
    anna, ben = as_user(20001, "002"), as_user(20002, "002")
    home = {"HOME": str(folder / "home")}
    (folder / "home").mkdir()
    (folder / "home").chmod(0o777)
    made = {}
    for name, under, rounds in (("anna", anna, 7), ("ben", ben, 8)):
        done = shared.call("train", *RECIPE, f"model.rounds={rounds}", under=under, **home)
        assert done.returncode == 0, done.stdout + done.stderr
        made[name] = ids(shared)[-1]
    for under, command in (
        (ben, ("runs", "note", made["anna"], "lesson=so may I")),
        (anna, ("runs", "note", made["anna"], "lesson=and I again")),
        (anna, ("runs", "select", made["ben"])),
        (ben, ("reproduce", made["anna"])),
    ):
        done = shared.call(*command, *AT, under=under, **home)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    commits = [read_json(shared.runs / run / "record.json")["code"]["git_sha"] for run in made.values()]
    assert commits[0] and commits[0] == commits[1], "Git told both of them, whoever owns the checkout"
    done = shared.call("train", *RECIPE, "model.rounds=9", under=as_user(20002, "022"), **home)
    assert done.returncode == 0, done.stderr
    run = ids(shared)[-1]
    done = shared.call("runs", "note", run, "lesson=mine", *AT, under=anna, **home)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "is not this user's to open (Permission denied)" in done.stderr and "umask 002" in done.stderr


def test_the_code_of_another_checkout_is_refused(place: Place) -> None:
    edited = place.folder / "src" / "shipworthy" / "cli.py"
    edited.write_bytes(edited.read_bytes() + b"# mine\n")
    done = subprocess.run(
        [PROGRAM, "train", *RECIPE], cwd=place.folder, env=without_path(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"what runs is the code in {ROOT / 'src' / 'shipworthy'}, and {edited.parent} is another" in done.stderr


def without_path() -> dict[str, str]:
    """The environment, in which Python imports what is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_a_file_of_ones_own_in_data_leaves_the_pin_as_it_is(place: Place) -> None:
    shutil.copytree(ROOT / ".dvc", place.folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for name in ("data.dvc", ".gitignore"):
        shutil.copy(ROOT / name, place.folder / name)
    for file in (place.folder / "data").iterdir():
        if file.is_symlink():
            shutil.copy(target := file.resolve(), file.with_name("copy"))
            file.with_name("copy").rename(file)
            assert file.stat().st_size == target.stat().st_size
    pinned = (place.folder / "data.dvc").read_bytes()
    people = dvc(place, "add", "--no-commit", "data/people.csv")  # the user's own table has a pin of its own
    assert people.returncode == 0, people.stderr
    (place.folder / "data" / "notes.txt").write_text("not named by any config\n", encoding="utf-8")
    place.ok("fetch", *RECIPE)
    done = dvc(place, "repro", "data.dvc")
    assert done.returncode == 0, done.stderr
    assert (place.folder / "data.dvc").read_bytes() == pinned
    listed = subprocess.run(["git", "status", "--short", "data/"], cwd=place.folder, capture_output=True, check=True)
    assert b"notes.txt" not in listed.stdout


def dvc(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM.with_name("dvc"), *arguments],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": str(place.folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_the_whole_road_is_current_in_a_copy(first: Place, place: Place, tmp_path: Path) -> None:
    place.ok("pipeline", *RECIPE)
    before = place.stands()
    copy = Place(tmp_path / "copy")
    subprocess.run(["cp", "-a", str(place.folder), str(copy.folder)], check=True)
    said = copy.ok("pipeline", *RECIPE)
    assert said.count(" is current") == 11 and "VERDICT" in said
    assert place.stands() == before
