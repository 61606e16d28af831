"""The root config: `register()` its schemas, `compose()` it, `load()` it strictly.

Whatever a user may have written wrong ends in a `UsageError` with one sentence, which names the nearest key there is.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast, get_type_hints

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from shipworthy.core import secrets, targets
from shipworthy.core.choices import CONF, folders, is_group
from shipworthy.core.choices import of as choices_of
from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import import_schemas
from shipworthy.core.groups import (
    AblationConfig,
    AdapterConfig,
    ComputeConfig,
    DataConfig,
    EngineConfig,
    HpoConfig,
    ModelConfig,
    NetworkConfig,
    OptimizerConfig,
    QuantConfig,
    TaskConfig,
    TrackerConfig,
    TrainerConfig,
)
from shipworthy.core.project import code_root
from shipworthy.core.schema import MISSING, SCHEMAS, Schema, choices_in, composable, from_plain, kinds_of

CONFIG_NAME = "config"


@dataclass
class Config:
    """The whole pipeline in one config.

    Attributes:
        seed: the seed of everything that draws (a whole number from 0).
        workspace: the folder of the pipeline's artifacts, relative to the project's root.
        sample: train on a share of the rows (`1%`) or a number of them (`500`), and say what the whole would take.
        preflight: `on` (checks before a new run), `only` (checks, no run) or `off`.
        resume: `auto` (go on if there is something to go on from), `never` (begin anew) or `must`.
        validation_share: share of the validation rows that a training may see (above 0, at most 1); a campaign leaves
            the rest unseen until its winner stands.
        note: why this run is made: a hypothesis, in a sentence; kept with the run.
    """

    task: TaskConfig = MISSING
    data: DataConfig = MISSING
    model: ModelConfig = MISSING
    adapter: AdapterConfig = MISSING
    trainer: TrainerConfig = MISSING
    optimizer: OptimizerConfig = MISSING
    quant: QuantConfig = MISSING
    engine: EngineConfig = MISSING
    tracker: TrackerConfig = MISSING
    compute: ComputeConfig = MISSING
    network: NetworkConfig = MISSING
    hpo: HpoConfig = MISSING
    ablation: AblationConfig = MISSING
    seed: int = 17
    workspace: str = "artifacts"
    sample: str = ""
    preflight: str = "on"
    resume: str = "auto"
    validation_share: float = 1.0
    note: str = ""

    def __post_init__(self) -> None:
        """Refuses combinations that cannot work; each part refuses its own in its own `__post_init__`."""
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative: choose a whole number from 0.")
        if not 0 < self.validation_share <= 1:
            raise UsageError(f"validation_share={self.validation_share} is no share: give more than 0 and at most 1.")
        for name, choices in {"preflight": ("on", "only", "off"), "resume": ("auto", "never", "must")}.items():
            if (value := getattr(self, name)) not in choices:
                raise UsageError(f"{name}={value} must be one of {', '.join(choices)}.")
        for name, part in self.groups().items():
            for group, wanted in part.needs.items():
                chosen: Schema = getattr(self, group)
                if not chosen.fits(wanted):
                    fit = [kind for kind, cls in SCHEMAS[group].items() if cls.fits(wanted)]
                    raise UsageError(
                        f"{name} '{part.kind}' needs {group} to be {' or '.join(fit)}, not '{chosen.kind}': "
                        f"change one of the two, or take a whole recipe with experiment=NAME."
                    )

    def groups(self) -> dict[str, Schema]:
        """Group → its config."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Schema)}


GROUPS = [f.name for f in fields(Config) if isinstance(f.type, type) and issubclass(f.type, Schema)]
"""Those of its fields that are config groups."""


