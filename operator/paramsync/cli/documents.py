"""Reading YAML files of manifests, with the lines on which their fields stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from paramsync.api.base import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def documents(text: str) -> Iterator[Document]:
    """The documents of a text that may hold our objects; one without our group's name is not looked at.

    :raises NotYaml: if it is none.
    """
    if GROUP not in text:
        return
    try:
        yield from _documents(_Loader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "; it looks like a template: render it first" if "{{" in text else ""
        raise NotYaml(1 if mark is None else mark.line + 1, f"{error.problem or 'it is none'}{hint}") from None
    except yaml.YAMLError:  # its text quotes the character
        raise NotYaml(1, "it has a character that YAML does not allow") from None


def _documents(loader: _Loader) -> Iterator[Document]:
    number = 0
    while (node := loader.get_node() if loader.check_node() else None) is not None:
        number += 1
        if _may_be_ours(node):
            yield Document(number, loader.construct_document(node), node)


def _may_be_ours(node: yaml.Node) -> bool:
    """Whether a document is of our group, or a list: what others write need not be of types that are known here."""
    fields = {getattr(key, "value", None): getattr(value, "value", None) for key, value in _fields(node)}
    group, kind = str(fields.get("apiVersion")).partition("/")[0], str(fields.get("kind"))
    return group == GROUP or kind.endswith("List")


def _fields(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
