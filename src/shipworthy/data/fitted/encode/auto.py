"""Columns that a model can't use as they are: found on train, and left out or encoded."""

from collections.abc import Callable

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import track
from shipworthy.data.fitted.encode import target
from shipworthy.data.fitted.encode.column_kinds import facts, judge
from shipworthy.data.fitted.encode.schema import Auto, Target
from shipworthy.data.fitted.interface import ColumnChoice, FitInput, Learned, Step
from shipworthy.data.hash_sampling import sample
from shipworthy.models.transform.ops.calendar import PARTS, parts
from shipworthy.models.transform.ops.text_components import words
from shipworthy.models.transform.replay import NAME, NUMBER
from shipworthy.models.transform.transformation import arrays

KEY = "data.fitted.encode.auto.columns"
TEXT_ROWS = 20_000
"""Rows of train, at most, by whose texts words and directions are chosen."""


def fit(config: Auto, inputs: FitInput) -> Learned:
    """Judges each column that no other method encodes, and fits what its kind asks for.

    Raises:
        UsageError: the config asks for something that a column is not fit for, or every column would be left out.
    """
    inputs.require_columns(config.columns, None, KEY)
    dtypes = inputs.train.collect_schema()
    free = [name for name in inputs.kinds if name not in inputs.taken]
    rows = int(inputs.aggregate({"rows": pl.len()})["rows"])
    choices = [_choice(config, inputs, name, dtypes[name], rows) for name in track(free, "columns of train", len(free))]
    if choices and all(one.action == "drop" for one in choices) and not inputs.taken:
        raise UsageError(
            f"No column is left to learn from: {', '.join(f'{one.column} holds {one.holds}' for one in choices)}; set "
            f"{KEY}.{choices[0].column}=keep to keep it."
        )
    whole, folds = Learned(), [Learned() for _ in range(inputs.folds)]
    crossed = False
    for choice in choices:
        learned = ENCODERS[choice.action](config, inputs, choice.column)
        crossed = crossed or bool(learned.folds)
        whole.steps.extend(learned.steps)
        for number, fold in enumerate(folds):
            fold.steps.extend(learned.folds[number] if learned.folds else learned.steps)
    return Learned(whole.steps, [fold.steps for fold in folds] if crossed else [], choices=choices)


def _choice(config: Auto, inputs: FitInput, column: str, dtype: pl.DataType, rows: int) -> ColumnChoice:
    holds, why, action = judge(facts(inputs, column, dtype, rows), config)
    asked = config.columns.get(column)
    return ColumnChoice(column, holds, why, asked or action, asked=asked is not None)


def _keep(config: Auto, inputs: FitInput, column: str) -> Learned:
    return Learned()


def _drop(config: Auto, inputs: FitInput, column: str) -> Learned:
    return Learned([{"op": "drop", "column": column}])


def _target(config: Auto, inputs: FitInput, column: str) -> Learned:
    inputs.require_columns([column], NAME, KEY)
    how = Target([column], folds=inputs.folds, smoothing=config.smoothing)
    if inputs.numbers:
        return target.means(how, inputs)
    counts = inputs.train.group_by("answer").len().collect(engine="streaming")
    common = counts.sort(["len", "answer"], descending=[True, False])["answer"].head(config.most_classes + 1)
    return target.shares(how, inputs, sorted(common)[1:])


def _calendar(config: Auto, inputs: FitInput, column: str) -> Learned:
    """The parts that differ on train."""
    if inputs.kinds[column] == NUMBER:
        raise UsageError(f"{KEY} asks for the calendar of {column}, which holds numbers: declare it as datetime.")
    different = inputs.train.select(pl.col(column).drop_nulls().unique()).collect(engine="streaming")
    moments = next(iter(arrays(different, {column: "time"}).values()))
    moments = moments[~np.isnan(moments)]
    if not len(moments):
        raise UsageError(f"{KEY} asks for the calendar of {column}, which holds no time in ISO 8601: leave it out.")
    start = float(moments.min())
    made = parts(moments, start)
    outputs = {part: f"{column} {part}" for part in PARTS if len(np.unique(made[part])) > 1}
    return Learned([{"op": "calendar", "column": column, "start": start, "outputs": outputs}])


def _text(config: Auto, inputs: FitInput, column: str) -> Learned:
    """Words by document frequency, directions by a truncated singular value decomposition with a fixed seed."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    inputs.require_columns([column], NAME, KEY)
    rows = sample(inputs.train.select("id", column).drop_nulls(column), TEXT_ROWS, f"texts {inputs.seed}")
    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True, max_features=config.vocabulary)
    try:
        features_NV = vectorizer.fit_transform(rows[column])
    except ValueError as error:  # scikit-learn's own, for an empty vocabulary
        raise UsageError(f"{column} holds no words that distinguish its texts: set {KEY}.{column}=drop.") from error
    svd = TruncatedSVD(min(config.components, features_NV.shape[1]), random_state=inputs.seed).fit(features_NV)
    step: Step = {
        "op": "text_components",
        "column": column,
        "words": vectorizer.get_feature_names_out().tolist(),
        "idf": vectorizer.idf_.tolist(),
        "components": svd.components_.tolist(),
        "outputs": [f"{column} text {number}" for number in range(1, len(svd.components_) + 1)],
    }
    return Learned([step])


ENCODERS: dict[str, Callable[[Auto, FitInput, str], Learned]] = {
    "keep": _keep,
    "drop": _drop,
    "target": _target,
    "text": _text,
    "calendar": _calendar,
}
