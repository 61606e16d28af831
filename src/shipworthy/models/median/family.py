"""One number for all rows: the median of train's answers; of an even number the mean of the two in the middle.

No constant has a smaller mean absolute error (Laplace 1774; Koenker 2005, Quantile Regression, section 1.3), so that
whoever does not beat it has learned nothing of the columns.
"""

from pathlib import Path
from statistics import median

from shipworthy.models.constant_family import ConstantModel
from shipworthy.models.median.schema import Median


def create(config: Median) -> ConstantModel:
    """An unfitted model."""
    return ConstantModel(median)


def load(config: Median, folder: Path) -> ConstantModel:
    """The model that was saved in `folder`."""
    return create(config).load(folder)
