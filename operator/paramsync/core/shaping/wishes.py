"""From the parameters that each target takes to the keys that it should have: one each, files, and composed values."""

from collections.abc import Mapping, Sequence

from paramsync.core import effort
from paramsync.core.actions import Wish
from paramsync.core.overlay import Overlay, Selected
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Problem, Reason
from paramsync.core.routing import Route, TargetRef
from paramsync.core.secret_types import own_keys
from paramsync.core.sizes import MOST_VALUE_BYTES, value_bytes

from . import composing, files, keys
from .making import Making, Refused


def wishes(
    overlay: Overlay,
    snapshots: Sequence[Snapshot],
    route_list: Sequence[Route],
    taken: Mapping[TargetRef, Sequence[Selected]],
) -> tuple[dict[TargetRef, dict[str, Wish]], tuple[Problem, ...]]:
    """What each target should hold by key, and what stands in the way.

    :raises TooMuch: if their files have too many entries.
    """
    making = Making([snapshot.subtree.path for snapshot in snapshots])
    in_files = {route.ref: files.selected(route.files, taken[route.ref]) for route in route_list}
    effort.check_files(sum(len(found) for of_target in in_files.values() for found in of_target.values()))
    desired: dict[TargetRef, dict[str, Wish]] = {}
    problems = list(overlay.problems)
    for route in route_list:
        made, refused = _of_target(route, taken[route.ref], in_files[route.ref], overlay.winners, making)
        desired[route.ref] = made
        problems += refused
    # A name that several targets take and that cannot be a key is one problem.
    return desired, tuple(dict.fromkeys(problems))


def _of_target(
    route: Route,
    taken: Sequence[Selected],
    in_files: Mapping[str, Sequence[Selected]],
    winners: Mapping[str, Selected],
    making: Making,
) -> tuple[dict[str, Wish], list[Problem]]:
    in_a_file = {each.relative for found in in_files.values() for each in found}
    assigned, problems = keys.assign(
        route.ref, [each for each in taken if each.relative not in in_a_file], route.naming, own_keys(route.secret_type)
    )
    made: dict[str, Wish | Refused] = {key: making.single(route, each) for key, each in assigned.items()}
    room = MOST_VALUE_BYTES - sum(map(_bytes, made.values()))
    whole: dict[str, Wish | Refused] = {}
    for file in route.files:
        whole[file.key] = files.file(making, route, file, in_files[file.key], winners, room)
        room -= _bytes(whole[file.key])
    for key in route.compose:
        whole[key] = composing.composed(making, route, key, winners, room)
        room -= _bytes(whole[key])
    problems += [_taken_twice(route.ref, key, assigned[key]) for key in sorted(whole.keys() & made.keys())]
    made |= whole
    problems += [problem for each in made.values() if isinstance(each, Refused) for problem in each.problems]
    return {key: wish for key, wish in sorted(made.items()) if isinstance(wish, Wish)}, problems


def _bytes(made: Wish | Refused) -> int:
    return value_bytes(made.value) if isinstance(made, Wish) else 0


def _taken_twice(ref: TargetRef, key: str, selected: Selected) -> Problem:
    return Problem(
        Reason.KEY_COLLISION,
        selected.name,
        f"Parameter {selected.name} gives the key {key} in {ref}, which files or compose give, too; give one of them"
        f" another key (keys.rename: {selected.relative}: …), or leave the parameter out with exclude",
    )
