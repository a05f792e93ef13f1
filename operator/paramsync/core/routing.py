"""Which target takes which parameters. The type in the same response as the value decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue, ValidationError

from paramsync.api.errors import explain
from paramsync.api.metadata import TargetMetadata
from paramsync.api.shaping import File, StringListForm
from paramsync.api.sync import ParameterSyncSpec, ParameterType, SecretType, Target, TargetKind

from .overlay import Selected
from .shaping.naming import ENV_VARS, Naming
from .shaping.templates import Template, parse
from .want import EVERYTHING, Selection

PLAIN = frozenset({ParameterType.STRING, ParameterType.STRING_LIST})
SECURE = frozenset({ParameterType.SECURE_STRING})

DEFAULT_TARGETS: Final = (Target(kind=TargetKind.SECRET), Target(kind=TargetKind.CONFIG_MAP))
"""The targets of a sync that names none."""

NO_METADATA: Final = TargetMetadata()
"""Of a target that is given no labels and annotations."""


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

    names: Selection = EVERYTHING
    """Which relative names it takes."""

    naming: Naming = ENV_VARS
    """How they become keys."""

    string_list: StringListForm = StringListForm.COMMA
    files: tuple[File, ...] = ()
    compose: Mapping[str, Template] = field(default_factory=dict)
    """Templates by key."""

    metadata: TargetMetadata = NO_METADATA
    """The labels and annotations that the spec gives it."""

    def __post_init__(self) -> None:
        if self.ref.kind is TargetKind.CONFIG_MAP and not self.types <= PLAIN:
            raise ValueError("a ConfigMap never takes SecureString")

    def takes(self, selected: Selected) -> bool:
        """Whether a parameter goes into it, as a key of its own or in a file."""
        return selected.type in self.types and self.names.names(selected.relative)

    def may_take_of_secure(self, relative: str) -> bool:
        """Whether a SecureString of this name may go into it, or a field of it, whatever fields there are."""
        if self.ref.kind is TargetKind.CONFIG_MAP:
            return False
        is_referred_to = any(name == relative or name.startswith(f"{relative}/") for name in self.references)
        return is_referred_to or bool(self.types & SECURE and self.names.may_name_below(relative))

    @property
    def references(self) -> frozenset[str]:
        """The relative names that its templates refer to."""
        return frozenset(name for template in self.compose.values() for name in template.references)


def routes(spec: ParameterSyncSpec, sync_name: str) -> tuple[Route, ...]:
    """The targets of a sync with all defaults filled in.

    :raises ValueError: if two targets turn out to be the same object, or a template is none.
    """
    targets = spec.targets or DEFAULT_TARGETS
    has_config_map = any(target.kind is TargetKind.CONFIG_MAP for target in targets)
    defaults = {
        TargetKind.CONFIG_MAP: PLAIN,
        TargetKind.SECRET: SECURE if has_config_map else PLAIN | SECURE,
    }
    made = tuple(_route(spec, target, sync_name, defaults[target.kind]) for target in targets)
    if len({route.ref for route in made}) < len(made):
        raise ValueError(
            f"spec.targets: two targets are the same object, for a target without a name is named {sync_name};"
            " give every target of a kind a name of its own"
        )
    return made


def validated(spec: JsonValue, sync_name: str) -> tuple[ParameterSyncSpec | None, str]:
    """The spec of a sync of that name, or what is wrong with it."""
    try:
        found = ParameterSyncSpec.model_validate(spec)
        routes(found, sync_name)
    except ValidationError as error:
        return None, f"spec: {explain(error)}"
    except ValueError as error:
        return None, str(error)
    return found, ""


def _route(spec: ParameterSyncSpec, target: Target, sync_name: str, types: frozenset[ParameterType]) -> Route:
    ref = TargetRef(target.kind, target.name or sync_name)
    return Route(
        ref,
        frozenset(target.types) if target.types is not None else types,
        target.secret_type or SecretType.OPAQUE,
        Selection.of(target, secure=True),
        Naming.of(spec.keys, target.keys),
        target.string_list or spec.string_list or StringListForm.COMMA,
        target.files or (),
        {key: _template(ref, key, text) for key, text in sorted((target.compose or {}).items())},
        target.metadata or NO_METADATA,
    )


def _template(ref: TargetRef, key: str, text: str) -> Template:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"spec.targets: compose.{key} of {ref}: {error}") from None


def wants_secure(route_list: Iterable[Route]) -> bool:
    """Whether any target may take SecureStrings, so that they must be decrypted."""
    return any(
        route.types & SECURE or (route.references and route.ref.kind is TargetKind.SECRET) for route in route_list
    )


def route(
    winners: Mapping[str, Selected], route_list: Sequence[Route]
) -> tuple[dict[TargetRef, list[Selected]], list[Selected]]:
    """The parameters of each target, and those that no target takes or refers to."""
    taken = {each.ref: [selected for selected in winners.values() if each.takes(selected)] for each in route_list}
    used = frozenset[str]().union(*(each.references for each in route_list))
    used = used.union(*({selected.relative for selected in found} for found in taken.values()))
    return taken, [selected for relative, selected in winners.items() if relative not in used]
