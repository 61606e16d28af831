"""The files of conf/, for Hydra, with the texts of their strs as they are written."""

import os
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.config_source import ConfigLoadError, ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from shipworthy.config.keys import import_checked_schemas
from shipworthy.config.root import Config
from shipworthy.core import yaml_text
from shipworthy.core.choices import checked_folders
from shipworthy.core.targets import FILES
from shipworthy.core.value_types import Hints, at

GLOBAL = "_global_"


class ChoiceFiles(FileConfigSource):
    """A folder of choices, of which each file is read by the schemas of its group."""

    @staticmethod
    def scheme() -> str:
        """Of its place in Hydra's search path."""
        return FILES

    def load_config(self, config_path: str) -> ConfigResult:
        """One file.

        Raises:
            UsageError: it is not YAML, or leaves a str without a value.
        """
        path = Path(os.path.realpath(Path(self.path) / self._normalize_file_name(config_path)))
        if not path.is_file():
            raise ConfigLoadError(f"Config not found : {path}")
        text = path.read_text(encoding="utf-8-sig")
        header = self._get_header_dict(text[:512])
        plain: Any = yaml_text.parse(text, hints_of(config_path, header["package"]), str(path))
        return ConfigResult(
            config=OmegaConf.create({} if plain is None else plain),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header=header,
        )


def hints_of(config_path: str, package: str | None) -> Hints:
    """What the schemas say of a file's content.

    Args:
        config_path: its group and name, e.g. `data/tickets`.
        package: where its content goes (None: its group).
    """
    import_checked_schemas()
    group = "" if package == GLOBAL else config_path.rpartition("/")[0] if package is None else package
    return at((Config,), [name for name in group.replace("/", ".").split(".") if name])


class SearchPath(SearchPathPlugin):
    """Reads conf/, and behind it the choices of extensions, by `ChoiceFiles`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Changes how the project's own is read, and adds the others."""
        for element in search_path.get_path():
            if element.provider == "main" and element.path is not None:
                scheme, found, folder = element.path.rpartition("://")
                if not found or scheme == "file":
                    element.path = f"{FILES}://{folder}"
        for folder in checked_folders()[1:]:
            search_path.append(f"extension {folder.parent.name}", f"{FILES}://{folder}")
