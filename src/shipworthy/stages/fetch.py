"""`fetch`: the raw snapshot into data/, and the base weights into the cache, each checked against its pin."""

from shipworthy.core import choices
from shipworthy.core.groups import DataConfig, ModelConfig
from shipworthy.core.project import cache_folder, project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import snapshot
from shipworthy.data.schema import Data
from shipworthy.models import base


def run(*, data: DataConfig, model: ModelConfig, workspace: Workspace) -> None:
    """Fetches what is not there yet; what is there is checked, and a file that no config names is left as it is."""
    assert isinstance(data, Data)
    conf, folder = list(choices.of("data").values()), project_root() / snapshot.FOLDER
    downloads = cache_folder() / "downloads"
    snapshot.fill(conf, folder, downloads)
    snapshot.fetch(data, folder, downloads)
    base.fetch(model)
