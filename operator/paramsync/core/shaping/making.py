"""How the value of a key is made of the values of parameters, and what is remembered of that."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from paramsync.api.shaping import StringListForm
from paramsync.api.sync import ParameterType, TargetKind
from paramsync.core.actions import Wish
from paramsync.core.overlay import Selected
from paramsync.core.provenance import Entry
from paramsync.core.reasons import Problem
from paramsync.core.routing import PLAIN, Route
from paramsync.core.values import KeyValue, Sealed, SecureValue

AS_JSON: Final = "json"
"""How the value of a StringList was made that is given as JSON."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a key cannot be made."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Making:
    """Makes what keys should hold."""

    paths: Sequence[str]
    """The path of each source."""

    def single(self, route: Route, each: Selected) -> Wish | Refused:
        """What a key should hold that is made of one parameter."""
        value = value_of(each, route.string_list)
        if isinstance(value, Sealed):
            return Refused((Problem(value.reason, each.name, value.message),))
        is_renamed = each.relative in route.naming.rename
        return Wish(
            self._entry(each, how(each, route.string_list), is_renamed=is_renamed),
            (self.paths[each.source],),
            (each.name,),
            SecureValue.over(value) if route.ref.kind is TargetKind.SECRET else value,
        )

    def several(
        self,
        route: Route,
        made: str,
        lists: StringListForm,
        parts: Mapping[str, tuple[Selected, KeyValue]],
        make: Callable[[Mapping[str, bytes]], bytes],
    ) -> Wish:
        """What a key should hold that is made of several parameters. If one of them is secure, so is the key.

        :param made: how; what would give another value with the same parameters has another text.
        :param lists: how StringLists among the values are given.
        :param parts: the parameters and their values, by relative name.
        :param make: from bytes to the bytes of a text.
        :raises TypeError: if a ConfigMap would take a secure value.
        """
        selected = [each for each, _ in parts.values()]
        values = {relative: value for relative, (_, value) in parts.items()}
        return Wish(
            Entry(
                _type_of(selected),
                made=made,
                parts=tuple(self._entry(each, how(each, lists)) for each in selected),
            ),
            tuple(self.paths[each.source] for each in selected),
            tuple(each.name for each in selected),
            _made(route, values, make),
        )

    def _entry(self, each: Selected, made: str, *, is_renamed: bool = False) -> Entry:
        stored = each.stored if each.stored not in ("", each.relative) else None
        stamp, shadowed = each.parameter.stamp, tuple(below.source for below in each.shadowed)
        return Entry.of(each.source, each.relative, stamp, made, stored, shadowed, is_renamed=is_renamed)


def _made(route: Route, values: Mapping[str, KeyValue], make: Callable[[Mapping[str, bytes]], bytes]) -> KeyValue:
    if route.ref.kind is TargetKind.SECRET:
        return SecureValue.made_of(values, lambda shown: {"": make(shown)})[""]
    shown: dict[str, bytes] = {}
    for relative, value in values.items():
        if isinstance(value, SecureValue):
            raise TypeError(f"{route.ref} would take {relative}, which is secure")
        shown[relative] = value.encode() if isinstance(value, str) else value
    return make(shown).decode()


def _type_of(selected: Sequence[Selected]) -> ParameterType:
    is_plain = all(each.type in PLAIN for each in selected)
    return ParameterType.STRING if is_plain else ParameterType.SECURE_STRING


def value_of(each: Selected, form: StringListForm) -> KeyValue | Sealed:
    """The value of a parameter, or of what was made of it, as a key of its own holds it."""
    value = each.value
    return json.dumps(elements(value), ensure_ascii=False) if _is_list(each, form) and isinstance(value, str) else value


def how(each: Selected, form: StringListForm) -> str:
    """How that value was made."""
    steps = each.derived.made if each.derived is not None else ()
    return ",".join((*steps, AS_JSON) if _is_list(each, form) else steps)


def elements(value: str) -> list[str]:
    """The elements of a StringList: what is between commas, as it is; an empty value has one, which is empty
    (PutParameter, AWS API reference: a comma cannot be part of an element)."""
    return value.split(",")


def _is_list(each: Selected, form: StringListForm) -> bool:
    return form is StringListForm.JSON and each.is_list