@cache
def _import_schemas() -> None:
    """Imports every schema there is.

    Raises:
        UsageError: one is an extension's, and can't be imported, or has a kind that there is, or is of no group.
    """
    import_schemas()
    bases = {name: base for name, base in get_type_hints(Config).items() if name in GROUPS}
    for group, kinds in SCHEMAS.items():
        for kind, cls in kinds.items():
            what = f"{cls.__module__} declares {cls.__name__} as {group} '{kind}'"
            if group not in bases:
                raise UsageError(f"{what}, and there is no such group: choose one of {', '.join(bases)}.")
            if not issubclass(cls, bases[group]):
                raise UsageError(f"{what}, so that it must inherit from {bases[group].__name__}: let it.")


@cache
def register() -> None:
    """Tells Hydra of the root config and of every schema; however often it is called, it acts once."""
    from hydra.core.config_store import ConfigStore
    from hydra_plugins.hydra_optuna_sweeper.config import OptunaSweeperConf

    from shipworthy.launch.settings import SlurmSettings

    _import_schemas()
    store = ConfigStore.instance()
    store.store(name="base_config", node=Config)
    for group, kinds in SCHEMAS.items():
        for kind, cls in kinds.items():
            store.store(group=group, name=f"base_{kind}", node=composable(cls))
    # conf/hydra/sweeper/optuna.yaml hides the plugin's own config of that name, from which it inherits.
    store.store(group="hydra/sweeper", name="base_optuna", node=OptunaSweeperConf)
    store.store(group="hydra/launcher", name="base_slurm", node=SlurmSettings)


@cache
def register_search_path() -> None:
    """Tells Hydra where extensions have their choices; DVC learns that from hydra_plugins/."""
    from hydra.core.plugins import Plugins

    from shipworthy.core.search_path import ExtensionChoices

    Plugins.instance().register(ExtensionChoices)


def compose(overrides: Sequence[str] = ()) -> Config:
    """Composes conf/config.yaml with command-line overrides and loads the result.

    Raises:
        UsageError: an override names what there is not, or the result cannot work.
    """
    for override in check_overrides(overrides):
        if override.is_sweep_override():
            raise UsageError(f"{override.input_line} asks for several runs: add --multirun.")
        if override.key_or_group.partition("/")[0].partition(".")[0] == "hydra":
            raise UsageError(f"{override.input_line} has an effect only with --multirun: add it, or drop this.")
    return load(composed(overrides))


def composed(overrides: Sequence[str] = (), *, with_hydra: bool = False) -> DictConfig:
    """The config as Hydra, and so DVC, composes it: params.yaml is this, written down."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException

    register()
    register_search_path()
    for folder in folders():
        targets.refuse_files(folder)
    try:
        with initialize_config_dir(str(code_root() / CONF)):
            config: DictConfig = hydra_compose(CONFIG_NAME, overrides=chosen_anew(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(_sentence(error, overrides)) from error
    targets.refuse_composed(config)
    if not with_hydra:
        with open_dict(config):
            del config["hydra"]
    secrets.refuse(cast(dict[str, Any], OmegaConf.to_container(config)))
    return config


def chosen_anew(overrides: Sequence[str]) -> list[str]:
    """The overrides, such that one that names the kind of a choice (`model.source.kind=folder`) chooses anew.

    Nothing of the choice before stays in it, as with a group's; Hydra would merge the two.
    """
    bare = [text.lstrip("+") for text in overrides]
    anew = [key for key in choice_fields() if any(text.startswith((f"{key}.kind=", f"{key}={{")) for text in bare)]
    inside = tuple(f"{key}{sign}" for key in anew for sign in ".=")
    texts = [f"++{text}" if text.startswith(inside) else whole for text, whole in zip(bare, overrides, strict=True)]
    return [*(f"{key}=null" for key in anew), *texts]


def read_params(path: Path) -> Config:
    """Loads a composed config that was written to a YAML file, such as params.yaml.

    Raises:
        UsageError: there is no such file, or it holds no config that can work.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist: name the file that holds the composed config.")
    try:
        return load(OmegaConf.load(path))
    except YAMLError as error:
        raise UsageError(f"{path} is not YAML ({_one_line(error)}): write it anew.") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def load(config: Any) -> Config:
    """Merges a composed config into the concrete schema of each group, so that nothing unknown slips through.

    Raises:
        UsageError: a key that no schema has, a missing value, a `_target_`, a secret, or a combination that cannot
            work.
    """
    _import_schemas()
    try:
        plain = OmegaConf.to_container(config, resolve=True)
        if not isinstance(plain, dict):
            raise UsageError("the config is not a mapping of groups: write it anew.")
        parts = {str(name): value for name, value in plain.items()}
        targets.refuse(parts)
        secrets.refuse(parts)
        for name in parts:
            if name not in (f.name for f in fields(Config)):
                raise UsageError(f"{name} is no part of the config: {nearest(name)}")
        groups = {name: _load_group(name, parts.pop(name, None)) for name in SCHEMAS}
        rest = cast(DictConfig, OmegaConf.merge(OmegaConf.structured(Config), parts))
        scalars = {name: rest[name] for name in parts}
    except OmegaConfBaseException as error:
        raise UsageError(_sentence(error)) from error
    return Config(**groups, **scalars)


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
        raise UsageError(f"{group}.{error.full_key}: {_one_line(error)}.") from error


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
            known = [f"{choice}.{name}" for name in _schema_keys(kinds[chosen["kind"]])]
    said = f"{key} is no part of {place} '{chosen['kind']}'"
    if owners := _owners(key):
        return f"{said}, only {' and '.join(owners)} has it: drop one of the two."
    return f"{said}: {nearest(key, known)}"


