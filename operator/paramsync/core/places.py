"""Where parameters would go, by their names and types alone: for whoever looks at a subtree without any value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from paramsync.api.sync import ParameterSyncSpec, TargetKind

from .overlay import Overlay, Selected, lay_over
from .parameters import Snapshot, Stamp, Subtree
from .reasons import Problem
from .routing import SECURE, Route, TargetRef, route, routes
from .secret_types import own_keys
from .shaping import files, keys
from .shaping.derived import Shape
from .want import Selection


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A key of a target that a parameter, or a part of one, goes into."""

    target: TargetRef
    key: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a parameter goes; or, if that is nowhere, why."""

    places: tuple[Place, ...]
    why: str = ""


def placed(
    spec: ParameterSyncSpec, sync_name: str, snapshots: Sequence[Snapshot]
) -> Mapping[tuple[Subtree, str], Placed]:
    """Where everything goes that the sources of a sync list, by subtree and full name.

    :param snapshots: one for each source, in the sources' order; SecureStrings may be sealed.
    :raises ValueError: if the spec is not valid, as :func:`paramsync.core.routing.routes` says.
    """
    route_list = routes(spec, sync_name)
    selections = [Selection.of(source, secure=True) for source in spec.sources]
    shape = Shape.of(spec, secure=True)
    overlay = lay_over(snapshots, selections, shape)
    taken, _ = route(overlay.winners, route_list)
    found: dict[tuple[int, str], list[Place]] = {}
    refused: dict[str, str] = {}
    for each in route_list:
        in_files = files.selected(each.files, taken[each.ref])
        assigned, problems = _assigned(each, taken[each.ref], in_files)
        refused = {problem.subject: problem.message for problem in problems} | refused
        for key, selected in (*assigned.items(), *_several(each, in_files, overlay.winners)):
            found.setdefault((selected.source, selected.name), []).append(Place(each.ref, key))
    has_taker = {(each.source, each.name) for selected in taken.values() for each in selected}

    def of(source: int, stamp: Stamp) -> Placed:
        if places := found.get((source, stamp.name)):
            return Placed(tuple(sorted(places)))
        relative = snapshots[source].subtree.relative_name(stamp.name)
        if not selections[source].names(relative):
            return Placed((), "include or exclude leaves it out")
        if stamp.type in SECURE and shape.expands(relative):
            return Placed((), "it is taken apart: its value says where its fields go")
        if (source, stamp.name) in has_taker:
            return Placed((), f"it gets no key: {refused.get(stamp.name, 'paramsync plan says why')}")
        return Placed((), _nowhere(source, relative, overlay))

    return {
        (snapshot.subtree, name): of(source, parameter.stamp)
        for source, snapshot in enumerate(snapshots)
        for name, parameter in snapshot.parameters.items()
    }


def _several(
    target: Route, in_files: Mapping[str, Sequence[Selected]], winners: Mapping[str, Selected]
) -> Iterator[tuple[str, Selected]]:
    """The keys of a target that are made of several parameters, each with everything that goes into it."""
    for file in target.files:
        if not any(files.refused_secure(target, file, winners)):
            yield from ((file.key, each) for each in in_files[file.key])
    for key, template in target.compose.items():
        parts = [winners[relative] for relative in template.references if relative in winners]
        if target.ref.kind is TargetKind.SECRET or not any(each.type in SECURE for each in parts):
            yield from ((key, each) for each in parts)


def _assigned(
    target: Route, taken: Sequence[Selected], in_files: Mapping[str, Sequence[Selected]]
) -> tuple[dict[str, Selected], list[Problem]]:
    """The keys of what goes into no file, and why some of that gets none."""
    whole = {each.relative for found in in_files.values() for each in found}
    single = [each for each in taken if each.relative not in whole]
    return keys.assign(target.ref, single, target.naming, own_keys(target.secret_type))


def _nowhere(source: int, relative: str, overlay: Overlay) -> str:
    winner = overlay.winners.get(relative)
    return f"{winner.name} overlays it" if winner is not None and winner.source != source else "no target takes it"
