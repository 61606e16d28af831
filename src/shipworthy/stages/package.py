"""Puts into one folder all that it takes to serve the model, and proves it in a fresh environment."""

from shipworthy.core.files import write_json, write_text
from shipworthy.core.groups import EngineConfig
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.optimize.package import card
from shipworthy.optimize.package.build import Subject, copy_decision, copy_raw_rows, kind
from shipworthy.optimize.package.lineage import lineage
from shipworthy.optimize.package.questions import questions
from shipworthy.optimize.package.validate import validate, write_sums

READS = ("plan", "dataset", "checkpoint", "evaluation", "compressed", "bench")
LATER = ("judgement",)


def run(*, task: Task, engine: EngineConfig, workspace: Workspace) -> None:
    """Reads the pipeline so far, writes `package`.

    Raises:
        ArtifactError: the artifacts are not of one run of the pipeline.
        ShipworthyError: the package does not answer as the source model does.
    """
    artifacts = {name: workspace.read(name) for name in READS}
    judged = workspace.read("judgement").json("judgement.json") if (workspace.root / "judgement").is_dir() else {}
    compressed = artifacts["compressed"].json("compressed.json")
    chosen = next(v for v in compressed["variants"] if v["name"] == compressed["chosen"])
    subject = Subject(task, engine, artifacts, chosen)
    origin = lineage(artifacts)
    with workspace.write("package") as folder:
        say(f"package: {chosen['name']}")
        contents = kind(chosen["format"]).fill(subject, folder)
        write_text(folder / "requirements.txt", contents.requirements + copy_raw_rows(subject, folder))
        copy_decision(subject, folder)
        write_json(folder / "lineage.json", origin)
        write_text(folder / "MODEL_CARD.md", card.render(subject, contents, origin, judged))
        write_sums(folder)
        asked = validate(folder, questions(subject, contents), contents.wheels, contents.rounding)
        write_json(
            folder / "package.json",
            {"validated": True, "variant": chosen["name"], "format": chosen["format"], "questions": asked},
        )
    told = [question["right"] for question in asked if question["right"] is not None]
    right = f", {sum(told)} of them right" if told else ""
    say(f"package: {len(asked)} questions, all answered as the source model does{right}")
