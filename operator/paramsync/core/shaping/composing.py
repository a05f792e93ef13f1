"""Keys with a text into which values of several parameters are put."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress

from paramsync.api.sync import TargetKind
from paramsync.core.actions import Wish
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Problem, Reason
from paramsync.core.routing import SECURE, Route
from paramsync.core.secret_types import json_keys
from paramsync.core.sizes import values_are_too_large
from paramsync.core.values import KeyValue, Sealed, SecureValue

from .making import Making, Refused, value_of
from .templates import Template, TooLong, UnfitValue


def awaits_references(
    route_list: Iterable[Route], snapshots: Iterable[Snapshot], winners: Mapping[str, Selected]
) -> bool:
    """Whether a text refers to a name that is missing, and that has not stood long enough to be told."""
    if all(each.absence_settled for each in snapshots):
        return False
    return any(name not in winners for each in route_list for name in each.references)


def composed(making: Making, route: Route, key: str, winners: Mapping[str, Selected], room: int) -> Wish | Refused:
    """What a composed key should hold.

    :param winners: all parameters of the sync, by relative name.
    :param room: bytes that the target's values may still take.
    """
    template = route.compose[key]
    parts: dict[str, tuple[Selected, KeyValue]] = {}
    problems: list[Problem] = []
    for relative in template.references:
        each = winners.get(relative)
        if each is None:
            problems.append(_missing(route, key, relative))
            continue
        value = value_of(each, route.string_list)
        # Before the value is looked at: for a ConfigMap alone nobody decrypts it.
        if each.type in SECURE and route.ref.kind is TargetKind.CONFIG_MAP:
            problems.append(_secure(route, key, each))
        elif isinstance(value, Sealed):
            problems.append(Problem(value.reason, each.name, value.message))
        else:
            parts[relative] = (each, value)
    if problems:
        return Refused(tuple(problems))
    if key in json_keys(route.secret_type) and not _is_json_whatever(template, parts):
        return Refused((_tells(route, key),))
    try:
        return making.several(
            route, how_composed(template), route.string_list, parts, lambda shown: template.render(shown, room).encode()
        )
    except TooLong:
        return Refused((values_are_too_large(route.ref),))
    except UnfitValue as unfit:
        relative = unfit.relative
    return Refused((_no_text(route, key, parts[relative][0]),))


def _is_json_whatever(template: Template, parts: Mapping[str, tuple[Selected, KeyValue]]) -> bool:
    """Whether a text is a JSON object or not whatever the secure values in it are. Of a key that must hold one it is
    told whether it does: that is not to tell anything of them."""
    plain = {name: value for name, (_, value) in parts.items() if not isinstance(value, SecureValue)}
    if len(plain) == len(parts):
        return True
    with suppress(UnfitValue):
        shown = {name: value.encode() if isinstance(value, str) else value for name, value in plain.items()}
        text = template.hidden(shown, parts.keys() - plain.keys())
        return text is not None and SecureValue.of(text).is_json_object()
    return True  # it is told of a value that is not secure


def _tells(route: Route, key: str) -> Problem:
    return Problem(
        Reason.SECURE_REFUSED,
        f"{route.ref}/{key}",
        f"compose.{key} of {route.ref} must be a JSON object, and it is none, or whether it is one would depend on a"
        " SecureString. Nothing was written. Put SecureStrings in as ${…|json}, which is a whole JSON string, or as"
        " ${…|base64} or ${…|urlquote} within one",
    )


def how_composed(template: Template) -> str:
    """How a composed value was made: another text has another one."""
    return f"compose:{hashlib.sha256(template.text.encode()).hexdigest()[:16]}"


def _missing(route: Route, key: str, relative: str) -> Problem:
    return Problem(
        Reason.PARAMETER_MISSING,
        f"{route.ref}/{key}",
        f"compose.{key} of {route.ref} refers to {relative}, and no source gives a parameter of that name. Nothing was"
        " written. Create it, correct the reference, or let a source include it",
    )


def _secure(route: Route, key: str, each: Selected) -> Problem:
    return Problem(
        Reason.SECURE_REFUSED,
        each.name,
        f"Parameter {each.name} is a SecureString, and compose.{key} of {route.ref} refers to it; a ConfigMap never"
        " takes one. Nothing was written. Move the key to a target of kind Secret",
    )


def _no_text(route: Route, key: str, each: Selected) -> Problem:
    return Problem(
        Reason.INVALID_VALUE,
        each.name,
        f"Parameter {each.name} is decoded into bytes that are no text, and compose.{key} of {route.ref} refers to it."
        f" Nothing was written. Encode it there: ${{{each.relative}|base64}}",
    )
