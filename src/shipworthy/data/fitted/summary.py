"""What each step learned, as text for the report."""

from typing import Any

from shipworthy.data.fitted.interface import Step


def summarize(step: Step) -> list[dict[str, str]]:
    """Rows of op, column and learned: one for each column that the step acts on."""
    match step:
        case {"op": "fill", "column": column, "value": value}:
            return [_row("fill", column, f"{value:.6g}" if isinstance(value, float) else value)]
        case {"op": "clip" | "mark" as op, "column": column, "low": low, "high": high}:
            return [_row(op, column, f"usual is {low:.6g} to {high:.6g}")]
        case {"op": "codes", "column": column, "outputs": outputs}:
            return [_row("codes", column, _outputs(outputs))]
        case {"op": "isolation_forest", "columns": columns, "threshold": threshold, "trees": trees}:
            return [_row("isolation forest", ", ".join(columns), f"{len(trees)} trees, usual up to {threshold:.4f}")]
        case {"op": "model_fill", "targets": targets}:
            return [_row("model", one["column"], f"trees on {len(one['features'])} other columns") for one in targets]
        case _:
            return [_row(step["op"], step.get("column", ""), "")]


def _row(op: str, column: str, learned: str) -> dict[str, str]:
    return {"op": op, "column": column, "learned": learned}


def _outputs(outputs: list[dict[str, Any]]) -> str:
    if len(outputs) > 1:
        return (
            f"{len(outputs)} columns: {', '.join(one['name'] for one in outputs[:5])}{' …' if len(outputs) > 5 else ''}"
        )
    codes = outputs[0]["codes"]
    shown = ", ".join(f"{name} {code:.3g}" for name, code in list(codes.items())[:5])
    return f"{len(codes)} names: {shown}{' …' if len(codes) > 5 else ''}"
