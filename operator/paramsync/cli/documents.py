"""Reading files of manifests, in YAML or JSON, with the lines on which their fields stand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Never, cast

import yaml

from paramsync.api.base import GROUP
from paramsync.runtime.aliases import TooManyAliases, bounded, parts

from .yaml_loader import Loader, repeated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic import JsonValue

_BETWEEN: Final = re.compile(r"(?:[ \t\r\n\ufeff]|^---[ \t]*\r?$)*", re.MULTILINE)
"""What may stand before, between and after documents in JSON: kubectl takes one after the other."""

_TOO_DEEP: Final = "it is nested too deeply"


class Unreadable(Exception):  # noqa: N818
    """A text is nothing that the API server could be sent. It says the line and why, and does not quote it."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class _TwiceError(ValueError):
    """A key of a JSON object is there twice."""


@dataclass(frozen=True)
class Document:
    """One document of a file."""

    number: int
    """Beginning at 1."""

    content: JsonValue
    node: yaml.Node | None
    """Where its parts stand. None of JSON that is too unlike YAML for that to be known."""

    begins: int = 0
    """Lines of the file before those of the node."""

    def line(self, location: tuple[int | str, ...]) -> int:
        """The line of a field, or of the innermost one around it that is there."""
        node, line = self.node, 0 if self.node is None else self.node.start_mark.line
        for part in location if node is not None else ():
            below = _below(node, part)
            if below is None:
                break
            mark, node = below
            line = mark.start_mark.line
        return self.begins + line + 1


def _below(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Where a part of a node begins, and the part."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if getattr(key, "value", None) == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def may_have_ours(text: str, others: Collection[str] = ()) -> bool:
    """Whether objects of ours can be in a text: one without any need not even be YAML, as templates are not.

    :param others: further kinds of objects that are looked for.
    """
    return GROUP in text or any(kind in text for kind in others)


def documents(text: str, others: Collection[str] = ()) -> Iterator[Document]:
    """The documents of a text that may hold our objects; a text in which there can be none is not looked at.

    :param others: further kinds of objects that are looked for.
    :raises Unreadable: if it is neither YAML nor JSON, or one of these documents is nothing that the API server could
        be sent.
    """
    if not may_have_ours(text, others):
        return
    hint = "; it looks like a template: render it first" if "{{" in text else ""
    try:
        found = _in_json(text, others) if text[_between(text, 0) :].startswith("{") else None
        yield from _in_yaml(Loader(text), others) if found is None else found
    except TooManyAliases as error:
        raise Unreadable(_line(error), str(error.problem)) from None
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_line(error), f"it is not YAML: {error.problem or 'it is none'}{hint}") from None
    except yaml.YAMLError:  # its text quotes the character
        raise Unreadable(1, "it is not YAML: it has a character that YAML does not allow") from None
    except json.JSONDecodeError as error:
        raise Unreadable(error.lineno, f"it is not JSON: {_said(error)}{hint}") from None
    except RecursionError:
        raise Unreadable(1, _TOO_DEEP) from None


def _line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return 1 if mark is None else mark.line + 1


def _said(error: json.JSONDecodeError) -> str:
    return error.msg.removesuffix(" at").removesuffix(" starting").rstrip(": ")


def _between(text: str, at: int) -> int:
    """Where the next document in JSON begins, or the text ends."""
    match = _BETWEEN.match(text, at)
    return at if match is None else match.end()


def _in_json(text: str, others: Collection[str]) -> list[Document] | None:
    """The documents of a text in JSON; or None if it is to be read as YAML, of which JSON without tabs is a part.

    :raises json.JSONDecodeError: if it is neither.
    """
    try:
        return list(_json_documents(text, others))
    except json.JSONDecodeError:
        if "\t" in text:
            raise
        return None


def _json_documents(text: str, others: Collection[str]) -> Iterator[Document]:
    loose, strict = json.JSONDecoder(), json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)
    at, number = _between(text, 0), 0
    while at < len(text):
        number, begins = number + 1, text.count("\n", 0, at)
        found, end = _decoded(loose, text, at, begins)
        if isinstance(found, dict) and _is_asked(found.get("apiVersion"), found.get("kind"), others):
            node = _node(text[at:end])
            content, _ = _decoded(strict, text, at, begins, node)
            yield Document(number, _of_characters(content, begins + 1), node, begins)
        at = _between(text, end)


def _decoded(
    decoder: json.JSONDecoder, text: str, at: int, begins: int, node: yaml.Node | None = None
) -> tuple[JsonValue, int]:
    """A document in JSON, and where it ends."""
    try:
        return cast("tuple[JsonValue, int]", decoder.raw_decode(text, at))
    except json.JSONDecodeError:
        raise
    except _TwiceError as error:
        keys = (repeated(each) for each in _all(node)) if node is not None else ()
        line = next((key.start_mark.line for key in keys if key is not None), 0)
        raise Unreadable(begins + line + 1, str(error)) from None
    except ValueError:  # a number of more digits than are read, or none
        raise Unreadable(begins + 1, "it has a number that cannot be read") from None


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in made:
            raise _TwiceError(f'key "{key}" is there twice')
        made[key] = value
    return made


def _no_number(_name: str) -> Never:
    raise ValueError("NaN and Infinity are no JSON")


def _node(text: str) -> yaml.Node | None:
    """The nodes of a document in JSON. Its strings hold no tabs as such."""
    try:
        return cast("yaml.Node", yaml.compose(text.replace("\t", " "), Loader))
    except yaml.YAMLError:
        return None


def _all(node: yaml.Node) -> Iterator[yaml.Node]:
    """A node and all that is in it, in the order of the text."""
    yield node
    for part in parts(node):
        yield from _all(part)


def _in_yaml(loader: Loader, others: Collection[str]) -> Iterator[Document]:
    number = 0
    while (node := loader.get_node() if loader.check_node() else None) is not None:
        number += 1
        fields = {getattr(key, "value", None): getattr(value, "value", None) for key, value in _fields(node)}
        if _is_asked(fields.get("apiVersion"), fields.get("kind"), others):
            yield Document(number, _of_characters(_content(loader, bounded(node)), node.start_mark.line + 1), node)


def _content(loader: Loader, node: yaml.Node) -> JsonValue:
    """What a document holds, as JSON holds it."""
    line = node.start_mark.line + 1
    try:
        return cast("JsonValue", json.loads(json.dumps(loader.construct_document(node), allow_nan=False)))
    except yaml.YAMLError:
        raise
    except RecursionError:
        raise Unreadable(line, _TOO_DEEP) from None
    except (ValueError, TypeError, LookupError, AttributeError):  # what loaders of single types raise quotes the value
        why = "it holds what JSON does not: a value that is not of the type that it is said to be, or is part of itself"
        raise Unreadable(line, f"it is not YAML: {why}") from None


def _of_characters(content: JsonValue, line: int) -> JsonValue:
    """What a document holds, if its texts can be written: an escape can stand for half of a character."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Unreadable(line, "a text in it has half of a character, a surrogate without the other") from None
    return content


def _is_asked(api_version: object, kind: object, others: Collection[str]) -> bool:
    """Whether a document is of our group, a list, or of a kind that is looked for: what others write need not be of
    types that are known here."""
    return str(api_version).partition("/")[0] == GROUP or str(kind).endswith("List") or kind in others


def _fields(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
