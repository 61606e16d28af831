"""Registers shipworthy's schemas when Hydra looks for plugins, so that DVC's own compose finds them.

It reads files of choices by ChoiceFiles, and finds them by SearchPath: plugins that Hydra sees here by their names.
"""

from shipworthy.config.compose import register
from shipworthy.config.yaml_files import ChoiceFiles, SearchPath

__all__ = ["ChoiceFiles", "SearchPath"]

register()
