"""Secrets are found by their look and by the environment; what only looks a little like one is left alone."""

import pytest

from shipworthy.config.compose import compose
from shipworthy.config.load import load
from shipworthy.core import secrets
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.snapshot import Snapshot
from tests.conftest import ROOT

# Put together here, so that this file itself looks like nobody's secret.
TOKENS = {
    "hf": "hf_" + "a1B2" * 8,
    "openai": "sk-" + "proj-a1B2" * 4,
    "github": "ghp_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "11A_b2" * 6,
    "gitlab": "glpat-" + "a1-B2" * 4,
    "aws": "AKIA" + "ABCD1234" * 2,
    "google": "AIza" + "a1B2_" * 7,
    "slack": "xoxb-" + "123456-abcdef",
    "slack webhook": "https://hooks.slack.com/services/" + "T00/B00/xyz",
    "wandb": "wandb_v1_" + "a1B2" * 8,
    "jwt": "eyJhbGciOiJI." + "eyJzdWIiOiIx" + ".c2ln",
    "bearer": "Bearer " + "a1B2" * 5,
    "basic": "Authorization: Basic " + "dXNlcjpwYXNz",
    "private key": "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n-----END RSA PRIVATE " + "KEY-----",
}


@pytest.fixture(autouse=True)
def _no_secret_of_this_machine(monkeypatch):
    for name in [name for name in secrets.os.environ if secrets.names_one(name)]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_is_found_and_masked(token):
    text = f"before {token} after"
    assert secrets.find(text)
    assert secrets.redact(text) == text.replace(token.removeprefix("https://"), secrets.MASK)
    assert secrets.line_of(f"one\ntwo {token}", by_look=True)[1] == 2


def test_of_a_url_the_login_alone_is_masked():
    assert secrets.redact("http://me:" + "pass@host:5000/x") == f"http://{secrets.MASK}@host:5000/x"


@pytest.mark.parametrize(
    "text",
    [
        "5f" * 20,
        "postgresql://host/db",
        "task-oriented-dialogue-2024",
        "train the eos_token = <|endoftext|>",
        "sk-learn is no key",
        "a bearer of good news",
        "http://host:5000/path?x=a:b@c",
        "model=smollm2_135m",
    ],
)
def test_what_is_none_is_left_alone(text):
    assert not secrets.find(text)
    assert secrets.redact(text) == text


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("HF_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("DB_PASSWORD_2", True),
        ("OPENAI_API_KEYS", True),
        ("GITHUBTOKEN", True),
        ("tracker.api_key", True),
        ("SHIPWORTHY_WEBHOOK", True),
        ("SLURM_JWT", True),
        ("TOKENIZERS_PARALLELISM", False),
        ("KEYBOARD", False),
        ("task.max_length", False),
        ("PWD", False),
    ],
)
def test_names(name, is_one):
    assert secrets.names_one(name) is is_one


def test_a_hash_is_a_key_in_a_field_of_such_a_name_only():
    found = secrets.redact({"api_key": "5f" * 20, "git_sha": "5f" * 20, "list": ["x", {"token": "5f" * 20}]})
    assert found == {"api_key": secrets.MASK, "git_sha": "5f" * 20, "list": ["x", {"token": secrets.MASK}]}


def test_what_the_environment_holds_under_such_a_name(monkeypatch, tmp_path):
    monkeypatch.setenv("MY_PASSWORD", "correct horse")
    monkeypatch.setenv("MY_KEY", "short")
    monkeypatch.setenv("MY_TOKEN_FILE", str(tmp_path))
    assert secrets.find("with correct horse inside") == "the value of the environment variable MY_PASSWORD"
    assert secrets.redact(["correct horse", "short", str(tmp_path)]) == [secrets.MASK, "short", str(tmp_path)]


def test_lines_and_words_that_name_their_secret():
    dotenv = (
        "+DB_PASSWORD=swordfish99\n+export API_KEY='abcd1234efgh'\n token=tokenizer.encode(text)\n+STEPS=12345678\n"
    )
    found = secrets.redact(dotenv)
    assert "swordfish99" not in found and "abcd1234efgh" not in found
    assert "STEPS=12345678" in found
    assert secrets.redact(["--password=swordfish99", "--tokens=12345678"])[0] == f"--password={secrets.MASK}"
    assert "x9" * 10 not in secrets.redact('client(api_key="' + "x9" * 10 + '")')


@pytest.mark.parametrize("where", ["note={}", "tracker.uri=http://x/{}", "+model.hub={}", "{}"])
def test_an_override_with_one_is_refused_without_repeating_it(where):
    with pytest.raises(UsageError, match="a Hugging Face token.*environment") as caught:
        compose([where.format(TOKENS["hf"])])
    assert TOKENS["hf"] not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_config_with_one_is_refused(monkeypatch):
    from omegaconf import OmegaConf

    config = OmegaConf.load(ROOT / "params.yaml")
    config.tracker.uri = "http://me:" + "password@host"
    with pytest.raises(UsageError, match="^tracker.uri holds a URL with a password") as caught:
        load(config)
    assert "password@" not in str(caught.value)
    monkeypatch.setenv("STORE_PASSWORD", "swordfish99")
    config.tracker.uri = "http://host/${oc.env:STORE_PASSWORD}"
    with pytest.raises(UsageError, match="tracker.uri holds the value of the environment variable STORE_PASSWORD"):
        load(config)


def test_a_file_of_the_project_with_one_makes_no_snapshot(monkeypatch, tmp_path):
    file = tmp_path / "conf" / "mine.yaml"
    file.parent.mkdir()
    file.write_text("a: 1\nuri: " + TOKENS["github"])
    monkeypatch.setattr("shipworthy.core.snapshot.code_root", lambda: tmp_path)
    with pytest.raises(ShipworthyError, match=r"^conf/mine.yaml, line 2, holds a GitHub token"):
        Snapshot.now()
