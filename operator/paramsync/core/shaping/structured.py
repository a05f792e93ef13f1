"""Values that are taken apart (``expand``) or decoded (``decode``): what the parts are, and what they are not.

The functions here are given secure values, too: no error shows anything of what it was given, nor has it another error
as its context, which would.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from paramsync.api.fields import is_segment

DEEPEST: Final = 15
"""Levels of names, as Parameter Store has them (PutParameter, AWS API reference)."""

_SPACE: Final = re.compile(rb"[ \t\r\n]+")


class Unfit(ValueError):  # noqa: N818
    """A value is not what it was said to be. The text completes "its value …"."""


def fields_of(content: bytes) -> dict[str, bytes]:
    """The fields of a JSON object by their names, nested ones joined like the segments of a path.

    Text is taken as it is, numbers as they are written, ``true`` and ``false`` as words, and a list as its JSON.

    :raises Unfit: if it is not an object whose fields can have such names, or one of them is ``null``.
    """
    found: dict[str, bytes] = {}
    _collect(_parsed(content), (), found)
    return found


def decoded(content: bytes) -> bytes:
    """The bytes that Base64 stands for, broken into lines or not (RFC 4648, section 4).

    :raises Unfit: if it is not Base64.
    """
    with suppress(binascii.Error):
        return base64.b64decode(_SPACE.sub(b"", content), validate=True)
    raise Unfit("is not Base64")


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _parsed(content: bytes) -> Mapping[str, object]:
    document: object = None
    with suppress(ValueError, RecursionError):  # they quote the value
        document = json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_no_constant,
        )
    if not isinstance(document, dict):
        raise Unfit("is not a JSON object in which every field has a name of its own")
    return document


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a field is there twice")
    return made


def _no_constant(_: str) -> NoReturn:
    raise ValueError("JSON has neither NaN nor Infinity")


def _collect(fields: Mapping[str, object], above: tuple[str, ...], found: dict[str, bytes]) -> None:
    if len(above) >= DEEPEST:
        raise Unfit(f"is a JSON object of more than {DEEPEST} levels")
    for name, value in fields.items():
        if not is_segment(name):
            raise Unfit("has a field whose name is no segment of a path: letters, digits, '.', '_' and '-'")
        segments = (*above, name)
        if isinstance(value, dict):
            _collect(value, segments, found)
            continue
        found["/".join(segments)] = _text(value)


def _text(value: object) -> bytes:
    if value is None:
        raise Unfit('has a field that is null, which is no value: write "", or leave the field out')
    if isinstance(value, bool):
        return b"true" if value else b"false"
    with suppress(RecursionError):
        text = value if isinstance(value, str) else _json(value)
        with suppress(UnicodeEncodeError):  # it quotes the value
            return text.encode()
        raise Unfit("has a field with half of a surrogate pair, which is no character")
    raise Unfit("has a field with a list that is nested too deeply")


def _json(value: object) -> str:
    """What was parsed as JSON again, with its numbers as they were written."""
    match value:
        case _Number():
            return str(value)
        case list():
            return f"[{','.join(map(_json, value))}]"
        case dict():
            return f"{{{','.join(f'{_json(name)}:{_json(each)}' for name, each in value.items())}}}"
        case _:
            return json.dumps(value, ensure_ascii=False)
