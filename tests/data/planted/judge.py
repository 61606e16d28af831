"""What cleaning and the gates say of a table."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import PII, Cleaning, Language, Length, Limits
from shipworthy.data.gates.build import run
from shipworthy.data.gates.model_settings import Drift, Labels, Leak
from shipworthy.data.gates.row_settings import Balance, Column, Contradictions, Table, Unseen
from shipworthy.data.gates.schema import Gates
from tests.data.clean.cleaned import rejected
from tests.data.gates.inputs import on_disk
from tests.data.planted.tables import Sound

CLEANING = Cleaning(
    length=Length({"occupation": Limits(max_characters=100)}),
    language=Language(["en"], columns=["occupation"]),
    pii=PII(**dict.fromkeys(("key", "email", "iban", "card", "ip", "phone"), "reject")),
)
DECLARED = Table(
    columns={
        "age": Column(type="integer", required=True, min=0, max=120),
        "hours-per-week": Column(type="integer", min=1, max=168),
        "occupation": Column(type="text"),
        "gender": Column(type="text", allowed=["Female", "Male"]),
        "answer": Column(allowed=["<=50K", ">50K"]),
    }
)
OWN = {"id", "cluster", "split", "answer"}


def judge(rows: pl.DataFrame, sound: Sound, scratch: Path, only: str = "") -> dict[str, list[str]]:
    """Who says what: reason or gate → sentences; nothing where nothing is wrong.

    Args:
        only: the one gate to ask; cleaning is always asked.
    """
    said: dict[str, list[str]] = {}
    texts = [name for name, kind in rows.schema.items() if kind == pl.String and name not in OWN]
    for reason, detail in rejected(apply(CLEANING, rows.lazy(), texts)).values():
        said.setdefault(reason, []).append(detail)
    sound.reference.write_parquet(reference := scratch / "reference.parquet")
    gates = Gates(
        sample=20_000,
        table=DECLARED,
        unseen=Unseen(),
        balance=Balance(),
        contradictions=Contradictions(),
        labels=Labels(),
        leak=Leak(),
        drift=Drift(reference=str(reference)),
    )
    names = [name for name in vars(gates) if name not in {"sample", "show"}]
    if only:
        gates = replace(gates, **{name: None for name in names if name != only})
    features = {name: kind for name, kind in rows.schema.items() if name not in OWN}
    for verdict in run(gates, on_disk(rows, features, gates.sample)):
        if not verdict.passed:
            said[verdict.gate] = verdict.violations
    return said
