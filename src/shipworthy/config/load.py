"""From a composed config to its concrete schemas, strictly.

Whatever a user may have written wrong ends in a `UsageError` with one sentence, which names the nearest key there is.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from shipworthy.config.keys import choice_fields, choices, import_checked_schemas, kinds_that_have, nearest, schema_keys
from shipworthy.config.messages import one_line, sentence
from shipworthy.config.root import Config
from shipworthy.core import numbers, secrets, targets, yaml_text
from shipworthy.core.errors import UsageError
from shipworthy.core.schema import MISSING, SCHEMAS, Schema, from_plain, literal


def read_params(path: Path) -> Config:
    """Loads a composed config that was written to a YAML file, such as params.yaml.

    Raises:
        UsageError: there is no such file, or it holds no config that can work.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist: name the file that holds the composed config.")
    try:
        return load(yaml_text.parse(path.read_text(encoding="utf-8-sig"), (Config,)))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def load(config: Any) -> Config:
    """Merges a composed config into the concrete schema of each group, so that nothing unknown slips through.

    Raises:
        UsageError: a key that no schema has, a missing value, a `_target_`, a secret, or a combination that cannot
            work.
    """
    import_checked_schemas()
    try:
        parts = plain(config)
        targets.refuse(parts)
        secrets.refuse(parts)
        for name in parts:
            if name not in (f.name for f in fields(Config)):
                raise UsageError(f"{name} is no part of the config: {nearest(name)}")
        groups = {name: _load_group(name, parts.pop(name, None)) for name in SCHEMAS}
        rest = cast(DictConfig, OmegaConf.merge(OmegaConf.structured(Config), literal(parts)))
        numbers.check_finite(rest, "")
        scalars = {name: rest[name] for name in parts}
    except OmegaConfBaseException as error:
        raise UsageError(sentence(error)) from error
    return Config(**groups, **scalars)


def plain(config: Any) -> dict[str, Any]:
    """A config as plain containers, whose interpolations are resolved; of plain containers: what they are.

    Raises:
        UsageError: it is no mapping.
        OmegaConfBaseException: an interpolation leads nowhere.
    """
    found = OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config
    if not isinstance(found, dict):
        raise UsageError("the config is not a mapping of groups: write it again.")
    return {str(name): value for name, value in found.items()}


def _load_group(group: str, value: Any) -> Any:
    if not isinstance(value, dict) or str(value.get("kind", MISSING)) not in SCHEMAS[group]:
        raise UsageError(f"{group} is not chosen: take one of {choices(group)}, with {group}=….")
    try:
        return from_plain(SCHEMAS[group][str(value["kind"])], value, group)
    except MissingMandatoryValue as error:
        raise UsageError(
            f"{group}.{error.full_key} of {group} '{value['kind']}' is missing: give it a value."
        ) from error
    except (ConfigKeyError, ConfigAttributeError) as error:
        raise UsageError(_unknown(f"{group}.{error.full_key}", value)) from error
    except OmegaConfBaseException as error:
        raise UsageError(f"{group}.{error.full_key}: {one_line(error)}.") from error


def _unknown(key: str, group: Mapping[str, Any]) -> str:
    """The sentence for a key that its group has not, or the choice in which it stands.

    Args:
        group: the group's values.
    """
    place, chosen, known = key.partition(".")[0], group, None
    for choice, kinds in choice_fields().items():
        if key.startswith(f"{choice}."):
            place = choice
            for name in choice.split(".")[1:]:
                chosen = chosen[name]
            known = [f"{choice}.{name}" for name in schema_keys(kinds[chosen["kind"]])]
    said = f"{key} is no part of {place} '{chosen['kind']}'"
    if found := kinds_that_have(key):
        return f"{said}, only {' and '.join(found)} has it: drop one of the two."
    return f"{said}: {nearest(key, known)}"


def as_dict(config: Schema) -> dict[str, Any]:
    """A group's config as plain containers."""
    return asdict(config)


def as_plain(config: Config) -> dict[str, Any]:
    """The whole config as plain containers, which `load` reads back."""
    groups = config.groups()
    return {f.name: as_dict(groups[f.name]) if f.name in groups else getattr(config, f.name) for f in fields(config)}
