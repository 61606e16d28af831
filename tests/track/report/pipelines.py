"""Pipelines of made-up numbers, in the layout that the stages write."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.artifact import write_artifact
from shipworthy.evaluation import claims, paired, predictions, scores
from shipworthy.evaluation.claims import WORSE
from shipworthy.evaluation.general.comparison import Measured, Score, record
from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.verdict import judge
from shipworthy.train.general.verdict import verdict

CRITERIA = {
    "metric": "exact_match",
    "margin": 0.05,
    "alpha": 0.01,
    "noninferiority_margin": 0.03,
    "tolerate_loss": False,
    "max_p95_s": 2.0,
    "max_size_mb": 160.0,
    "max_memory_mb": 600.0,
    "baselines": ["majority", "nearest", "verb_object", "few_shot"],
}
SECONDS = {"plan": 31.0, "dataset": 14.0, "baseline": 160.0, "checkpoint": 900.0, "evaluation": 120.0, "bench": 75.0}
VERBS = ("Create", "Delete", "Describe", "List", "Update", "Start", "Put")
NOUNS = ("Component", "Pipeline", "Domain", "BackupPlan", "Fleet", "Alias", "Channel", "Policy", "Task", "Stream")


def write(root: Path, kind: str, files: dict[str, Any], tables: dict[str, pl.DataFrame] | None = None) -> None:
    """One artifact out of JSON values and tables."""
    began = time.time() - SECONDS.get(kind, 1.0)
    inputs = {"data/raw": "0" * 64} if kind in ("plan", "dataset") else {"dataset": "1" * 64}
    with write_artifact(
        root / kind,
        kind,
        run_id=f"{abs(hash(kind)):016x}"[:16],
        config={},
        inputs=inputs,
        seeds={"seed": 17},
        started=began,
    ) as folder:
        for name, value in files.items():
            (folder / name).write_text(value if name.endswith(".html") else json.dumps(value))
        for name, table in (tables or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            table.write_parquet(folder / name)


def plan(criteria: dict[str, Any], family: str, why: str, steps: int | None) -> dict[str, Any]:
    return {
        "task": "operation_naming",
        "why": why,
        "family": family,
        "steps": steps,
        "trainable_parameters": 4_884_480 if steps else None,
        "seconds": {"value": 780.0, "low": 585.0, "high": 1170.0},
        "memory_mb": {"total": {"value": 3700.0, "low": 3300.0, "high": 4900.0}},
        "cost": {"money": 0.03, "hours": 0.3, "currency": "USD"},
        "machine": {"price_per_hour": 0.1, "currency": "USD"},
        "criteria": criteria,
    }


def forgotten() -> dict[str, Any]:
    """A verdict on two skills, one of which lost half its right answers."""
    skills = np.repeat(["arithmetic", "reading"], 48)
    right = (np.arange(96) % 4 > 0).astype(float)
    after = np.where((skills == "arithmetic") & (np.arange(96) % 2 == 0), 0.0, right)
    loss = 1.0 + 0.01 * (np.arange(96) % 7)
    before, now = (SimpleNamespace(right=one, loss=loss, own_loss=loss) for one in (right, after))
    return verdict(skills.tolist(), before, now, margin=0.05, loss_margin=0.1, alpha=0.01, seed=1)


def text_pipeline(
    root: Path, n: int = 1200, rate: float = 0.44, p95_s: float = 0.31, upto: str = "package", asked: bool = True
) -> None:
    """A pipeline of text: four baselines, a tuned model, two variants; `asked`: general questions were."""
    why = "The answers are text; LoRA trains 4.88 million of 134.5 million parameters."
    write(
        root,
        "plan",
        {
            "plan.json": plan(CRITERIA, "causal_lm", why, 320),
            "criteria.json": CRITERIA,
            "fits.json": {"fits": True, "reasons": []},
        },
    )
    rows = pl.DataFrame(
        [
            {
                "id": f"service-{i % 7}/2020-01-01/{i:04d}",
                "cluster": str(i),
                "service": ("Amplify", "Glue", "IoT & <Things>", "S3")[i % 4],
                "description": f"{VERBS[i % 7]}s the {NOUNS[i % 10].lower()} number {i} of your account.",
                "answer": VERBS[i % 7] + NOUNS[i % 10],
            }
            for i in range(n)
        ]
    )
    info = {
        "problem": "text_to_text",
        "features": ["service", "description"],
        "categorical": [],
        "rows": {"train": 14_100, "validation": 400, "test": n},
        "statistics": {"source": {"name": "botocore 1.44.5 operation documentation", "licence": "Apache-2.0"}},
    }
    reasons = ["near-duplicate"] * 2412 + ["length"] * 801 + ["literal"] * 390 + ["contradiction"] * 97
    rejected = pl.DataFrame({"id": [str(i) for i in range(len(reasons))], "reason": reasons})
    tables = {"train.parquet": rows.head(50), "test.parquet": rows.drop("answer"), "rejected.parquet": rejected}
    write(root, "dataset", {"dataset.json": info, "data.html": "<h1>The data</h1>"}, tables)
    rates = {"majority": 0.01, "nearest": 0.12, "verb_object": 0.26, "few_shot": 0.08}
    write(
        root,
        "baseline",
        {
            "baseline.json": {
                "baselines": [
                    {"name": name, "validation": {"exact_match": wilson(round(400 * r), 400).to_json()}, "seconds": 2.0}
                    for name, r in rates.items()
                ]
            }
        },
    )
    history: list[dict[str, float]] = [
        {"step": s, "loss": 3.2 * 0.985**s + 0.35 + 0.1 * (s * 7919 % 13 - 6) / 6, "lr": 1e-3} for s in range(1, 321)
    ]
    for step, value in ((80, 0.22), (160, 0.36), (240, 0.42), (320, 0.41)):
        history[step - 1]["val_metric"] = value
    training = {
        "steps": 320,
        "seconds": 803.0,
        "tokens": 230_000,
        "trainable_parameters": 4_884_480,
        "peak_memory_mb": 3811.0,
        "selected_step": 240,
        "selected_metric": 0.42,
        "forgetting": forgotten() if asked else None,
    }
    candidate = {"model": {"kind": "causal_lm", "name": "SmolLM2-135M-Instruct"}}
    write(
        root,
        "checkpoint",
        {"history.json": history, "training.json": training, "candidate.json": candidate},
    )
    # Each is right on other rows: 37 and n have no common divisor.
    right = {
        name: (np.arange(n) * 37 + 211 * k) % n < r * n for k, (name, r) in enumerate({**rates, "tuned": rate}.items())
    }
    evaluated(root, rows, right, CRITERIA, "verb_object", {"size_mb": 538.1, "p95_s": 0.92}, correct=right)
    if upto == "evaluation":
        return
    write(root, "judgement", {"judgement.json": {"asked": False, "role": "none"}})
    variants: list[dict[str, Any]] = []
    answered = []
    for name, size, loss, types in (
        ("q8_0", 144.8, 2, {"Q8_0": 211, "F32": 61}),
        ("q4_k_m", 105.4, 8, {"Q4_K": 31, "Q5_0": 150, "Q6_K": 15, "Q8_0": 15, "F32": 61}),
    ):
        correct = right["tuned"] & (np.arange(n) % (n // loss) != 3)
        answered.append(correct)
        variants.append(
            {
                "name": name,
                "file": f"{name}.gguf",
                "format": "gguf",
                "size_mb": size,
                "tensor_types": types,
                "metrics": {
                    "exact_match": wilson(int(correct.sum()), n).to_json(),
                    "verb_accuracy": wilson(round(0.82 * n), n).to_json(),
                },
                "p95_s": 0.35 if name == "q8_0" else 0.29,
                "token_parity": {"rows": n, "equal": n},
            }
        )
    for variant, test in zip(variants, noninferiority(answered, right["tuned"], CRITERIA), strict=True):
        variant["noninferiority"] = test
    compressed = {
        "reference": "tuned",
        "variants": variants,
        "chosen": "q4_k_m",
        "why": "q4_k_m is the smallest that was shown to lose less than 0.030 and fits 160 MB.",
    }
    write(root, "compressed", {"compressed.json": compressed})

    def load(clients: int, p: float) -> dict[str, Any]:
        times = {"p50": p * 0.7, "p95": p, "p99": p * 1.2}
        return {
            "clients": clients,
            "requests_per_s": 3.9 * clients**0.3,
            "tokens_per_s": 41.0,
            "latency_s": times,
            "ttft_s": {key: value / 3 for key, value in times.items()},
        }

    bench = {
        "engine": "llamacpp",
        "variant": "q4_k_m",
        "machine": {"platform": "Linux", "processor": "Some CPU at 2.6 GHz", "cpus": 2},
        "single": load(1, p95_s),
        "concurrency": [load(1, p95_s), load(4, 3 * p95_s)],
        "memory_mb": 291.0,
        "answers": {"rows": 60, "equal": 60},
        "reference": {"engine": "transformers, float32", **load(1, 0.94), "ttft_s": None},
    }
    write(root, "bench", {"bench.json": bench})
    write(root, "general", {"general.json": {"asked": False}})
    questions = [{"id": str(i), "same": True} for i in range(3)]
    write(root, "package", {"package.json": {"validated": True, "questions": questions}})


def benchmarks(root: Path, lost: Mapping[str, int]) -> None:
    """General benchmarks of 1,000 documents each, of which 600 were right, and one of a whole corpus.

    Args:
        lost: task → documents that the trained model is wrong on, and the base was not.
    """
    base = np.arange(1000.0) < 600
    found = []
    for task, number in lost.items():
        tuned = base & (np.arange(1000) >= number)
        found.append(Score(task, "acc", "none", base * 1.0, tuned * 1.0, base.mean(), tuned.mean()))
    nothing = np.full(80, np.nan)
    found.append(Score("<corpus>", "byte_perplexity", "none", nothing, nothing, 2.13, 2.41))
    measured = Measured({"lm_eval": "0.4.13"}, 0.02, found, pl.DataFrame())
    write(root, "general", {"general.json": record("lm_eval", measured, 0.01, 0)[0]})


def evaluated(
    root: Path,
    rows: pl.DataFrame,
    scored: dict[str, NDArray[Any]],
    criteria: dict[str, Any],
    best: str,
    served: dict[str, float],
    correct: dict[str, NDArray[np.bool_]] | None = None,
    **more: Any,
) -> None:
    """The evaluation that follows from what the deciding metric says of each candidate's rows.

    Args:
        correct: who is right on which row, where the task knows right and wrong.
    """
    name, how = criteria["metric"], Resampling(rows.height)
    second = "verb_accuracy" if name == "exact_match" else "auc"
    pairs = {one: paired.pair(metric(name), scored["tuned"], theirs, how) for one, theirs in scored.items()}
    (claim,) = claims.decide(name, [pairs[best]], criteria["alpha"])
    margin = claims.margin_of(name, criteria["margin"], scores.value(name, scored[best]))
    evaluation = {
        "metric": name,
        "n": rows.height,
        "test_reads": [{"reader": "evaluate", "purpose": "metrics of every candidate"}],
        "candidates": [
            {
                "name": one,
                "role": "tuned" if one == "tuned" else "baseline",
                "metrics": {
                    name: scores.interval(name, mine, how).to_json(),
                    second: wilson(rows.height // 2 + len(one), rows.height).to_json(),
                },
                **(served if one == "tuned" else {"size_mb": 0.4, "p95_s": 0.004}),
            }
            for one, mine in scored.items()
        ],
        "best_baseline": best,
        "margin": margin,
        "comparison": claim.to_json(),
        "verdict": judge(claim, best, margin, criteria).to_json(),
        **more,
    }
    tables = {
        f"predictions/{one}.parquet": rows.select(
            "id",
            pl.when(pl.Series(correct[one] if correct else np.zeros(rows.height, dtype=bool)))
            .then(pl.col("answer"))
            .otherwise(pl.lit("Get<Thing>"))
            .alias("prediction"),
            pl.lit(None, pl.Null).alias("probabilities"),
            pl.lit(None, pl.Float64).alias("number"),
            predictions.column(mine).alias("scored"),
            *([pl.Series("correct", correct[one])] if correct else []),
        )
        for one, mine in scored.items()
    }
    write(root, "evaluation", {"evaluation.json": evaluation}, tables)


def noninferiority(
    answered: list[NDArray[Any]], reference: NDArray[Any], criteria: dict[str, Any]
) -> list[dict[str, Any]]:
    """What compress writes of variants' rows by the deciding metric."""
    name = criteria["metric"]
    pairs = [paired.pair(metric(name), rows, reference, Resampling(len(reference))) for rows in answered]
    margin = claims.margin_of(name, criteria["noninferiority_margin"], scores.value(name, reference))
    decided = claims.decide(name, pairs, criteria["alpha"], margin)
    return [{**one.to_json(), "holds": one.within_margin and one.words != WORSE} for one in decided]


