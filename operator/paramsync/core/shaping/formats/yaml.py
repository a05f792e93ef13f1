"""YAML, nested along the path. Every value is a string, and a StringList a list of strings.

Names and values stand in double quotes: plain scalars mean something else to YAML 1.1 than to 1.2 (``no``, ``1:30``,
``0o17``), and a reader of either takes these for strings. Strings are those of JSON, and besides escape what YAML does
not count as printable or takes for a line break. An emitter of a library is not used: its next version may write the
same content in another way, and that would be a change in every file.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from .file import Content, Format
from .nesting import Tree, branches, nested, path

_LONGEST_NAME: Final = 1000
"""A mapping's key on one line has at most 1024 characters (YAML 1.2, section 8.2.2), with quotes and escapes."""

_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def entry_name(relative: str) -> str:
    """The relative name itself.

    :raises ValueError: if it is nested too deep, or has a segment that is too long.
    """
    if any(len(_quoted(segment)) > _LONGEST_NAME + 2 for segment in relative.split("/")):
        raise ValueError(f"a segment of it takes more than {_LONGEST_NAME} characters; shorten it")
    return path(relative)


def _quoted(text: str) -> str:
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _lines(tree: Tree, indent: str) -> Iterator[str]:
    for name, content in tree.items():
        begin = f"{indent}{_quoted(name)}:"
        if isinstance(content, str):
            yield f"{begin} {_quoted(content)}\n"
        elif not content:
            yield f"{begin} []\n"
        elif isinstance(content, dict):
            yield f"{begin}\n"
            yield from _lines(content, indent + "  ")
        else:
            yield f"{begin}\n"
            yield from (f"{indent}  - {_quoted(element)}\n" for element in content)


def _write(entries: Mapping[str, Content]) -> str:
    return "".join(_lines(nested(entries), "")) or "{}\n"


YAML: Final = Format(has_lists=True, entry_name=entry_name, write=_write, clashes=branches)
