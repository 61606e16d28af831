"""Clips, marks or rejects values outside two bounds."""

from collections.abc import Mapping

import polars as pl

from shipworthy.data.fitted.interface import Learned


def learned(method: str, bounds: Mapping[str, tuple[float, float]], action: str) -> Learned:
    """The steps, or the rejections, for column → (low, high)."""
    if action == "reject":
        faults = [
            pl.when((pl.col(name) < low) | (pl.col(name) > high)).then(
                pl.format(f"{name} is {{}}, outside {low:.6g} to {high:.6g} ({method})", pl.col(name))
            )
            for name, (low, high) in bounds.items()
        ]
        return Learned(rejections={"outlier": pl.coalesce(*faults)})
    output = {"mark": "{}_outlier"}.get(action)
    return Learned(
        [
            {"op": action, "column": name, "low": low, "high": high}
            | ({"output": output.format(name)} if output else {})
            for name, (low, high) in bounds.items()
        ]
    )
