"""A judge that llama.cpp serves: a tiny random model, whose replies a schema keeps in form."""

from pathlib import Path

import pytest

from shipworthy.config.compose import compose
from shipworthy.core.artifact import read_artifact
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.judges import judgement
from shipworthy.evaluation.judges.schema import Local
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.quantize.gguf.convert import convert
from shipworthy.stages import judge as stage
from tests.track.report import pipelines

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TASK = TextToText(name="t", description="d", baselines=["majority"], prompt="{service}: {description}")
IN_FORM = {
    "type": "json_object",
    "schema": {
        "type": "object",
        "properties": {"winner": {"enum": ["A", "B", "tie"]}},
        "required": ["winner"],
        "additionalProperties": False,
    },
}


def test_a_judge_of_this_machine_is_asked_once_and_not_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = compose(["model=tiny_random"]).model
    assert isinstance(config, CausalLM)
    convert(weights.fetch(config), tmp_path / "judge.gguf", locate())
    for module in (stage, judgement):
        monkeypatch.setattr(module, "project_root", lambda: tmp_path)
    root = tmp_path / "artifacts"
    pipelines.text_pipeline(root, upto="evaluation")
    judge = Local(
        rows=12, reference=False, draws=2, temperature=1.0, max_tokens=60, threads=1, more={"response_format": IN_FORM}
    )

    def judged() -> dict[str, object]:
        stage.run(task=TASK, judge=judge, seed=0, workspace=Workspace(root, "judge", {}, 0))
        found: dict[str, object] = read_artifact(root / "judgement", "judgement").json("judgement.json")
        return found

    found = judged()
    assert found["answered"] == found["questions"] and found["cached"] == 0 and found["unreadable"] == 0
    assert found["judge"]["model"] == "judge.gguf" and len(found["judge"]["sha256"]) == 64  # type: ignore[index]
    monkeypatch.setattr(stage.SERVERS, "load", None)  # nothing is served for answers that are there
    again = judged()
    assert again["cached"] == again["questions"] and again["pairwise"] == found["pairwise"]
