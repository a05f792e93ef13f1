"""Reading YAML files of manifests, with the lines on which their fields stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

from paramsync.api.base import GROUP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic import JsonValue

_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


class NotYaml(Exception):  # noqa: N818
    """A text is not YAML that the API server would be sent. It says the line, and does not quote it."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Reads YAML as kubectl does: a key that is there twice is an error, and a date is a text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f'key "{key.value}" is there twice', key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One document of a file."""

    number: int
    """Beginning at 1."""

    content: JsonValue
    node: yaml.Node

    def line(self, location: tuple[int | str, ...]) -> int:
        """The line of a field, or of the innermost one around it that is there."""
        node, line = self.node, self.node.start_mark.line + 1
        for part in location:
            below = _below(node, part)
            if below is None:
                break
            mark, node = below
            line = mark.start_mark.line + 1
        return line


def _below(node: yaml.Node, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Where a part of a node begins, and the part."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if getattr(key, "value", None) == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def documents(text: str, others: Collection[str] = ()) -> Iterator[Document]:
    """The documents of a text that may hold our objects; a text in which there can be none is not looked at.

    :param others: further kinds of objects that are looked for.
    :raises NotYaml: if it is none, or one of these documents is nothing that the API server could be sent.
    """
    if GROUP not in text and not any(kind in text for kind in others):
        return
    try:
        yield from _documents(_Loader(text), others)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "; it looks like a template: render it first" if "{{" in text else ""
        raise NotYaml(1 if mark is None else mark.line + 1, f"{error.problem or 'it is none'}{hint}") from None
    except yaml.YAMLError:  # its text quotes the character
        raise NotYaml(1, "it has a character that YAML does not allow") from None
    except RecursionError:
        raise NotYaml(1, "it is nested too deeply") from None


def _documents(loader: _Loader, others: Collection[str]) -> Iterator[Document]:
    number = 0
    while (node := loader.get_node() if loader.check_node() else None) is not None:
        number += 1
        if _is_asked(node, others):
            yield Document(number, _content(loader, node), node)


def _content(loader: _Loader, node: yaml.Node) -> JsonValue:
    """What a document holds, as JSON holds it."""
    try:
        return cast("JsonValue", json.loads(json.dumps(loader.construct_document(node))))
    except yaml.YAMLError:
        raise
    except RecursionError:
        raise NotYaml(node.start_mark.line + 1, "it is nested too deeply") from None
    except (ValueError, TypeError, LookupError, AttributeError):  # what loaders of single types raise quotes the value
        why = "it holds what JSON does not: a value that is not of the type that it is said to be, or is part of itself"
        raise NotYaml(node.start_mark.line + 1, why) from None


def _is_asked(node: yaml.Node, others: Collection[str]) -> bool:
    """Whether a document is of our group, a list, or of a kind that is looked for: what others write need not be of
    types that are known here."""
    fields = {getattr(key, "value", None): getattr(value, "value", None) for key, value in _fields(node)}
    group, kind = str(fields.get("apiVersion")).partition("/")[0], str(fields.get("kind"))
    return group == GROUP or kind.endswith("List") or kind in others


def _fields(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
