"""Each room's part of the report's page."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import shipworthy.data
from shipworthy.data.fitted.build import fit
from shipworthy.data.gates.build import run
from shipworthy.data.gates.row_settings import Constant, Missing
from shipworthy.data.gates.schema import Gates
from tests.data.fitted.table import FEATURES
from tests.data.fitted.table import table as to_fit
from tests.data.fitted.test_build import ALL
from tests.data.gates.inputs import gate_input, rows


def page(name: str, **values: Any) -> str:
    loader = FileSystemLoader(Path(shipworthy.data.__path__[0]))
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(name).render(values)


def test_gates() -> None:
    gates = Gates(missing=Missing(columns={"job": 0.001}), constant=Constant(action="warn"))
    frame = rows().with_columns(hours=1.0)
    found = page("gates/gates.html.j2", gates=[one.to_json() for one in run(gates, gate_input(frame))])
    assert "<td>ids</td><td>pass</td>" in found and "<td>missing</td><td>fail</td>" in found
    assert "<td>constant</td><td>warn</td>" in found and "hours is &#39;1.0&#39; in every row of train." in found
    assert "<h3>missing: rows</h3>" in found and "job is missing</td>" in found
    assert "No gate was asked" in page("gates/gates.html.j2", gates=[])


def test_cleaning() -> None:
    assert '<td>pii: email</td><td class="n">1,234</td>' in page("clean/clean.html.j2", clean={"pii: email": 1234})
    assert page("clean/clean.html.j2", clean={}).strip() == ""


def test_fitted_steps() -> None:
    found = page("fitted/fitted.html.j2", fitted=fit(ALL, to_fit().lazy(), FEATURES, 3).summary())
    for text in ("4 raw columns", "the other 4 of 5 folds", "10 trees, usual up to", "<td>clip</td><td>hours</td>"):
        assert text in found
    for text in ("trees on 3 other columns", "<td>fill</td><td>age</td>", "3 columns: job=clerk", "30 names: town 0 "):
        assert text in found