def check_overrides(overrides: Sequence[str]) -> list[Any]:
    """The parsed overrides (Hydra's `Override`), each of which names a choice or a key that there is.

    Raises:
        UsageError: one does not; the sentence says which, and what is nearest. Or it holds a secret.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parsed = []
    for text in overrides:
        key, _, value = text.partition("=")
        if what := secrets.find(value or text, key):  # before any sentence, or Hydra's own record, repeats it
            raise secrets.refusal(key if value else "an override", what)
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException as error:
            raise UsageError(f"{text} is neither group=choice nor key=value ({_one_line(error)}).") from error
        parsed.append(override)
        key = override.key_or_group
        if targets.is_target(key):
            raise targets.refusal(f"{text}: ", key)
        targets.refuse(_values(override), f"{text}: ")
        if is_group(key):
            _check_choice(text, key, override)
        elif key.partition(".")[0].partition("/")[0] != "hydra" and not is_known(key):
            raise UsageError(f"{text}: there is no {key}: {nearest(key)}")
    return parsed


def _values(override: Any) -> list[Any]:
    """What an override, or a sweep over it, may set its key to."""
    value = override.value()
    return list(getattr(value, "list", None) or [value])


def _check_choice(text: str, group: str, override: Any) -> None:
    chosen = override.sweep_string_iterator() if override.is_sweep_override() else [override.value()]
    for name in ("null" if choice is None else str(choice) for choice in chosen):
        known = list(choices_of(group))
        own = group.startswith("hydra/") or (group == "experiment" and name == "null")
        if name not in known and not own:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {group}={close[0]}?" if close else f"choose one of {choices(group)}."
            raise UsageError(f"{text}: there is no {group} '{name}': {hint}")


@cache
def known_keys() -> list[str]:
    """Every key that some choice of some group has, dotted from the root."""
    _import_schemas()
    keys = {f"{group}.{key}" for group, kinds in SCHEMAS.items() for cls in kinds.values() for key in _schema_keys(cls)}
    return sorted(keys | {f.name for f in fields(Config)})


@cache
def choice_fields() -> dict[str, dict[str, type]]:
    """Dotted key → kind → dataclass, of every field of every schema that holds one of several kinds."""
    _import_schemas()
    found: dict[str, dict[str, type]] = {}
    for group, schemas in SCHEMAS.items():
        for cls in schemas.values():
            for key, kinds in choices_in(cls, f"{group}."):
                found.setdefault(key, {}).update(kinds)
    return found


def _schema_keys(cls: type) -> Iterator[str]:
    hints = get_type_hints(cls)
    for f in fields(cls):
        if kinds := kinds_of(f):
            yield f"{f.name}.kind"
            yield from sorted({f"{f.name}.{key}" for kind in kinds.values() for key in _schema_keys(kind)})
        elif is_dataclass(hints[f.name]):
            yield from (f"{f.name}.{key}" for key in _schema_keys(hints[f.name]))
        elif f.name != "kind":
            yield f.name


def is_known(key: str) -> bool:
    """Whether some schema has this key, or a key below it, or a mapping that may hold it."""
    scalars = {f.name for f in fields(Config)}
    return any(
        key == known or known.startswith(f"{key}.") or (known not in scalars and key.startswith(f"{known}."))
        for known in known_keys()
    )


def nearest(key: str, known: Sequence[str] | None = None) -> str:
    """'did you mean …?' for a key that does not exist: the nearest in its group, else the nearest anywhere.

    Args:
        known: the keys that come into question (None: all that there are).
    """
    group, _, leaf = key.rpartition(".")
    all_ = known_keys() if known is None else known
    inside = {one.rpartition(".")[2]: one for one in all_ if group and one.startswith(f"{group}.")}
    anywhere = {one.rpartition(".")[2]: one for one in all_}
    anywhere |= {one.replace(".", "_"): one for one in all_}
    for candidates in (inside, anywhere):
        if close := difflib.get_close_matches(leaf, candidates, n=1, cutoff=0.6):
            return f"did you mean {candidates[close[0]]}?"
    candidates = inside or anywhere
    close = difflib.get_close_matches(leaf, candidates, n=3, cutoff=0.0)
    return f"the nearest are {', '.join(candidates[name] for name in close)}."


def choices(group: str) -> str:
    """The names of a group's choices, as a comma-separated list."""
    return ", ".join(choices_of(group)) or "(nothing)"


