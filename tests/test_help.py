"""`COMMAND --help` says what the command reads, from the schemas; `--cfg` prints what it would read."""

from dataclasses import fields
from typing import get_type_hints

import pytest
import yaml

from shipworthy.cli import ASIDE, BESIDE, COMMANDS, COMPLETION, INIT, main
from shipworthy.config.keys import import_checked_schemas
from shipworthy.config.load import load, read_params
from shipworthy.config.root import GROUPS, Config
from shipworthy.core import docstrings, words
from shipworthy.core.schema import SCHEMAS
from shipworthy.execution.command_help import type_of
from shipworthy.execution.reads import reads, usage
from shipworthy.stages.runs import VERBS
from tests.test_cli import HEAVY, modules_after

BY_USAGE = sorted({*BESIDE} - {INIT, COMPLETION})


@pytest.mark.parametrize("command", [*COMMANDS, *ASIDE])
def test_a_command_names_its_groups_their_choices_and_every_key_it_reads(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, "experiment=adult_xgboost", "--help"]) == 0
    said = capsys.readouterr().out
    groups = [name for name in reads(command) if name in GROUPS]
    if "model" in groups:
        assert "xgboost_quantiles" in said
        assert "  model.max_depth=6  " in said and "of a tree (levels)" in said
    assert all(f"\n{name}: " in said for name in groups)
    assert f"{'' if 'quant' in groups else 'no '}quant" == ("quant" if "\nquant: " in said else "no quant")
    assert "--cfg" in said and "  workspace=artifacts" in said


def test_the_keys_are_those_of_the_choice(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--help"])
    assert "  model.source.kind=" in capsys.readouterr().out
    main(["train", "experiment=adult_xgboost", "model=logistic", "--help"])
    said = capsys.readouterr().out
    assert "  model.max_iter=" in said and "model.max_depth" not in said and "  model       logistic: " in said


def test_every_key_of_every_schema_is_explained() -> None:
    import_checked_schemas()
    for group, kinds in SCHEMAS.items():
        for kind, cls in kinds.items():
            told, hints = docstrings.attributes(cls), get_type_hints(cls)
            for one in fields(cls):
                assert told.get(one.name), f"{group} '{kind}' says nothing of {one.name}"
                assert type_of(hints[one.name])


@pytest.mark.parametrize("command", BY_USAGE)
def test_what_takes_no_config_prints_the_text_that_it_reads_its_words_by(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert usage(command).rstrip() in said
    for form in words.forms(usage(command)):
        for key in form.keys:
            assert f"\n{key} " in said or f" {key} " in said, f"{command} does not say what {key}= is"
    assert {form.verb for form in words.forms(usage("runs"))} == {"", *VERBS}


def test_help_imports_nothing_that_trains() -> None:
    loaded = modules_after("from shipworthy.cli import main\nmain(['train', '--help'])")
    assert not loaded & (HEAVY - {"hydra"})


@pytest.mark.parametrize("given", [["--cfg"], ["--cfg", "job"], ["--cfg=job"]])
def test_cfg_prints_what_the_command_reads(capsys: pytest.CaptureFixture[str], given: list[str]) -> None:
    assert main(["train", *given, "experiment=adult_xgboost", "model.max_depth=4"]) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert list(found) == reads("train")
    assert found["model"]["max_depth"] == 4 and found["seed"] == 17 and "quant" not in found


def test_all_of_it_is_what_params_takes(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    assert main(["tune", "--cfg", "all", "experiment=adult_xgboost"]) == 0
    file = tmp_path / "params.yaml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    config = read_params(file)
    assert isinstance(config, Config) and config == load(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert main(["evaluate", "--cfg", "--params", str(file)]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["task"]["kind"] == "classification"
    assert main(["train", "--multirun", "--cfg", "seed=1,2"]) == 2


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["train", "--hlep"], "did you mean --help?"),
        (["train", "--mutlirun", "seed=1,2"], "did you mean --multirun?"),
        (["cost", "--hlep"], "did you mean --help?"),
        (["cost", "copmute=local"], "copmute= is unknown: did you mean compute=?"),
        (["reproduce", "0a1b", "code=now"], "code=now: give one of run, present"),
        (["sweep", "stauts", "x"], "did you mean status?"),
        (["trace", "0a1b"], "it is shipworthy trace RUN step=N"),
        (["data", "dif", "a", "b"], "did you mean diff?"),
        (["train", "--help", "modle=xgboost"], "did you mean model?"),
        (["completion", "tcsh"], "bash|zsh|fish"),
    ],
)
def test_a_mistake_names_what_is_nearest(capsys: pytest.CaptureFixture[str], given: list[str], named: str) -> None:
    try:
        code: object = main(given)
    except SystemExit as stopped:
        code = stopped.code
    (sentence,) = capsys.readouterr().err.splitlines()
    assert named in sentence and code == 2