def table_pipeline(
    root: Path, n: int = 600, name: str = "accuracy", *, decision: Mapping[str, Any] | None = None, **evaluation: Any
) -> None:
    """A pipeline of a table: no tokens, no steps, one variant; `evaluation` is more of evaluation.json.

    Args:
        name: of the deciding metric: accuracy, or of errors by row: brier (with right and wrong rows), mae (without).
        decision: as training.json has it.
    """
    criteria = {**CRITERIA, "metric": name, "margin": 0.01, "baselines": ["majority", "logistic"]}
    why = "The rows are a table of 6 columns of numbers and 8 of names."
    write(
        root,
        "plan",
        {
            "plan.json": plan(criteria, "xgboost", why, None),
            "criteria.json": criteria,
            "fits.json": {"fits": True, "reasons": []},
        },
    )
    rows = pl.DataFrame(
        {
            "id": [f"row-{i:08d}" for i in range(n)],
            "cluster": [str(i) for i in range(n)],
            **{f"column_{c}": [i * c % 17 for i in range(n)] for c in range(14)},
            "answer": [">50K" if i % 4 == 0 else "<=50K" for i in range(n)],
        }
    )
    info = {
        "problem": "classification",
        "features": [f"column_{c}" for c in range(14)],
        "categorical": [],
        "rows": {"train": 34_000, "validation": 4_800, "test": n},
        "classes": ["<=50K", ">50K"],
    }
    rejected = pl.DataFrame({"id": [], "reason": []}, schema={"id": pl.String, "reason": pl.String})
    tables = {"train.parquet": rows.head(9), "test.parquet": rows.drop("answer"), "rejected.parquet": rejected}
    write(root, "dataset", {"dataset.json": info, "data.html": "<h1>The data</h1>"}, tables)
    rates = {"majority": 0.76, "logistic": 0.85, "tuned": 0.872}
    right = {one: np.arange(n) * 37 % n < r * n for one, r in rates.items()}
    scored: dict[str, NDArray[Any]] = {**right}
    if name != "accuracy":  # errors: small ones of right rows, large ones of wrong ones
        size = {"brier": 1.0, "mae": 5000.0}[name] * (1 + np.arange(n) * 53 % n / n) / 2
        scored = {one: np.where(correct, 0.1 * size, size) for one, correct in right.items()}
    how = Resampling(n)
    baselines = [
        {"name": one, "validation": {name: scores.interval(name, scored[one], how).to_json()}, "seconds": 1.0}
        for one in ("majority", "logistic")
    ]
    write(root, "baseline", {"baseline.json": {"baselines": baselines}})
    value = scores.value(name, scored["tuned"])
    training = {
        "steps": 1,
        "seconds": 1.4,
        "peak_memory_mb": 410.0,
        "selected_step": 1,
        "selected_metric": value,
        "decision": decision,
    }
    history = [{"step": 1, "val_metric": value}]
    candidate = {"model": {"kind": "xgboost"}}
    write(root, "checkpoint", {"history.json": history, "training.json": training, "candidate.json": candidate})
    known = None if name == "mae" else right
    evaluated(root, rows, scored, criteria, "logistic", {"size_mb": 1.1, "p95_s": 0.001}, known, **evaluation)
    variant = {
        "name": "unchanged",
        "file": "model",
        "format": "xgboost",
        "size_mb": 1.1,
        "metrics": {name: scores.interval(name, scored["tuned"], how).to_json()},
        "noninferiority": noninferiority([scored["tuned"]], scored["tuned"], criteria)[0],
        "p95_s": 0.001,
    }
    compressed = {"reference": "tuned", "variants": [variant], "chosen": "unchanged", "why": "It is as it was."}
    write(root, "compressed", {"compressed.json": compressed})
    times = {"p50": 0.0011, "p95": 0.0013, "p99": 0.0019}
    single = {"ttft_s": None, "latency_s": times, "tokens_per_s": None, "requests_per_s": 812.0}
    bench = {
        "engine": "in_process",
        "variant": "unchanged",
        "machine": {"platform": "Linux", "processor": "", "cpus": 2},
        "single": single,
        "concurrency": [{"clients": 1, **single}],
        "memory_mb": 190.0,
        "reference": None,
    }
    write(root, "bench", {"bench.json": bench})
    write(root, "package", {"package.json": {"validated": True, "questions": [{}, {}, {}]}})
