"""No config names a class to import: `_target_` is refused, unless an installed plugin of Hydra declares it in code."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shipworthy.core.errors import UsageError

TARGET = "_target_"
FILES = "choices"
"""How Hydra names the folders of YAML files that config/yaml_files.py reads."""


def is_target(key: str) -> bool:
    """Whether a dotted key, or a part of it, is `_target_`."""
    return TARGET in re.split(r"[./]", key)


def refusal(where: str, key: str) -> UsageError:
    """The sentence.

    Args:
        where: the file or override that holds it, with what is between it and the key (empty: only the key).
    """
    return UsageError(f"{where}{key} names a class to import, which no config may: remove it.")


def keys(value: Any, prefix: str = "") -> Iterator[str]:
    """The dotted keys in plain containers that are `_target_`."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if is_target(str(name)):
                yield f"{prefix}{name}"
            yield from keys(item, f"{prefix}{name}.")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from keys(item, f"{prefix}{number}.")


def refuse(value: Any, where: str = "") -> None:
    """Refuses plain containers that hold a `_target_`.

    Raises:
        UsageError: with the key.
    """
    for key in keys(value):
        raise refusal(where, key)


def refuse_files(folder: Path) -> None:
    """Refuses a folder of YAML files of which one holds a `_target_`, whether it is chosen or not.

    Raises:
        UsageError: with the file and the key.
    """
    import yaml

    for path in sorted(folder.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if TARGET not in text:
            continue
        try:
            refuse(yaml.safe_load(text), f"{path}: ")
        except yaml.YAMLError:
            continue  # Hydra says where, if it is chosen


def refuse_composed(config: DictConfig) -> None:
    """Refuses a composed config with Hydra's own part, where a `_target_` is in it that no plugin declares.

    The files on the search path are looked at too: a file may not even repeat what a plugin declares.

    Raises:
        UsageError: with the file or the key.
    """
    for source in config.hydra.runtime.config_sources:
        if source.schema in ("file", FILES):
            refuse_files(Path(source.path))
    declared = _declared()
    for key, value in _resolved(config):
        if (key, value) not in declared:
            raise refusal("", key)


def _declared() -> set[tuple[str, Any]]:
    """Key and value of each `_target_` of a plugin: its config is a dataclass, which code put into Hydra's store."""
    from hydra.core.config_store import ConfigStore

    found: set[tuple[str, Any]] = set()

    def walk(folder: Mapping[str, Any], group: str) -> None:
        for name, item in folder.items():
            if isinstance(item, Mapping):
                walk(item, f"{group}{name}.")
            elif group and isinstance(item.node, DictConfig):
                plain = OmegaConf.to_container(item.node, resolve=False)
                found.update((f"{group}{key}", item.node[key]) for key in keys(plain) if key == TARGET)

    walk(ConfigStore.instance().repo, "")
    return found


def _resolved(node: DictConfig | ListConfig, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Key and value of each `_target_`, those too to which an interpolation leads."""
    names: Iterable[Any] = node if isinstance(node, DictConfig) else range(len(node))
    for name in names:
        try:
            value = node[name]
        except OmegaConfBaseException:  # missing, or known only while a job runs
            value = None
        if is_target(str(name)):
            yield f"{prefix}{name}", value
        if isinstance(value, DictConfig | ListConfig):
            yield from _resolved(value, f"{prefix}{name}.")
