"""Says what the training cost in general benchmarks: the trained model and its base on the same documents."""

from shipworthy.core.files import write_json
from shipworthy.core.groups import GeneralConfig
from shipworthy.core.lazy import Lazy
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import figures
from shipworthy.evaluation.general.comparison import Measured, Tested, record
from shipworthy.evaluation.measures import DOCUMENT

READS = ("plan", "checkpoint")
HARNESSES = Lazy("{general}.measure")
FILE, TABLE = "general.json", "documents.parquet"


def run(*, general: GeneralConfig, seed: int, workspace: Workspace) -> None:
    """Reads `plan` and `checkpoint`, writes `general`; where nothing is asked, that alone.

    Raises:
        ShipworthyError: the harness is missing or failed, or did not ask both models the same.
        UsageError: there are no files of tasks.
    """
    checkpoint = workspace.read("checkpoint")
    if not HARNESSES.name(general):
        with workspace.write("general") as folder:
            write_json(folder / FILE, {"asked": False})
        say(f"general: no benchmarks are asked for (general={general.kind})")
        return
    harness = HARNESSES.load(general)
    workspace.uses(harness.inputs(general))
    # Before the plan is read: another price or alpha asks the models nothing anew.
    found: Measured = harness.measure(general, checkpoint, seed, workspace.run_folder() / "general")
    criteria = workspace.read("plan").json("criteria.json")
    said, tested, untested = record(general.kind, found, criteria["alpha"], seed)
    with workspace.write("general") as folder:
        write_json(folder / FILE, said)
        found.documents.write_parquet(folder / TABLE)
    for one in tested:
        _show(one)
    for score in untested:
        say(
            f"{score.task} {score.metric}: base {score.value_of_base:.4g}, tuned {score.value_of_tuned:.4g}, without a "
            f"test: {score.why_untested}"
        )


def _show(one: Tested) -> None:
    base, tuned = (figures.interval(DOCUMENT, value) for value in (one.base, one.tuned))
    name = f"{one.score.task} {one.score.metric}"
    say(f"{name:32} base {base}, tuned {tuned}, {one.claim.figures} {one.claim.rows}: {one.claim.sentence}")
