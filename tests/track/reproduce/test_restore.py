from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from shipworthy.track.reproduce import restore


@pytest.mark.parametrize("text", ["4936e51", "1e10", "yes", "0012", "1_000", "12:30:00", "null", "{text}", "a\u2028b"])
def test_a_runs_texts_are_read_back_by_the_code_of_then_and_of_now(tmp_path: Path, text: str) -> None:
    """The code of then may read them by OmegaConf, or by PyYAML, which take other words for numbers."""
    params = "data: {kind: records}\ntrainer: {kind: classical, lr: 1e-3}\nworkspace: work/a\ntracker: {kind: mlflow}\n"
    (tmp_path / "params.yaml").write_text(params, encoding="utf-8")
    restore.config({"data": {"kind": "records", "revision": text, text: text}}, tmp_path)
    written = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    for found in (OmegaConf.to_container(OmegaConf.load(tmp_path / "params.yaml")), yaml.safe_load(written)):
        assert found["data"] == {"kind": "records", "revision": text, text: text}
        assert found["trainer"] == {"kind": "classical", "lr": 0.001, "accept_unfit_plan": True}
        assert (found["workspace"], found["tracker"], found["preflight"]) == ("artifacts", {"kind": "none"}, "off")
