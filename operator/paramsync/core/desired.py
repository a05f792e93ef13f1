"""What the targets of a sync should hold, by what its sources give: decided before any live object is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paramsync.api.sync import ParameterSyncSpec

from . import effort
from .actions import Wish
from .overlay import Overlay, Selected, lay_over
from .parameters import Snapshot
from .reasons import Problem
from .routing import Route, TargetRef, route, routes, wants_secure
from .shaping.derived import Shape
from .shaping.wishes import wishes
from .want import Selection


@dataclass(frozen=True, slots=True)
class Desired:
    """What the targets should hold, and how it came about."""

    routes: Sequence[Route]
    overlay: Overlay
    skipped: Sequence[Selected]
    """What no target takes or refers to."""

    wishes: Mapping[TargetRef, Mapping[str, Wish]]
    """By target and key; of every target, and without the keys that cannot be made."""

    problems: tuple[Problem, ...]
    """What stands in the way of the others."""


def desired(spec: ParameterSyncSpec, sync_name: str, snapshots: Sequence[Snapshot]) -> Desired:
    """Take apart, overlay, route, and make keys.

    :param snapshots: one for each source, in the sources' order.
    :raises ValueError: if the spec is not valid, as :func:`paramsync.core.routing.routes` says.
    :raises TooMuch: if it asks for too much work, which is not done then.
    """
    route_list = routes(spec, sync_name)
    effort.check_sources(spec, [len(each.parameters) for each in snapshots])
    shape = Shape.of(
        spec,
        secure=wants_secure(route_list),
        may_take=lambda relative: any(each.may_take_of_secure(relative) for each in route_list),
    )
    overlay = lay_over(snapshots, [Selection.of(source, secure=True) for source in spec.sources], shape)
    effort.check_targets(spec, len(overlay.winners))
    taken, skipped = route(overlay.winners, route_list)
    made, problems = wishes(overlay, snapshots, route_list, taken)
    return Desired(route_list, overlay, skipped, made, problems)
