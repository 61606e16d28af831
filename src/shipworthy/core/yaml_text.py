"""YAML as OmegaConf reads it, but that what a schema calls a str keeps the text that was written.

YAML reads `true`, `1e10`, `4936e51`, `0012` and `12:30:00` as a truth value and numbers, and OmegaConf and PyYAML don't
agree on which; so a file is never written by the one to be read by the other.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.core.value_types import Hints, has_text_keys, inside, is_text, may_be_none

STR, NULL, MERGE = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "merge"))


def read(path: Path, hints: Hints = ()) -> Any:
    """The plain containers in a file.

    Args:
        hints: the types of the whole, where a schema has them (see value_types).

    Raises:
        UsageError: it is not YAML, or leaves a str without a value.
    """
    return parse(path.read_text(encoding="utf-8-sig"), hints, str(path))


def parse(text: str, hints: Hints = (), where: str = "") -> Any:
    """As `read`, of a text; None where it holds nothing.

    Args:
        where: where it stands, for messages.
    """
    import yaml
    from omegaconf._yaml import get_yaml_loader

    loader = get_yaml_loader()(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        return loader.construct_document(_as_written(node, hints, where, ""))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}, line {mark.line + 1}".removeprefix(", ") if mark else where
        why = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise UsageError(f"{place} is not YAML ({why}): correct it.") from error
    finally:
        loader.dispose()


def _as_written(node: Any, hints: Hints, where: str, key: str) -> Any:
    """The node, in which every scalar that the schemas call a str is one."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, hints, where, key)
    if isinstance(node, yaml.SequenceNode):
        items = [_as_written(item, inside(hints, str(i)), where, f"{key}[{i}]") for i, item in enumerate(node.value)]
        return yaml.SequenceNode(node.tag, items, node.start_mark, node.end_mark, node.flow_style)
    pairs = []
    for name, value in node.value:
        if name.tag == MERGE:
            pairs.append((name, _as_written(value, hints, where, key)))
            continue
        if isinstance(name, yaml.ScalarNode) and has_text_keys(hints):
            name = _str(name)  # noqa: PLW2901
        below = f"{key}.{name.value}".lstrip(".")
        pairs.append((name, _as_written(value, inside(hints, str(name.value)), where, below)))
    return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark, node.flow_style)


def _scalar(node: Any, hints: Hints, where: str, key: str) -> Any:
    if not is_text(hints) or node.tag == STR:
        return node
    if node.tag != NULL:
        return _str(node)
    if may_be_none(hints):
        return node
    what = f"is '{node.value}', which" if node.value else "has no value, which"
    raise UsageError(f"{where}: {key} {what} YAML reads as nothing: give a text, with quotes around it.")


def _str(node: Any) -> Any:
    import yaml

    return yaml.ScalarNode(STR, node.value, node.start_mark, node.end_mark, node.style)


def dump(plain: Mapping[str, Any]) -> str:
    """Plain containers as YAML that gives them back, whether OmegaConf or PyYAML reads it."""
    import yaml
    from omegaconf._utils import get_omega_conf_dumper

    text: str = yaml.dump(
        dict(plain), Dumper=get_omega_conf_dumper(), default_flow_style=False, allow_unicode=True, sort_keys=False
    )
    return text
