#!/usr/bin/env python3
"""Holds rows against a suite: `validate.py SUITE.json ROWS.parquet` writes Great Expectations' own result as JSON.

It runs in an environment that has requirements.txt; nothing is sent anywhere, for its analytics are switched off.
"""

import json
import os
import sys
from pathlib import Path

os.environ["GX_ANALYTICS_ENABLED"] = "false"


def main():
    suite_file, rows_file = sys.argv[1:]
    import great_expectations as gx
    import pandas as pd

    saved = json.loads(Path(suite_file).read_text(encoding="utf-8"))
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    suite = gx.ExpectationSuite(name=saved.get("name", "suite"), expectations=saved["expectations"])
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": pd.read_parquet(rows_file)})
    shown = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"], "include_unexpected_rows": False}
    result = batch.validate(suite, result_format=shown).to_json_dict()
    json.dump(result, sys.stdout, default=str)


if __name__ == "__main__":
    main()
