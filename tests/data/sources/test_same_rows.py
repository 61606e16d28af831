"""However the same typed rows are written, the same rows are read."""

import csv
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipworthy.data import build
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.schema import Data
from shipworthy.data.sources import files
from tests.written import Rows, Way

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WESTERN = st.text(st.characters(codec="cp1252"), max_size=12)
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
TYPES = {"text": pl.String, "team": pl.String, "whole": pl.Int64, "part": pl.Float64, "held": pl.Boolean}


def filled(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.none())


@st.composite
def rows(draw: st.DrawFn, text: st.SearchStrategy[str]) -> Rows:
    """Rows of typed values; one of them is whole, so that each column has a type, and its names are no numbers."""
    whole = {"text": "My card", "team": "billing", "whole": draw(INT64), "part": draw(FLOAT), "held": True}
    names = text.filter(bool)  # CSV has one sign for what is empty and what is missing
    rest = {"text": filled(names), "team": filled(names), "whole": filled(INT64), "part": filled(FLOAT),
            "held": filled(st.booleans())}  # fmt: skip
    made = draw(st.lists(st.fixed_dictionaries(rest), min_size=1, max_size=7))
    made.insert(draw(st.integers(0, len(made))), whole)
    return made


def ways(encodings: list[str]) -> st.SearchStrategy[Way]:
    written = {
        "name": st.sampled_from(["rows", "a b", "[1]*", "Ä", "2024.01"]),
        "pieces": st.integers(1, 4),
        "order": st.one_of(st.just(()), st.permutations(range(len(TYPES))).map(tuple)),
        "encoding": st.sampled_from(encodings),
        "said": st.just(encodings == ["cp1252"]),
        "packed": st.sampled_from(["", "gz", "zst"]),
        "line_end": st.sampled_from(["\n", "\r\n"]),
    }
    table = st.builds(
        Way,
        kind=st.just("csv"),
        delimiter=st.sampled_from([",", ";", "\t", "|"]),
        quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        **written,  # type: ignore[arg-type]
    )
    objects = st.builds(
        Way, kind=st.sampled_from(["jsonl", "json"]), sparse=st.booleans(), **written  # type: ignore[arg-type]
    )  # fmt: skip
    columns = {name: written[name] for name in ("name", "pieces", "order")}
    return st.one_of(table, objects, st.builds(Way, kind=st.just("parquet"), types=st.just(TYPES), **columns))  # type: ignore[arg-type]


def read(kind: type[Data], named: Mapping[str, Any], written: Rows, way: Way) -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        config = kind(name="n", licence="l", **named, **way.write(written, Path(folder)))
        paths = files.locate(config, Path(folder))
        types = files.types_of(config, paths)
        return build.read(config, paths, types, Path(folder) / "work", batch_rows=3).rows.collect()


TABLE = (Table, {"label": "team"})
TEXTS = (Records, {"text": "text", "answer": "team", "context": ["whole", "held"]})


def check(kind: tuple[type[Data], Mapping[str, Any]], written: Rows, way: Way) -> None:
    plain = read(*kind, written, Way())
    found = read(*kind, written, way)
    assert found.select(plain.columns).equals(plain), (found, plain)
    assert found.select(plain.columns).schema == plain.schema


FEW = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
WIDE = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


@FEW
@given(written=rows(TEXT), way=ways(WIDE))
def test_a_table_is_the_same_however_it_is_written(written: Rows, way: Way) -> None:
    check(TABLE, written, way)


@FEW
@given(written=rows(TEXT), way=ways(WIDE))
def test_texts_are_the_same_however_they_are_written(written: Rows, way: Way) -> None:
    check(TEXTS, written, way)


@FEW
@given(written=rows(WESTERN), way=ways(["cp1252"]))
def test_what_cp1252_holds_is_the_same_in_it(written: Rows, way: Way) -> None:
    check(TABLE, written, way)
