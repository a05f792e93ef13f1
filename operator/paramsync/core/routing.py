"""Which target takes which parameters. The type in the same response as the value decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from paramsync.api.sync import ParameterSyncSpec, ParameterType, SecretType, TargetKind

from .overlay import Selected

PLAIN = frozenset({ParameterType.STRING, ParameterType.STRING_LIST})
SECURE = frozenset({ParameterType.SECURE_STRING})


@dataclass(frozen=True, slots=True, order=True)
class TargetRef:
    """Names a target in the namespace of its sync."""

    kind: TargetKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """A target with the types that it takes."""

    ref: TargetRef
    types: frozenset[ParameterType]
    secret_type: SecretType = SecretType.OPAQUE
    """The type of a Secret; a ConfigMap has none."""

    def __post_init__(self) -> None:
        if self.ref.kind is TargetKind.CONFIG_MAP and not self.types <= PLAIN:
            raise ValueError("a ConfigMap never takes SecureString")


def routes(spec: ParameterSyncSpec, sync_name: str) -> tuple[Route, ...]:
    """The targets of a sync with all defaults filled in.

    :raises ValueError: if two targets turn out to be the same object.
    """
    if spec.targets is None:
        return (
            Route(TargetRef(TargetKind.SECRET, sync_name), SECURE),
            Route(TargetRef(TargetKind.CONFIG_MAP, sync_name), PLAIN),
        )
    has_config_map = any(target.kind is TargetKind.CONFIG_MAP for target in spec.targets)
    defaults = {
        TargetKind.CONFIG_MAP: PLAIN,
        TargetKind.SECRET: SECURE if has_config_map else PLAIN | SECURE,
    }
    made = tuple(
        Route(
            TargetRef(target.kind, target.name or sync_name),
            frozenset(target.types) if target.types is not None else defaults[target.kind],
            target.secret_type or SecretType.OPAQUE,
        )
        for target in spec.targets
    )
    if len({route.ref for route in made}) < len(made):
        raise ValueError(
            f"spec.targets: two targets are the same object, for a target without a name is named {sync_name};"
            " give every target of a kind a name of its own"
        )
    return made


def wants_secure(route_list: Iterable[Route]) -> bool:
    """Whether any target takes SecureStrings, so that they must be decrypted."""
    return any(route.types & SECURE for route in route_list)


def route(
    winners: Mapping[str, Selected], route_list: Sequence[Route]
) -> tuple[dict[TargetRef, list[Selected]], list[Selected]]:
    """The parameters of each target, and those that no target takes."""
    taken = {
        each.ref: [selected for selected in winners.values() if selected.parameter.stamp.type in each.types]
        for each in route_list
    }
    all_types = frozenset[ParameterType]().union(*(each.types for each in route_list))
    skipped = [selected for selected in winners.values() if selected.parameter.stamp.type not in all_types]
    return taken, skipped
