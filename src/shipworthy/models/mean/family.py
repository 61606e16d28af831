"""One number for all rows: the mean of train's answers.

No constant has a smaller squared error, so that beside `rmse` and `r2` whoever does not beat it has learned nothing of
the columns; beside `mae` the median is harder to beat.
"""

from pathlib import Path
from statistics import fmean

from shipworthy.models.constant_family import ConstantModel
from shipworthy.models.mean.schema import Mean


def create(config: Mean) -> ConstantModel:
    """An unfitted model."""
    return ConstantModel(fmean)


def load(config: Mean, folder: Path) -> ConstantModel:
    """The model that was saved in `folder`."""
    return create(config).load(folder)
