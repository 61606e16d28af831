"""Registers shipworthy's schemas when Hydra looks for plugins, so that DVC's own compose finds them.

It finds the choices of extensions by ExtensionChoices, a plugin that Hydra sees here by its name.
"""

from shipworthy.config.compose import register
from shipworthy.core.search_path import ExtensionChoices

__all__ = ["ExtensionChoices"]

register()
