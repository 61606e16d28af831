"""Charts of the token statistics, as inline SVG."""

from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from shipworthy.evaluation.plot_style import BAR, BLUE, GREEN, GREY, SLATE, STYLE, WIDTH_INCHES, svg

COLOURS = {"train": BLUE, "validation": GREEN, "test": SLATE}
WASTE = {"fixed": SLATE, "random": BAR, "sorted": GREEN, "packed": BLUE}


def draw(summary: Mapping[str, Any], max_length: int) -> dict[str, str]:
    """Name → picture of what `analyse` found: `lengths`, and `padding` where something was counted."""
    pictures = {"lengths": lengths(summary["lengths"], max_length)}
    if summary["padding"]:
        pictures["padding"] = padding(summary["padding"], max_length)
    return pictures


def lengths(splits: Mapping[str, Any], max_length: int) -> str:
    """How many rows of each split have which length, as shares of the split."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 2.6), layout="constrained")
        axes = figure.subplots()
        for split, about in splits.items():
            bars = about["histogram"]
            edges = [bar[0] for bar in bars] + [bars[-1][1]]
            axes.stairs([100 * bar[2] / about["rows"] for bar in bars], edges, color=COLOURS[split], label=split)
        axes.axvline(max_length, color=BAR, linewidth=1, linestyle="--")
        axes.annotate("max_length", (max_length, 0.9), (4, 0), ("data", "axes fraction"), "offset points", color=BAR)
        axes.set_xlim(left=0)
        axes.set_xlabel("tokens of a row (test: of its prompt)")
        axes.set_title("Share of rows (%)")
        axes.legend(frameon=False)
        return svg(figure, "token-lengths", "Rows by length, per split")


def padding(found: list[Mapping[str, Any]], max_length: int) -> str:
    """The share of padding at `max_length`, by batch size and by how rows are batched."""
    here = [entry for entry in found if entry["length"] == max_length] or found
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 2.4), layout="constrained")
        axes = figure.subplots()
        width = 0.8 / len(WASTE)
        for place, (name, colour) in enumerate(WASTE.items()):
            at = [i + (place - (len(WASTE) - 1) / 2) * width for i in range(len(here))]
            axes.bar(at, [100 * entry[name] for entry in here], width * 0.9, color=colour, label=name)
        axes.set_xticks(range(len(here)), [f"{entry['batch']} rows" for entry in here], color=GREY)
        axes.grid(axis="x", visible=False)
        axes.set_title(f"Padding, share of the tokens computed (%), rows up to {here[0]['length']} tokens")
        axes.legend(frameon=False, ncols=len(WASTE), loc="upper left", bbox_to_anchor=(0, -0.1))
        return svg(figure, "token-padding", "Padding by batch size")
