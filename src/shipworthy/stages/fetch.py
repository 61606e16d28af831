"""`fetch`: the raw snapshot into data/, and the base weights into the cache, each checked against its pin."""

from shipworthy.core import choices
from shipworthy.core.groups import DataConfig, ModelConfig
from shipworthy.core.project import cache_folder, project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import snapshot
from shipworthy.data.schema import Data
from shipworthy.models import build


def run(*, data: DataConfig, model: ModelConfig, workspace: Workspace) -> None:
    """Fetches what is not there yet; what is there is checked."""
    assert isinstance(data, Data)
    folder = project_root() / snapshot.FOLDER
    snapshot.fill(list(choices.of("data").values()), folder, cache_folder() / "downloads")
    snapshot.fetch(data, folder)
    build.fetch(model)
