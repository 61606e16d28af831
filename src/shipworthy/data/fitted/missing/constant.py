"""A value of the user's own."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.method import Learned, Step, Subject
from shipworthy.data.fitted.missing.schema import Constant
from shipworthy.models.transform.replay import NUMBER


def fit(config: Constant, subject: Subject) -> Learned:
    """One constant per column.

    Raises:
        UsageError: a column is no feature, or its value is of the wrong kind.
    """
    key = "data.fitted.missing.constant.values"
    subject.need(config.values, None, key)
    steps: list[Step] = []
    for name, value in config.values.items():
        if (subject.kinds[name] == NUMBER) is isinstance(value, str):
            raise UsageError(f"{key}.{name}={value}: the column holds {subject.kinds[name]}s, so give one.")
        steps.append({"op": "fill", "column": name, "value": value if isinstance(value, str) else float(value)})
    return Learned(steps)
