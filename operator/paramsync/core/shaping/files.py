"""Keys that hold many parameters as a file."""

from collections.abc import Iterator, Mapping, Sequence

from paramsync.api.shaping import File, StringListForm
from paramsync.api.sync import TargetKind
from paramsync.core.actions import Wish
from paramsync.core.globs import is_literal
from paramsync.core.overlay import Selected
from paramsync.core.reasons import Problem, Reason
from paramsync.core.routing import SECURE, Route
from paramsync.core.sizes import value_bytes, values_are_too_large
from paramsync.core.values import KeyValue, Sealed
from paramsync.core.want import Selection

from .derived import DECODED
from .formats.file import Format, Item, Unfit, UnfitFile
from .formats.registry import FORMATS
from .making import Making, Refused, elements, value_of


def selected(files: Sequence[File], taken: Sequence[Selected]) -> dict[str, list[Selected]]:
    """The parameters of each file, by the file's key, sorted by relative name."""
    ordered = sorted(taken, key=lambda each: each.relative)
    selections = {file.key: Selection.of(file, secure=True) for file in files}
    return {key: [each for each in ordered if chosen.names(each.relative)] for key, chosen in selections.items()}


def file(
    making: Making, route: Route, asked: File, found: Sequence[Selected], winners: Mapping[str, Selected], room: int
) -> Wish | Refused:
    """What a file's key should hold.

    :param found: the parameters that go into it.
    :param winners: all parameters of the sync, by relative name.
    :param room: bytes that the target's values may still take.
    """
    form = FORMATS[asked.format]
    lists = StringListForm.COMMA if form.has_lists else route.string_list
    parts: dict[str, tuple[Selected, KeyValue]] = {}
    problems = [*refused_secure(route, asked, winners)]
    for each in found:
        value = value_of(each, lists)
        if isinstance(value, Sealed):
            problems.append(Problem(value.reason, each.name, value.message))
        elif each.derived is not None and DECODED in each.derived.made:
            problems.append(_no_text(route, asked, each))
        else:
            parts[each.relative] = (each, value)
    if problems:
        return Refused(tuple(problems))
    if sum(value_bytes(value) for _, value in parts.values()) > room:  # a file holds them, and more
        return Refused((values_are_too_large(route.ref),))
    try:
        return making.several(route, f"file:{asked.format}", lists, parts, lambda shown: _written(form, parts, shown))
    except UnfitFile as unfit:
        faults = unfit.faults
    return Refused(tuple(_unfit(route, asked, fault, parts) for fault in faults))


def _written(form: Format, parts: Mapping[str, tuple[Selected, KeyValue]], shown: Mapping[str, bytes]) -> bytes:
    def item(relative: str, text: str) -> Item:
        each, _ = parts[relative]
        return Item(relative, tuple(elements(text)) if form.has_lists and each.is_list else text)

    return form.render(item(relative, content.decode()) for relative, content in shown.items()).encode()


def refused_secure(route: Route, asked: File, winners: Mapping[str, Selected]) -> Iterator[Problem]:
    """The SecureStrings that a file of a ConfigMap asks for by their names: to leave them out would be a lie."""
    if route.ref.kind is not TargetKind.CONFIG_MAP:
        return
    chosen = Selection.of(asked, secure=True)
    for name in asked.include or ():
        winner = winners.get(name)
        if winner is None or winner.type not in SECURE or not is_literal(name):
            continue
        if chosen.names(name) and route.names.names(name):
            yield Problem(
                Reason.SECURE_REFUSED,
                winner.name,
                f"Parameter {winner.name} is a SecureString, and the file {asked.key} of {route.ref} includes it; a"
                " ConfigMap never takes one. Put the file into a Secret, or leave the parameter out of include",
            )


def _no_text(route: Route, asked: File, each: Selected) -> Problem:
    return Problem(
        Reason.INVALID_VALUE,
        each.name,
        f"Parameter {each.name} is decoded into bytes, and the file {asked.key} of {route.ref} holds text; leave it out"
        " of the file with exclude, or out of spec.decode",
    )


def _unfit(route: Route, asked: File, fault: Unfit, parts: Mapping[str, tuple[Selected, KeyValue]]) -> Problem:
    reason = Reason.KEY_COLLISION if len(fault.relatives) > 1 else Reason.INVALID_VALUE
    name = parts[fault.relatives[0]][0].name
    return Problem(reason, name, f"The file {asked.key} of {route.ref} cannot be written: {fault.message}")
