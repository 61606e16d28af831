"""`report`: the page that says ship or don't, and why."""

from shutil import copyfile

from shipworthy.architect.compute.schema import Machine
from shipworthy.core.artifact import Artifact
from shipworthy.core.files import write_text
from shipworthy.core.groups import ComputeConfig
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import heldout
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.track.report import facts
from shipworthy.track.report.candidates import candidates
from shipworthy.track.report.page import page
from shipworthy.track.report.summary import summary
from shipworthy.track.report.verdict import judge

READS = ("plan", "dataset", "baseline", "checkpoint", "evaluation")
DATA_PAGE = "data.html"
# Where one of these was not made, its criteria are not met, and the report says 'not measured'.
LATER = ("general", "judgement", "compressed", "bench", "package")


def run(*, task: Task, compute: ComputeConfig, workspace: Workspace) -> None:
    """Reads every artifact of the pipeline, writes `report`: report.html, summary.txt, and the data's page, data.html.

    Raises:
        ArtifactError: the pipeline does not reach as far as `evaluation`, or an artifact is damaged.
    """
    assert isinstance(compute, Machine)
    kinds = [*READS, *(kind for kind in LATER if (workspace.root / kind).is_dir())]
    artifacts: dict[str, Artifact] = {kind: workspace.read(kind) for kind in kinds}
    found = candidates(artifacts)
    verdict = judge(artifacts, found)
    # The ledger knows later reads as well; it is no artifact, so where it is missing the evaluation's own copy speaks.
    known = heldout.reads(artifacts["dataset"], heldout.ledger_of(workspace))
    reads = facts.reads(known or artifacts["evaluation"].json("evaluation.json")["test_reads"])
    text = summary(artifacts, found, verdict, reads)
    with workspace.write("report") as folder:
        html = page(
            artifacts,
            found,
            verdict,
            description=task.description,
            reads=reads,
            price_per_hour=compute.price_per_hour,
            currency=compute.currency,
        )
        write_text(folder / "report.html", html)
        write_text(folder / "summary.txt", text)
        copyfile(artifacts["dataset"].file(DATA_PAGE), folder / DATA_PAGE)
    say(f"report: {workspace.place('report') / 'report.html'}")
    say(text.rstrip("\n"))
