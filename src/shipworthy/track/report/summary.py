"""The table that the pipeline ends with, as plain text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.core.commands import wrapped
from shipworthy.evaluation.claims import WORSE
from shipworthy.evaluation.figures import figure, interval
from shipworthy.evaluation.metric import title
from shipworthy.track.quantities import precise, seconds
from shipworthy.track.report import facts, judged
from shipworthy.track.report.candidates import Candidate, chosen, tuned
from shipworthy.track.report.verdict import Verdict

WIDTH = 110


def summary(artifacts: Mapping[str, Artifact], found: Sequence[Candidate], verdict: Verdict, reads: str) -> str:
    """At most `WIDTH` columns; the last line is the verdict.

    Args:
        reads: who read the answers of the test split, in words.
    """
    evaluation = artifacts["evaluation"].json("evaluation.json")
    metric = evaluation["metric"]
    second = next((name for name in tuned(list(found)).metrics if name != metric), None)
    header = ["candidate", f"{title(metric)} [95%]", title(second) if second else "", "MB", "p95 s", ""]
    rows = [header] + [_row(candidate, metric, second) for candidate in found]
    table = _aligned([[cell for i, cell in enumerate(row) if second or i != 2] for row in rows])
    lines = [
        f"Measured on {evaluation['n']:,} rows of the test split, its answers read by {reads}.",
        "",
        table[0],
        "-" * min(WIDTH, max(len(line) for line in table)),
        *table[1:],
        "",
        *(line for fact in _facts(artifacts) for line in wrapped(fact, WIDTH)),
    ]
    lines += [line for remark in evaluation.get("remarks", []) for line in wrapped(f"look at this: {remark}", WIDTH)]
    missed = [f"not met: {check.what}: {check.found} (wanted: {check.wanted})" for check in verdict.failed]
    lines += [line for sentence in missed for line in wrapped(sentence, WIDTH)]
    return "\n".join(_cut(line) for line in [*lines, _last(verdict, chosen(list(found)), metric)]) + "\n"


def _row(candidate: Candidate, metric: str, second: str | None) -> list[str]:
    return [
        candidate.name,
        interval(metric, candidate.metrics[metric]) if metric in candidate.metrics else "",
        figure(second, candidate.metrics[second].value) if second and second in candidate.metrics else "",
        "" if candidate.size_mb is None else precise(candidate.size_mb),
        "" if candidate.p95_s is None else precise(candidate.p95_s),
        candidate.verdict,
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Words to the left, numbers to the right; the last column as long as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        "  ".join(
            cell if i == last else cell.ljust(widths[i]) if i < 2 else cell.rjust(widths[i])
            for i, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def _facts(artifacts: Mapping[str, Artifact]) -> Iterable[str]:
    yield from judged.lines(artifacts)
    training: Mapping[str, Any] = artifacts["checkpoint"].json("training.json")
    words = [f"{training['steps']:,} steps"] if training.get("steps", 0) > 1 else []
    yield f"trained: {', '.join([*words, seconds(training['seconds'])])}"
    if forgotten := facts.forgetting(artifacts):
        yield f"general skills: {forgotten['words']}. {forgotten['sentence']}"
    if benchmarks := facts.general(artifacts):
        yield f"general benchmarks against the base model, {len(benchmarks['tested'])} tested: {benchmarks['words']}"
        for one in benchmarks["tested"]:
            if one["claim"].words == WORSE:
                yield f"  {one['task']} {one['metric']}: {one['claim'].figures}: {one['claim'].sentence}"
    if "bench" in artifacts:
        bench = artifacts["bench"].json("bench.json")
        rate = bench["single"].get("tokens_per_s")
        words = [f"p95 {seconds(bench['single']['latency_s']['p95'])}", f"{rate:.0f} tokens/s" if rate else ""]
        memory = bench.get("memory_mb")
        words.append(f"{memory:.0f} MB of memory" if memory is not None else "")
        yield f"served by {bench['engine']}: {', '.join(word for word in words if word)}"


def _last(verdict: Verdict, shipped: Candidate, metric: str) -> str:
    met = sum(check.holds for check in verdict.checks)
    found = f"{title(metric)} {interval(metric, shipped.metrics[metric])}, " if metric in shipped.metrics else ""
    return f"VERDICT: {verdict.words}: {shipped.name}, {found}{met} of {len(verdict.checks)} criteria met"


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
