"""`shipworthy init` on files of several kinds, and what it proposes run as it is, from plan to report."""

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from scripts.bench.inits.attempt import ABSENT, attempt
from scripts.bench.inits.files import NETWORK, REFUSED, Sample, samples
from tests.conftest import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
CASES = ROOT.parent / "shared" / "cases"
WORDS = "card charged twice refund parcel late broken invoice address login screen order price visit thanks".split()


def churn(folder: Path) -> Path:
    """JSON lines with truth values as the label, a leak, and gaps."""
    draws = random.Random(3)
    rows = []
    for number in range(300):
        left = draws.random() < 0.3
        age = None if draws.random() < 0.1 else round(draws.gauss(50 - 15 * left, 10))
        rows.append(
            {"_id": f"x{number}", "age": age, "plan": draws.choice("abc"), "closed": int(left), "churned": left}
        )
    path = folder / "churn.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def sales(folder: Path) -> Path:
    """Parquet with days, and a column that is nearly empty."""
    draws = random.Random(4)
    days = sorted(date(2023, 1, 1) + timedelta(days=draws.randrange(400)) for _ in range(500))
    price = [draws.gammavariate(3, 20) for _ in days]
    path = folder / "sales.parquet"
    back = ["yes" if draws.random() < 0.2 + one / 300 else "no" for one in price]
    note = ["gift" if draws.random() < 0.05 else None for _ in days]
    pl.DataFrame({"day": days, "price": price, "note": note, "returned": back}).write_parquet(path)
    return path


def reviews(folder: Path) -> Path:
    """A folder of a folder for each class, of texts."""
    draws = random.Random(5)
    for number in range(80):
        words = [*draws.sample(WORDS, 8), *[("good", "fine"), ("bad", "poor")][number % 2][number % 4 // 2 :]]
        path = folder / "reviews" / ("pos", "neg")[number % 2] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(" ".join(draws.sample(words, len(words))))
    return folder / "reviews"


def semicolons(folder: Path) -> Path:
    """CSV as a spreadsheet writes it in Europe: semicolons, cp1252, groups, three classes of which one is rare."""
    draws = random.Random(6)
    lines = ["Kunde;Größe;Farbe;Klasse"]
    for number in range(400):
        kind = draws.choices(["klein", "mittel", "groß"], [50, 45, 5])[0]
        size = draws.gauss({"klein": 10, "mittel": 14, "groß": 18}[kind], 2)
        lines.append(f"K{number % 60};{size:.2f};{draws.choice(['grün', 'rot', '?'])};{kind}")
    path = folder / "Größen.csv"
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (churn, ["likely leaks, left out: 'closed'", "id: '_id'", "classes: false"]),
        (sales, ["time: 'day'", "to be learned: 'returned'"]),
        (reviews, ["text: 'text'", "to be learned: 'folder'", "classes: neg 50.0%, pos 50.0%"]),
        (semicolons, ["read as cp1252", "missing is written as: '?'", "to be learned: 'Klasse'"]),
    ],
)
def test_what_init_proposes_runs_as_it_is(tmp_path: Path, make: Callable[[Path], Path], said: list[str]) -> None:
    found = attempt(Sample(make.__name__, make), tmp_path)
    assert found.ran, found
    assert all(one in found.said for one in said), found.said


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("sample", samples(CASES), ids=lambda sample: sample.name)
def test_files_of_packages_and_cases(tmp_path: Path, sample: Sample) -> None:
    found = attempt(sample, tmp_path)
    if found.why == ABSENT:
        pytest.skip(f"{sample.name}: {ABSENT}")
    assert found.ran == (sample.expected != REFUSED), found
    assert sample.expected != NETWORK or "language model" in found.recipe
