"""Self-contained HTML pages: style, scripts and data are in the file, and nothing comes from the network."""

import json
from pathlib import Path
from typing import Any

import jinja2

WEB = Path(__file__).parent / "web"


def page(name: str, *, title: str, data: Any, **facts: Any) -> str:
    """The page of `web/<name>.html.j2`, with charts.js and <name>.js in it.

    Args:
        data: what the scripts draw; it may hold any text.
        facts: what the template itself shows.
    """
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(WEB),
    )
    return environment.get_template(f"{name}.html.j2").render(
        title=title,
        style=(WEB / "style.css").read_text(encoding="utf-8"),
        scripts=[(WEB / f"{part}.js").read_text(encoding="utf-8") for part in ("charts", name)],
        data=embedded(data),
        **facts,
    )


def embedded(data: Any) -> str:
    """JSON that may stand inside a script element, whatever it holds: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
