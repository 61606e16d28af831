"""Colours, style and inline SVG of the charts in the reports."""

import io
import re

import matplotlib
from matplotlib.figure import Figure

INK, GREY, RULE = "#1d2430", "#6b7280", "#d8dce3"
BLUE, GREEN, SLATE = "#1f5fbf", "#0f8a6a", "#8a94a6"
BAR = "#b4472e"
WIDTH_INCHES = 7.0
STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": GREY,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "axes.grid": True,
    "grid.color": "#edf0f4",
    "axes.axisbelow": True,
}


def svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an element of the page: without XML header, dates, fixed size or namespaces, its ids its own."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            text, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    body = text.getvalue()
    body = re.sub(r"<metadata>.*?</metadata>", "", body[body.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
    body = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    return re.sub(r'^<svg[^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{title}">', body)
