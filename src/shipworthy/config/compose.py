"""From conf/ and command-line overrides to a config: `register()` the schemas, `compose()`.

Whatever a user may have written wrong ends in a `UsageError` with one sentence, which names the nearest key there is.
"""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from shipworthy.config.keys import choice_fields, choices, import_checked_schemas, is_known, nearest
from shipworthy.config.load import load
from shipworthy.config.messages import one_line, sentence
from shipworthy.config.overrides import in_hydras_grammar, unread
from shipworthy.config.root import Config
from shipworthy.core import secrets, targets
from shipworthy.core.choices import CONF, folders, is_group
from shipworthy.core.choices import of as choices_of
from shipworthy.core.errors import UsageError
from shipworthy.core.files import before_pattern
from shipworthy.core.project import code_root
from shipworthy.core.schema import SCHEMAS, composable
from shipworthy.evaluation.metric import direction

CONFIG_NAME = "config"


@cache
def register() -> None:
    """Tells Hydra of the root config and of every schema; however often it is called, it acts once."""
    from hydra.core.config_store import ConfigStore
    from hydra_plugins.hydra_optuna_sweeper.config import OptunaSweeperConf

    from shipworthy.launch.settings import SlurmSettings

    import_checked_schemas()
    OmegaConf.register_resolver("before_pattern", before_pattern, replace=True)
    OmegaConf.register_resolver("direction", direction, replace=True)
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
    """Tells Hydra how files of choices are read, and where extensions have theirs; hydra_plugins/ tells DVC."""
    from hydra.core.plugins import Plugins

    from shipworthy.config.yaml_files import ChoiceFiles, SearchPath

    for plugin in (ChoiceFiles, SearchPath):
        Plugins.instance().register(plugin)


def compose(overrides: Sequence[str] = ()) -> Config:
    """Composes conf/config.yaml with command-line overrides and loads the result.

    Raises:
        UsageError: an override names what there is not, or the result cannot work.
    """
    overrides = in_hydras_grammar(overrides)
    for override in check_overrides(overrides):
        if override.is_sweep_override():
            raise UsageError(f"{override.input_line} asks for several runs: add --multirun.")
        if override.key_or_group.partition("/")[0].partition(".")[0] == "hydra":
            raise UsageError(f"{override.input_line} has an effect only with --multirun: add it, or drop this.")
    return load(composed_by_hydra(overrides))


def composed(overrides: Sequence[str] = (), *, with_hydra: bool = False) -> DictConfig:
    """The config as Hydra, and so DVC, composes it: params.yaml is this, written down."""
    return composed_by_hydra(in_hydras_grammar(overrides), with_hydra=with_hydra)


def chosen(overrides: Sequence[str]) -> dict[str, str]:
    """Group → its choice, as these overrides have it."""
    return {str(group): str(name) for group, name in composed(overrides, with_hydra=True).hydra.runtime.choices.items()}


def composed_by_hydra(overrides: Sequence[str], *, with_hydra: bool = False) -> DictConfig:
    """The same, of overrides in Hydra's own grammar."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException

    register()
    register_search_path()
    for folder in folders():
        targets.refuse_files(folder)
    try:
        with _own_hydra(), initialize_config_dir(str(code_root() / CONF)):
            config: DictConfig = hydra_compose(CONFIG_NAME, overrides=chosen_anew(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(sentence(error, overrides)) from error
    targets.refuse_composed(config)
    if not with_hydra:
        with open_dict(config):
            del config["hydra"]
    secrets.refuse(cast(dict[str, Any], OmegaConf.to_container(config)))
    return config


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Hydra's state is one for a process: within a job of a sweep it is the sweep's, which goes on with it later."""
    from hydra.core.global_hydra import GlobalHydra

    now = GlobalHydra.instance()
    of_the_sweep, now.hydra = now.hydra, None
    try:
        yield
    finally:
        now.hydra = of_the_sweep


def chosen_anew(overrides: Sequence[str]) -> list[str]:
    """The overrides, such that one that names the kind of a choice (`model.source.kind=folder`) chooses anew.

    Nothing of the choice before stays in it, as with a group's; Hydra would merge the two.
    """
    bare = [text.lstrip("+") for text in overrides]
    anew = [key for key in choice_fields() if any(text.startswith((f"{key}.kind=", f"{key}={{")) for text in bare)]
    inside = tuple(f"{key}{sign}" for key in anew for sign in ".=")
    texts = [f"++{text}" if text.startswith(inside) else whole for text, whole in zip(bare, overrides, strict=True)]
    return [*(f"{key}=null" for key in anew), *texts]


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
            _check_known(text, key.lstrip("+~"))
            raise UsageError(unread(text, one_line(error))) from error
        parsed.append(override)
        key = override.key_or_group
        if targets.is_target(key):
            raise targets.refusal(f"{text}: ", key)
        targets.refuse(_values(override), f"{text}: ")
        if is_group(key):
            _check_choice(text, key, override)
        else:
            _check_known(text, key)
    return parsed


def _check_known(text: str, key: str) -> None:
    if key.partition(".")[0].partition("/")[0] != "hydra" and not is_group(key) and not is_known(key):
        raise UsageError(f"{text}: there is no {key}: {nearest(key)}")


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
