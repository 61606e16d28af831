"""The model card of a pipeline of made-up numbers."""

from pathlib import Path

from shipworthy.core.artifact import read_artifact
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.optimize.engines.in_process.schema import InProcess
from shipworthy.optimize.package import card
from shipworthy.optimize.package.build import Contents, Subject
from tests.track.report import pipelines

TASK = TextToText(name="t", description="d", baselines=["majority"], prompt="{service}: {description}")


def card_of(root: Path) -> str:
    """As the package would hold it."""
    kinds = ("plan", "dataset", "checkpoint", "evaluation", "compressed", "bench")
    evaluation = read_artifact(root / "evaluation", "evaluation").json("evaluation.json")
    pipelines.write(root, "evaluation", {"evaluation.json": {**evaluation, "by_class": None}})
    artifacts = {kind: read_artifact(root / kind, kind) for kind in kinds}
    variants = artifacts["compressed"].json("compressed.json")["variants"]
    subject = Subject(TASK, InProcess(), artifacts, {**variants[0], "slices": {"worst": None}})
    contents = Contents(["description"], "", None, ["./predict"], [("format", "gguf")], ["None."], [])
    said = read_artifact(root / "judgement", "judgement").json("judgement.json")
    return card.render(subject, contents, {"raw": {}, "artifacts": {}, "newer": []}, said)
