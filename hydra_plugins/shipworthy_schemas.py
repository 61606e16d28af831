"""Registers shipworthy's schemas when Hydra looks for plugins, so that DVC's own compose finds them."""

from shipworthy.config import register

register()
