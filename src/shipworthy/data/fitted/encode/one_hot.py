"""One-hot encoding: a column of 0 and 1 for each category."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.encode.categories import categories_of, output_names
from shipworthy.data.fitted.encode.schema import OneHot
from shipworthy.data.fitted.interface import FitInput, Learned, Step
from shipworthy.models.transform.replay import NAME


def fit(config: OneHot, inputs: FitInput) -> Learned:
    """Reads the categories of train.

    Raises:
        UsageError: a column holds numbers, or too many categories.
    """
    inputs.require_columns(config.columns, NAME, "data.fitted.encode.one_hot.columns")
    steps: list[Step] = []
    for column in config.columns:
        values = categories_of(inputs, column)
        if len(values) > config.max_categories:
            raise UsageError(
                f"data.fitted.encode.one_hot: {column} has {len(values)} categories in train, more than "
                f"max_categories={config.max_categories}: take target for it, or raise max_categories."
            )
        outputs = [
            {"name": name, "codes": {value: 1.0}, "missing": 0.0, "unseen": 0.0}
            for name, value in zip(output_names(column, values), values, strict=True)
        ]
        steps.append({"op": "codes", "column": column, "outputs": outputs})
    return Learned(steps)
