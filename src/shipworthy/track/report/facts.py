"""The data of the page's sections beside the verdict; None or empty where the artifact that it needs is missing."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.evaluation.claims import Claim
from shipworthy.models.dataset import info
from shipworthy.track.cost.spans import price as price_of
from shipworthy.track.quantities import count, megabytes, money, seconds, times
from shipworthy.track.runs import registry

Artifacts = Mapping[str, Artifact]

# Role, what it answers, the artifacts that it hands over.
ROLES = (
    ("ML Architect", "what to train, will it fit, what will it cost, when is it good enough?", ("plan",)),
    ("Data Engineer", "what exactly does the model learn from, and can we trust it?", ("dataset",)),
    ("Training Engineer", "how is it trained without losing an hour?", ("baseline", "checkpoint")),
    (
        "Experiment Tracker",
        "what was tried, what was learned, can we do it again?",
        ("evaluation", "general", "judgement"),
    ),
    ("Model Optimizer", "how small and fast can it be and still be good enough?", ("compressed", "bench", "package")),
)


def pipeline(artifacts: Artifacts) -> list[dict[str, Any]]:
    """The five roles, their question, and what each handed over."""
    handed = _handed_over(artifacts)
    return [
        {"role": role, "question": question, "handed": [(kind, handed[kind]) for kind in kinds if kind in artifacts]}
        for role, question, kinds in ROLES
    ]


def _handed_over(artifacts: Artifacts) -> dict[str, str]:
    plan, training = artifacts["plan"].json("plan.json"), artifacts["checkpoint"].json("training.json")
    dataset = info(artifacts["dataset"])
    baselines = [record["name"] for record in artifacts["baseline"].json("baseline.json")["baselines"]]
    evaluation = artifacts["evaluation"].json("evaluation.json")
    rows = ", ".join(f"{number:,} {split}" for split, number in dataset.rows.items())
    steps = f"{training['steps']:,} steps in " if training.get("steps", 0) > 1 else "fitted in "
    words = {
        "plan": plan["why"],
        "dataset": f"{rows} rows",
        "baseline": ", ".join(baselines),
        "checkpoint": steps + seconds(training["seconds"]),
        "evaluation": f"{len(evaluation['candidates'])} candidates on {evaluation['n']:,} unseen rows",
    }
    if "general" in artifacts:
        benchmarks = artifacts["general"].json("general.json")
        number = len(benchmarks["tested"]) + len(benchmarks["untested"]) if benchmarks["asked"] else 0
        words["general"] = (
            f"{number} scores of general benchmarks" if number else "no general benchmarks were asked for"
        )
    if "judgement" in artifacts:
        said = artifacts["judgement"].json("judgement.json")
        words["judgement"] = f"{said['judge']['model']} on {said['rows']:,} rows" if said["asked"] else "no judge"
    if "compressed" in artifacts:
        compressed = artifacts["compressed"].json("compressed.json")
        size = next(v["size_mb"] for v in compressed["variants"] if v["name"] == compressed["chosen"])
        words["compressed"] = f"{compressed['chosen']}, {megabytes(size)}, out of {len(compressed['variants'])}"
    if "bench" in artifacts:
        bench = artifacts["bench"].json("bench.json")
        words["bench"] = f"{bench['variant']} behind {bench['engine']}"
    if "package" in artifacts:
        validated = artifacts["package"].json("package.json")["validated"]
        words["package"] = "validated in a fresh environment" if validated else "not validated"
    return words


def reads(entries: Sequence[Mapping[str, Any]]) -> str:
    """Who read the answers of the test split: `evaluate once, compress twice`."""
    counted = Counter(str(entry["reader"]) for entry in entries)
    return ", ".join(f"{reader} {times(number)}" for reader, number in counted.items())


def plan_and_fact(artifacts: Artifacts) -> list[tuple[str, str, str]]:
    """What the plan said against what happened: (what, planned, found)."""
    plan, training = artifacts["plan"].json("plan.json"), artifacts["checkpoint"].json("training.json")
    rows = []
    if "seconds" in training:
        rows.append(("training time", _bounds(plan["seconds"], seconds), seconds(training["seconds"])))
        price, currency = plan["machine"]["price_per_hour"], plan["machine"]["currency"]
        # The plan's money is that of the steps and the validations within them, and so is this.
        taken = training["seconds"] + sum(entry.get("validation_s", 0.0) for entry in history(artifacts))
        spent = price_of(taken, price)
        rows.append(("cost of the training", money(plan["cost"]["money"], currency), money(spent, currency)))
    if "sample.json" in artifacts["checkpoint"].manifest.files:
        told = artifacts["checkpoint"].json("sample.json")
        bounds = {key: told["foretold_s"][key] for key in ("value", "low", "high")}
        rows.append(
            (f"training time by a sample of {told['sample']}", _bounds(bounds, seconds), seconds(told["taken_s"]))
        )
    if training.get("model_flop_utilisation") is not None:
        reached = f"{100 * training['model_flop_utilisation']:.0f}% of a matrix product's"
        rows.append(("operations per second", "-", f"{training['flops_per_s'] / 1e9:.0f} GFLOP/s, {reached}"))
        waited = f"{100 * training['data_wait_share']:.1f}%, padding {100 * training['padding_share']:.1f}%"
        rows.append(("waiting for data", "-", waited))
    if training.get("peak_memory_mb") is not None:
        planned = _bounds(plan["memory_mb"]["total"], megabytes)
        rows.append(("peak memory", planned, megabytes(training["peak_memory_mb"])))
    for key, what in (("steps", "steps"), ("trainable_parameters", "trainable parameters")):
        if plan.get(key) is not None and training.get(key) is not None:
            rows.append((what, count(plan[key]), count(training[key])))
    return rows


def _bounds(value: Mapping[str, float], words: Any) -> str:
    return f"{words(value['value'])} ({words(value['low'])} to {words(value['high'])})"


def cost(artifacts: Artifacts, price_per_hour: float, currency: str) -> dict[str, Any]:
    """The machine time of each artifact, and what it cost at `price_per_hour`; the checkpoint's is that of its run.

    A run that was killed and went on took longer than its last start, of which alone the artifact knows.
    """
    spent = {kind: artifact.manifest.finished - artifact.manifest.started for kind, artifact in artifacts.items()}
    made = artifacts["checkpoint"]
    run = registry.find_whole(made.path.parent.parent / "runs" / made.manifest.run_id)
    if run is not None:
        spent["checkpoint"] = run.seconds
    total = sum(spent.values())
    return {
        "parts": [(kind, seconds(value), value / max(spent.values())) for kind, value in spent.items()],
        "total": seconds(total),
        "money": money(price_of(total, price_per_hour), currency),
        "price": f"{money(price_per_hour, currency)} per hour",
    }


def served(artifacts: Artifacts) -> dict[str, Any] | None:
    """The bench: one line per load."""
    if "bench" not in artifacts:
        return None
    bench = artifacts["bench"].json("bench.json")
    loads = [("one request at a time", bench["single"])]
    loads += [(f"{load['clients']} at once", load) for load in bench.get("concurrency", []) if load["clients"] > 1]
    if reference := bench.get("reference"):
        loads.append((f"{reference.get('engine', 'reference')}, one at a time", reference))
    return {"bench": bench, "loads": loads}


def compression(artifacts: Artifacts) -> dict[str, Any] | None:
    """What became of the weights in each variant."""
    if "compressed" not in artifacts:
        return None
    compressed: dict[str, Any] = artifacts["compressed"].json("compressed.json")
    if not any(variant.get("tensor_types") for variant in compressed["variants"]):
        return None
    tests = [variant.get("noninferiority") for variant in compressed["variants"]]
    said = [Claim.from_json(test).figures if test else "" for test in tests]
    variants = [{**variant, "against": one} for variant, one in zip(compressed["variants"], said, strict=True)]
    return {**compressed, "variants": variants}


def general(artifacts: Artifacts) -> dict[str, Any] | None:
    """Each score of the general benchmarks with what was shown of it, and in a sentence how many are what."""
    if "general" not in artifacts or not (record := artifacts["general"].json("general.json"))["asked"]:
        return None
    tested = [{**one, "claim": Claim.from_json(one["claim"])} for one in record["tested"]]
    words = Counter(one["claim"].words for one in tested)
    return {**record, "tested": tested, "words": ", ".join(f"{number} {word}" for word, number in words.items())}


def forgetting(artifacts: Artifacts) -> dict[str, Any] | None:
    """What the training made the model forget: over all and by skill, before and after with what was shown."""
    found = artifacts["checkpoint"].json("training.json").get("forgetting")
    if not found:
        return None
    parts = [
        {**part, **{key: {**part[key], "claim": Claim.from_json(part[key]["claim"])} for key in ("answers", "loss")}}
        for part in (found["whole"], *found["skills"])
    ]
    return {**found, "parts": parts}


def lineage(artifacts: Artifacts) -> dict[str, Any]:
    """Who made what from what, and with which code."""
    manifests = {kind: artifact.manifest for kind, artifact in artifacts.items()}
    code = {manifest.code["git_sha"] for manifest in manifests.values()}
    return {
        "artifacts": [
            {
                "kind": kind,
                "digest": artifact.digest[:12],
                "run_id": artifact.manifest.run_id,
                "inputs": ", ".join(f"{name} {digest[:8]}" for name, digest in artifact.manifest.inputs.items()),
                "when": time.strftime("%-d %b %Y, %H:%M", time.gmtime(artifact.manifest.finished)),
            }
            for kind, artifact in artifacts.items()
        ],
        "git": sorted(sha[:12] for sha in code if sha),
        "uncommitted": sorted(kind for kind, manifest in manifests.items() if manifest.code["uncommitted"]),
        "seeds": sorted({seed for manifest in manifests.values() for seed in manifest.seeds.values()}),
        "environment": manifests["checkpoint"].environment,
    }


def model_name(artifacts: Artifacts) -> str:
    """What the trained model is called: its own name, or its family's."""
    model = artifacts["checkpoint"].json("candidate.json")["model"]
    return str(model.get("name") or model["kind"])


def history(artifacts: Artifacts) -> Sequence[Mapping[str, Any]]:
    """The training's own record, one entry per logged step."""
    entries: Sequence[Mapping[str, Any]] = artifacts["checkpoint"].json("history.json")
    return entries
