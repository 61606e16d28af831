"""Config schemas: one dataclass per choice of a config group, found by its group and kind.

A field of a schema may be a choice, too: `source: Source = choice(Hub, Folder)` takes a mapping whose `kind` says which
of the dataclasses it is. OmegaConf merges into one type only, so the types change in two steps: Hydra composes such a
field as an open mapping (`composable`), and loading merges that into the dataclass of its kind (`typed`), strictly.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, make_dataclass
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform, get_type_hints

from omegaconf import MISSING, DictConfig, OmegaConf

from shipworthy.core import numbers
from shipworthy.core.errors import UsageError

__all__ = ["MISSING", "SCHEMAS", "Choice", "Schema", "choice", "choices_in", "composable", "from_plain", "schema"]

KINDS = "kinds"


@dataclass
class Schema:
    """What every choice of every config group has.

    Attributes:
        kind: which schema of the group this is; set by the schema, not by hand.
        non_identity: fields that don't make another run, such as the number of processes.
        kinds_in: fields that hold names of another group's kinds → that group.
        needs: group → kinds of it, or what they provide, of which one must be chosen beside this.
        excludes: `group.setting` → values that it must not have beside this, and why, with what to do instead.
        provides: what the `needs` of others may ask for instead of naming kinds. `in_process`: a model is complete in
            its own folder and answers in its own library; a quantizer keeps it so; an engine serves it so.
    """

    non_identity: ClassVar[tuple[str, ...]] = ()
    kinds_in: ClassVar[Mapping[str, str]] = {}
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    excludes: ClassVar[Mapping[str, tuple[tuple[object, ...], str]]] = {}
    provides: ClassVar[tuple[str, ...]] = ()

    kind: str = MISSING

    @classmethod
    def fits(cls, wanted: Iterable[str]) -> bool:
        """Whether this is one of the kinds, or provides one of the things, that somebody needs."""
        return not {cls.kind, *cls.provides}.isdisjoint(wanted)


SchemaType = TypeVar("SchemaType", bound=Schema)
Built = TypeVar("Built")

SCHEMAS: dict[str, dict[str, type[Schema]]] = {}


@dataclass_transform()
def schema(group: str, kind: str) -> Callable[[type[SchemaType]], type[SchemaType]]:
    """Declares a dataclass as the choice `kind` of the config group `group`.

    It becomes `base_<kind>`, the first entry in the defaults list of that choice's YAML files. Every field has a
    default, if only `MISSING`, for `kind` has one.

    Raises:
        UsageError: another module declares a class as this already.
    """

    def declare(cls: type[SchemaType]) -> type[SchemaType]:
        other = SCHEMAS.get(group, {}).get(kind)
        if other and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise UsageError(
                f"{other.__module__} and {cls.__module__} both declare {group} '{kind}': rename one of them."
            )
        cls.__annotations__ = {**cls.__dict__.get("__annotations__", {}), "kind": str}
        cls.kind = kind
        decorated = dataclass(cls)
        SCHEMAS.setdefault(group, {})[kind] = decorated
        return decorated

    return declare


@dataclass(kw_only=True)
class Choice:
    """The base of what is in a field made by `choice`.

    Attributes:
        kind: which one; set by the dataclass.
    """

    kind: str = MISSING


def choice(*kinds: type[Choice], default: Any = MISSING) -> Any:
    """A field that holds one of these dataclasses; typed as their common base.

    Args:
        default: None where the field is optional.
    """
    return field(default=default, metadata={KINDS: {str(cls.kind): cls for cls in kinds}})


def kinds_of(one: Field[Any]) -> dict[str, type[Choice]]:
    """Kind → dataclass of a field made by `choice`; of any other field: nothing."""
    return dict(one.metadata.get(KINDS, {}))


def choices_in(cls: type, prefix: str = "") -> Iterator[tuple[str, dict[str, type[Choice]]]]:
    """Dotted key and kinds of every choice in a schema, in its parts included."""
    for one in fields(cls):
        if found := kinds_of(one):
            yield f"{prefix}{one.name}", found
        elif part := _part(cls, one.name):
            yield from choices_in(part, f"{prefix}{one.name}.")


def composable(cls: type) -> type:
    """The schema as Hydra composes it: what belongs into a choice is known only when its kind is.

    A choice is an open mapping, so that a command line's `model.source.path=…` needs no `+`.
    """
    if not any(True for _ in choices_in(cls)):
        return cls
    changed: list[tuple[str, Any, Any]] = []
    for one in fields(cls):
        if kinds_of(one):
            changed.append((one.name, Any, field(default_factory=_open(None if one.default is None else {}))))
        elif (part := _part(cls, one.name)) and (opened := composable(part)) is not part:
            unset = one.default == MISSING
            changed.append((one.name, opened, field(default=MISSING) if unset else field(default_factory=opened)))
    return make_dataclass(cls.__name__, changed, bases=(cls,))


def _open(content: dict[str, Any] | None) -> Callable[[], Any]:
    return lambda: DictConfig(content, flags={"struct": False})


def _part(cls: type, name: str) -> type | None:
    """The dataclass that a field holds, if it holds one."""
    hint = get_type_hints(cls)[name]
    return hint if isinstance(hint, type) and is_dataclass(hint) else None


def typed(cls: type, value: Mapping[str, Any], where: str) -> DictConfig:
    """The structured config of a schema, in which each choice has the dataclass of the kind that `value` names.

    Args:
        value: plain containers, as composed.
        where: what the schema is called in messages, e.g. `model`.

    Raises:
        UsageError: a choice has no kind, or one that there is not.
    """
    node: DictConfig = OmegaConf.structured(cls)
    _type_choices(node, cls, value, where)
    return node


def _type_choices(node: DictConfig, cls: type, value: Mapping[str, Any], where: str) -> None:
    for one in fields(cls):
        given, key = value.get(one.name), f"{where}.{one.name}"
        if found := kinds_of(one):
            unset = one.name not in value or given == MISSING or (given is None and one.default is None)
            if not unset:
                node[one.name] = typed(_chosen(found, given, key), cast(dict[str, Any], given), key)
        elif (part := _part(cls, one.name)) and isinstance(given, dict):
            if OmegaConf.is_missing(node, one.name):
                node[one.name] = OmegaConf.structured(part)
            _type_choices(node[one.name], part, given, key)


def _chosen(kinds: Mapping[str, type[Choice]], given: Any, key: str) -> type[Choice]:
    """The dataclass of the kind that a mapping names."""
    choices = ", ".join(kinds)
    if not isinstance(given, dict) or given.get("kind", MISSING) in {MISSING, None}:
        raise UsageError(f"{key} has no kind: give {key}.kind, one of {choices}, and what belongs to it.")
    if str(given["kind"]) not in kinds:
        raise UsageError(f"{key}.kind={given['kind']} is not there: choose one of {choices}.")
    return kinds[str(given["kind"])]


def choice_from_plain(cls: type, name: str, value: Any, where: str) -> Any:
    """What is in the choice `name` of a schema.

    Raises:
        UsageError, OmegaConfBaseException: as `from_plain`.
    """
    (one,) = (one for one in fields(cls) if one.name == name)
    return None if value is None else from_plain(_chosen(kinds_of(one), value, where), value, where)


def from_plain(cls: type[Built], value: Mapping[str, Any], where: str) -> Built:
    """The schema with the values of plain containers.

    Raises:
        UsageError: as `typed`.
        OmegaConfBaseException: an unknown key, a missing value, or one of another type.
    """
    merged = cast(DictConfig, OmegaConf.merge(typed(cls, value, where), literal(value)))
    numbers.check_finite(merged, where)
    made = cast(Built, OmegaConf.to_object(merged))
    numbers.check_signs(merged, where)
    return made


def literal(value: Any) -> Any:
    """Plain containers in which no `${…}` means anything to OmegaConf any more."""
    if isinstance(value, str):
        return re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, list | tuple) else value
