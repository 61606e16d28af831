"""The place of each name in an order."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.encode.names import seen
from shipworthy.data.fitted.encode.schema import Ordinal
from shipworthy.data.fitted.method import Learned, Step, Subject
from shipworthy.models.transform.replay import NAME


def fit(config: Ordinal, subject: Subject) -> Learned:
    """The given order, or the alphabet's.

    Raises:
        UsageError: a column holds no names, or train has one that the order lacks.
    """
    key = "data.fitted.encode.ordinal.columns"
    subject.need(config.columns, NAME, key)
    steps: list[Step] = []
    for column, order in config.columns.items():
        values = seen(subject, column)
        if order and (unknown := [value for value in values if value not in order]):
            raise UsageError(f"{key}.{column} lacks '{unknown[0]}', which train has: give it a place in the order.")
        codes = {value: float(place) for place, value in enumerate(order or values)}
        steps.append(
            {
                "op": "codes",
                "column": column,
                "outputs": [{"name": column, "codes": codes, "missing": None, "unseen": None}],
            }
        )
    return Learned(steps)