def _one_line(error: BaseException) -> str:
    """The first line of an error's message, without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")


def _sentence(error: BaseException, overrides: Sequence[str] = ()) -> str:
    """One sentence for what Hydra or OmegaConf refused, though every key was known to some choice."""
    from hydra.errors import HydraException

    cause = error
    while isinstance(cause, HydraException) and (deeper := cause.__cause__ or cause.__context__):
        cause = deeper
    full_key = str(getattr(cause, "full_key", None) or "")
    reason = _one_line(cause)
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and (owners := _owners(full_key)):
        reason = f"the chosen {full_key.partition('.')[0]} does not have it, only {' and '.join(owners)} has"
    for text in overrides:
        key = text.lstrip("+~").partition("=")[0]
        if key == full_key or f"'{key}'" in str(error) or text in str(error):
            return f"{text}: {reason}."
    return f"{full_key}: {reason}." if full_key else f"{reason}."


def _owners(key: str) -> list[str]:
    """The kinds of a group, or of a choice inside one, that have a key, e.g. of `model.rounds`."""
    for place, kinds in choice_fields().items():
        if key.startswith(f"{place}."):
            return [kind for kind, cls in kinds.items() if key.removeprefix(f"{place}.") in _schema_keys(cls)]
    group, _, inside = key.partition(".")
    return [
        kind
        for kind, cls in SCHEMAS.get(group, {}).items()
        if any(one == inside or one.startswith(f"{inside}.") for one in _schema_keys(cls))
    ]


def as_dict(config: Schema) -> dict[str, Any]:
    """A group's config as plain containers."""
    plain = OmegaConf.to_container(OmegaConf.structured(config), resolve=True)
    assert isinstance(plain, dict)
    return {str(k): v for k, v in plain.items()}
