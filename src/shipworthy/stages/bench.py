"""Measures the chosen variant as it will be served on this machine."""

from shipworthy.core.files import write_json
from shipworthy.core.groups import EngineConfig
from shipworthy.core.identity import environment
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import flat_records
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.optimize.engines.build import bench, served
from shipworthy.track.cost.noted import note_bench

READS = ("dataset", "checkpoint", "compressed")


def run(*, task: Task, engine: EngineConfig, workspace: Workspace) -> None:
    """Reads `dataset`, `checkpoint` and `compressed`, writes `bench`.

    Raises:
        ShipworthyError: the engine did not start, or broke off an answer.
    """
    dataset, checkpoint, compressed = (workspace.read(kind) for kind in READS)
    subject = served(task, dataset, checkpoint, compressed)
    with workspace.write("bench") as folder:
        measured = bench(engine, subject)
        machine = {name: environment()[name] for name in ("platform", "processor", "cpus")}
        write_json(
            folder / "bench.json", {"engine": engine.kind, "variant": subject.name, "machine": machine, **measured}
        )
        write_json(folder / flat_records.METRICS, flat_records.benched(measured))
    model = checkpoint.json("candidate.json")["model"]
    note_bench(workspace.root.parent / "runs", workspace.run_id, model, engine.kind, measured)
    for load in measured["concurrency"]:
        latency = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in load["latency_s"].items())
        say(f"{load['clients']} at a time: {load['requests_per_s']:.2f} requests/s, {latency}")
    same = measured["answers"]
    say(f"memory {measured['memory_mb']:.0f} MB; {same['equal']} of {same['rows']} answers as in compress")
