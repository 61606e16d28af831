"""Where Hydra, and so DVC, looks for choices beside conf/."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from shipworthy.core.choices import checked_folders


class ExtensionChoices(SearchPathPlugin):
    """Names the folders of the extensions' choices."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Puts them behind the project's own."""
        for folder in checked_folders()[1:]:
            search_path.append(f"extension {folder.parent.name}", folder.as_uri())
