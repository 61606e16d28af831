"""Logistic regression on a table."""

from pathlib import Path

from shipworthy.models.logistic.family import FILE
from shipworthy.optimize.package import linear
from shipworthy.optimize.package.build import Contents, Subject


def fill(subject: Subject, folder: Path) -> Contents:
    """See linear.fill."""
    return linear.fill(subject, folder, FILE)
