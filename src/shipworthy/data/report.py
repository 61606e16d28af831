"""`data.html`: the report on the source, the rejected rows, the splits and the examples for training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shipworthy.core.files import write_text
from shipworthy.data.left_out import counts
from shipworthy.data.row_store import RowStore
from shipworthy.models.dataset import DatasetInfo

if TYPE_CHECKING:
    from shipworthy.data.tokens.preview import Preview

EXAMPLES_PER_REASON = 3


def steps(store: RowStore) -> list[dict[str, Any]]:
    """Per step: its name, its input rows and the rows that it rejected."""
    return [{"step": step.name, "rows": step.before, "rejected": step.rejected} for step in store.steps]


def reasons(store: RowStore) -> str:
    """How many rows were rejected for which reason, in the order of the steps."""
    return ", ".join(f"{n} {name}" for name, n in counts(store).items()) or "none"


def write(path: Path, info: DatasetInfo, store: RowStore, rejected: pl.LazyFrame, previews: "list[Preview]") -> None:
    """Writes the report as one self-contained page.

    Args:
        rejected: every rejected row, by id.
    """
    names = list(dict.fromkeys(step.name for step in store.steps if step.rejected))
    examples = {
        name: rejected.filter(reason=name).head(EXAMPLES_PER_REASON).collect(engine="streaming").to_dicts()
        for name in names
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("data.html.j2").render(
        info=info,
        total=store.total,
        steps=steps(store),
        examples=examples,
        added=store.added,
        previews=previews,
        pictures=_pictures(info),
    )
    write_text(path, page)


def _pictures(info: DatasetInfo) -> dict[str, str]:
    if "tokenization" not in info.statistics:
        return {}
    from shipworthy.data.tokens.plots import draw

    return draw(info.statistics["tokenization"], info.statistics["max_length"])
