from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from shipworthy.core import yaml_text
from shipworthy.track.reproduce import restore


@pytest.mark.parametrize("text", ["4936e51", "1e10", "yes", "0012", "1_000", "12:30:00", "null", "{text}", "a\u2028b"])
def test_a_runs_texts_are_read_back_by_the_code_of_then_and_of_now(tmp_path: Path, text: str) -> None:
    """The code of then may read them by OmegaConf, or by PyYAML, which take other words for numbers."""
    params = "data: {kind: records}\ntrainer: {kind: classical, lr: 1e-3}\nworkspace: work/a\ntracker: {kind: mlflow}\n"
    restore.write({**yaml_text.parse(params), "data": {"kind": "records", "revision": text, text: text}}, tmp_path)
    written = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    for found in (OmegaConf.to_container(OmegaConf.load(tmp_path / "params.yaml")), yaml.safe_load(written)):
        assert found["data"] == {"kind": "records", "revision": text, text: text}
        assert found["trainer"] == {"kind": "classical", "lr": 0.001, "accept_unfit_plan": True}
        assert (found["workspace"], found["tracker"], found["preflight"]) == ("artifacts", {"kind": "none"}, "off")


GROUPS = {"adapter": {"kind": "none"}, "model": {"kind": "xgboost"}}
RECORD: dict[str, Any] = {"config": GROUPS, "inputs": {"dataset": "d"}}
DEMO = "model: {kind: llm}\nadapter: {kind: lora}\nquant: {kind: gguf}\nengine: {kind: llamacpp}\nhpo: {kind: h}\n"


def test_a_run_has_its_own_config_alone_whatever_params_say_by_now(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(DEMO, encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    (run / "params.yaml").write_text("model: {kind: xgboost}\nquant: {kind: none}\n", encoding="utf-8")
    own = {"model": {"kind": "xgboost"}, "quant": {"kind": "none"}}
    assert restore.config(RECORD, run, tmp_path, "run") == own
    present = restore.config(RECORD, run, tmp_path, "present")
    assert present == {**yaml.safe_load(DEMO), **own}, "the code of now may ask for parts that there were none of"


def test_of_an_older_record_the_rest_fits_its_family(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(DEMO, encoding="utf-8")
    table = restore.config({"config": GROUPS}, tmp_path / "run", tmp_path, "run")
    assert table == {**GROUPS, "quant": {"kind": "none"}, "engine": {"kind": "in_process"}, "hpo": {"kind": "h"}}
    lora = {"adapter": {"kind": "lora"}}
    assert restore.config({"config": lora}, tmp_path / "run", tmp_path, "run") == yaml.safe_load(DEMO)
