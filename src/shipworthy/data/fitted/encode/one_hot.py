"""A column of 0 and 1 for each name."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.encode.names import derived, seen
from shipworthy.data.fitted.encode.schema import OneHot
from shipworthy.data.fitted.method import Learned, Step, Subject
from shipworthy.models.transform.replay import NAME


def fit(config: OneHot, subject: Subject) -> Learned:
    """The names of train.

    Raises:
        UsageError: a column holds no names, or too many.
    """
    subject.need(config.columns, NAME, "data.fitted.encode.one_hot.columns")
    steps: list[Step] = []
    for column in config.columns:
        values = seen(subject, column)
        if len(values) > config.most:
            raise UsageError(
                f"data.fitted.encode.one_hot: {column} has {len(values)} names on train, more than most={config.most}: "
                "take target for it, or raise most."
            )
        outputs = [
            {"name": name, "codes": {value: 1.0}, "missing": 0.0, "unseen": 0.0}
            for name, value in zip(derived(column, values), values, strict=True)
        ]
        steps.append({"op": "codes", "column": column, "outputs": outputs})
    return Learned(steps)
