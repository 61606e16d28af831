"""Steps that are fitted on train and saved with the model: outliers, missing values, encodings."""

from dataclasses import dataclass, field, fields

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.encode.schema import Encode
from shipworthy.data.fitted.missing.schema import Missing
from shipworthy.data.fitted.outliers.schema import Outliers


@dataclass
class Fitting:
    """Three stages, one after another; by default only columns that a model can't use as they are are encoded.

    Attributes:
        outliers: how outliers are found, and whether they are rejected from train, clipped or marked.
        missing: how missing values are imputed.
        encode: how categories are encoded as numbers.
    """

    outliers: Outliers = field(default_factory=Outliers)
    missing: Missing = field(default_factory=Missing)
    encode: Encode = field(default_factory=Encode)

    def __post_init__(self) -> None:
        """Refuses a column that two methods of a stage name."""
        for stage in fields(self):
            taken: dict[str, str] = {}
            part = getattr(self, stage.name)
            for method in fields(part):
                for column in getattr(part, method.name).columns_named() if getattr(part, method.name) else ():
                    if column in taken:
                        raise UsageError(
                            f"data.fitted.{stage.name} gives {column} to {taken[column]} and to {method.name}: "
                            "leave it in one of them."
                        )
                    taken[column] = method.name
