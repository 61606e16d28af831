"""The user's site file: where it is looked for, what it may hold, and what is refused."""

import subprocess
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.launch.site import Container, Site, read_site, site_file

EXAMPLE = Path("slurm/site.example.yaml")


@pytest.fixture(autouse=True)
def _nothing_of_ours(monkeypatch, tmp_path):
    monkeypatch.delenv("SHIPWORTHY_SITE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal(tmp_path, text):
    path = write(tmp_path / "slurm" / "site.yaml", text)
    with pytest.raises(UsageError) as caught:
        read_site(tmp_path)
    said = str(caught.value)
    assert said.startswith(str(path)) and len(said.splitlines()) == 1
    return said


def test_the_example_sets_every_key(monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SITE", str(EXAMPLE))
    site = read_site()
    assert site == Site(
        account="my-lab",
        partition="main",
        preemptible_partition="low",
        qos="normal",
        constraint="a100|h100",
        modules=["gcc/13.2", "cuda/12.4"],
        setup=["ulimit -n 65536", "source /shared/venvs/shipworthy/bin/activate"],
        env={"HF_HUB_OFFLINE": "1", "SHIPWORTHY_CACHE": "/scratch/shipworthy"},
        container=Container("apptainer", "/shared/images/shipworthy.sif", ["--nv", "--bind=/scratch"]),
    )
    assert all(value for value in vars(site).values())


def test_no_file_sets_nothing(tmp_path):
    assert site_file(tmp_path) is None
    assert read_site(tmp_path) == Site()


def test_an_empty_file_and_empty_keys_set_nothing(tmp_path):
    write(tmp_path / "slurm" / "site.yaml", "# nothing yet\n")
    assert read_site(tmp_path) == Site()
    write(tmp_path / "slurm" / "site.yaml", "account:\nsetup:\ncontainer:\n")
    assert read_site(tmp_path) == Site()


def test_the_first_of_three_places_counts(monkeypatch, tmp_path):
    write(tmp_path / "config" / "shipworthy" / "site.yaml", "account: home\n")
    assert read_site(tmp_path).account == "home"
    write(tmp_path / "slurm" / "site.yaml", "account: project\n")
    assert read_site(tmp_path).account == "project"
    monkeypatch.setenv("SHIPWORTHY_SITE", str(write(tmp_path / "mine.yaml", "qos: high\n")))
    assert read_site(tmp_path) == Site(qos="high")


def test_a_named_file_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("SHIPWORTHY_SITE", str(tmp_path / "nowhere.yaml"))
    with pytest.raises(UsageError, match=r"SHIPWORTHY_SITE names .*nowhere\.yaml, which is not there"):
        read_site(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("acount: a", "there is no key acount: did you mean account?"),
        (
            "container: {runtime: apptainer, image: a.sif, option: []}",
            "container.option: did you mean container.options",
        ),
        ("container: {runtime: docker, image: a}", "container.runtime is 'docker': choose one of apptainer"),
        ("container: {runtime: pyxis}", "container has no image"),
        ("container: {runtime: pyxis, image: ''}", "container.image is empty"),
        ("container: a.sif", "container must hold"),
        ("setup: module load cuda", "setup must be a list of texts"),
        ("modules: [1]", "modules must be a list of texts"),
        ("account: [a]", "account must be a text, not ['a']"),
        ("account: yes", "account must be a text, not True: put it in quotes"),
        ("env: [A=1]", "env must hold `NAME: text` lines"),
        ("env: {A: true}", "put texts in quotes"),
        ("env: {A-B: '1'}", "env has 'A-B', which is no variable's name"),
        ("- account", "the file must hold `key: value` lines"),
        ("account: 'a\nqos: [", "is no YAML in line"),
    ],
)
def test_refused(tmp_path, text, sentence):
    assert sentence in refusal(tmp_path, text)


def test_the_lines_for_the_shell_run():
    site = Site(modules=["cuda/12.4", "a b"], setup=["A=1", "B=$((A + 1))"], env={"C": "it's $B", "N": "1"})
    script = 'module() { echo "$1 $2"; }\n' + "\n".join(site.lines()) + '\necho "$B"; sh -c \'echo "$C"\''
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["load cuda/12.4", "load a b", "2", "it's $B"]
