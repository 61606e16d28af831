"""`prepare` never holds all texts: what it needs grows with its batches and with a few numbers per row."""

import json
import subprocess
import sys
from pathlib import Path

ROWS, WORDS, BATCH = 5_000, 150, 1_000
CHILD = f"""
import json, resource, sys
from functools import partial
from pathlib import Path
import numpy as np, polars as pl
from shipworthy.config.load import as_dict
from shipworthy.core.workspace import Workspace
from shipworthy.data import build
from shipworthy.data.duplicates import documents
from shipworthy.data.contamination import texts
from shipworthy.data.kinds.schema import Records
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import prepare

build.read = partial(build.read, batch_rows={BATCH})
documents.BATCH_ROWS = texts.BATCH_ROWS = {BATCH}
data = Records(
    name="long", licence="made", file="*.parquet", text="text", answer="kind", max_words=1000,
    split=Split(test=0.2, validation=0.1),
)
groups = {{
    "task": Classification(name="long", description="Long texts.", baselines=["majority"]),
    "data": data, "model": XGBoost(),
}}
config = {{name: as_dict(group) for name, group in groups.items()}}
root = Path.cwd()
prepare.run(**groups, seed=1, workspace=Workspace(root=root / "artifacts", command="prepare", config=config, seed=1))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3))
"""
MADE = f"""
import numpy as np, polars as pl, sys
draw = np.random.default_rng(3)
for part in range(int(sys.argv[1]) // {BATCH}):
    words = draw.integers(2**60, 2**63, ({BATCH}, {WORDS}))
    texts = [" ".join(f"word{{word:x}}" for word in row) for row in words.tolist()]
    kinds = ["even" if row % 2 else "odd" for row in range({BATCH})]
    pl.DataFrame({{"text": texts, "kind": kinds}}).write_parquet(f"data/{{part:03}}.parquet")
"""


def peak_mb(folder: Path, rows: int) -> float:
    """The peak memory of a process that prepares so many rows of about 3 kB each (MB)."""
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "config.yaml").touch()
    (folder / "data").mkdir()
    subprocess.run([sys.executable, "-c", MADE, str(rows)], cwd=folder, check=True)
    said = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=folder, check=True, capture_output=True, encoding="utf-8"
    ).stdout.splitlines()
    assert "rejected: none" in said[-2]
    return float(json.loads(said[-1]))


def test_four_times_the_texts_need_about_the_same_memory(tmp_path: Path) -> None:
    few, many = peak_mb(tmp_path / "few", ROWS), peak_mb(tmp_path / "many", 4 * ROWS)
    more_text = 3 * ROWS * WORDS * 21 / 1e6
    assert many - few < 0.5 * more_text, f"{few:.0f} MB of {ROWS} rows, {many:.0f} MB of {4 * ROWS}"
