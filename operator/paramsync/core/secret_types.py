"""What a Secret of each type must hold. The API server refuses one that lacks it; so it is checked before any write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from paramsync.api.sync import SecretType

from .objects import SecretContent
from .provenance import Origin, Provenance
from .reasons import Problem, Reason
from .values import SecureValue


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that a type asks of a Secret: a key, and a value that will do."""

    keys: tuple[str, ...]
    """Any one of them suffices."""

    suits: Callable[[SecureValue], bool] = lambda _: True
    what: str = "value"
    """What a value that suits is."""


DEMANDS: Final[Mapping[SecretType, tuple[Demand, ...]]] = {
    SecretType.OPAQUE: (),
    SecretType.TLS: (Demand(("tls.crt",)), Demand(("tls.key",))),
    SecretType.BASIC_AUTH: (Demand(("username", "password")),),
    SecretType.SSH_AUTH: (Demand(("ssh-privatekey",), lambda value: value.size > 0, "content"),),
    SecretType.DOCKER_CONFIG_JSON: (Demand((".dockerconfigjson",), SecureValue.is_json_object, "JSON object"),),
}
"""As the API server checks them (Kubernetes: ``ValidateSecret``)."""

_OPTIONAL: Final[Mapping[SecretType, frozenset[str]]] = {SecretType.TLS: frozenset({"ca.crt"})}


def own_keys(secret_type: SecretType) -> frozenset[str]:
    """The keys that have a meaning in a type: a parameter that is named like one keeps its name as its key."""
    demanded = (key for demand in DEMANDS[secret_type] for key in demand.keys)
    return frozenset(demanded) | _OPTIONAL.get(secret_type, frozenset())


def json_keys(secret_type: SecretType) -> frozenset[str]:
    """The keys of a type that must hold a JSON object."""
    asked = (demand.keys for demand in DEMANDS[secret_type] if demand.suits is SecureValue.is_json_object)
    return frozenset(key for keys in asked for key in keys)


def problems(content: SecretContent, origins: Sequence[Origin], path: str) -> tuple[Problem, ...]:
    """Why a Secret cannot be of its type, if it cannot.

    :param origins: the sources that the content's entries speak of.
    :param path: the path of a source, where a parameter that is missing could be.
    """
    found = (_problem(content, demand, origins, path) for demand in DEMANDS[content.type])
    return tuple(problem for problem in found if problem is not None)


def _problem(content: SecretContent, demand: Demand, origins: Sequence[Origin], path: str) -> Problem | None:
    present = [key for key in demand.keys if key in content.data]
    if not present:
        return _missing(content, demand, path)
    unfit = next((key for key in present if not demand.suits(content.data[key])), None)
    return None if unfit is None else _unfit(content, unfit, demand, origins)


def _missing(content: SecretContent, demand: Demand, path: str) -> Problem:
    names = " or ".join(demand.keys)
    places = " or ".join(f"{path.rstrip('/')}/{key}" for key in demand.keys)
    return Problem(
        Reason.KEY_MISSING,
        str(content.ref),
        f"{content.ref} would have no key {names}, which a Secret of type {content.type} must have. Nothing was"
        f" written. Create the parameter {places}, with a type that this target takes, or let keys.rename give the key",
    )


def _unfit(content: SecretContent, key: str, demand: Demand, origins: Sequence[Origin]) -> Problem:
    name = Provenance(tuple(origins), content.entries).name_of(key)
    return Problem(
        Reason.INVALID_VALUE,
        name or f"{content.ref}/{key}",
        f"The key {key} of {content.ref} would hold no {demand.what}, which a Secret of type {content.type} must have"
        f" there. Nothing was written. Correct {f'parameter {name}' if name else 'its parameter'}",
    )
