"""Rights that were granted, compared with those that were used, as the API server's audit log tells it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tests.cluster.audit import AuditEntry

ALL = "*"
EVERYWHERE = ""
"""The namespace of what a ClusterRoleBinding grants, and of requests for all namespaces or cluster-scoped objects."""

ROLES = frozenset({"ClusterRole", "Role"})
BINDINGS = frozenset({"ClusterRoleBinding", "RoleBinding"})


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource. In one that is granted `*` means all, but for its namespace."""

    group: str
    resource: str
    """With its subresource: ``parametersyncs/status``."""
    verb: str
    name: str = ALL
    namespace: str = EVERYWHERE


@dataclass(frozen=True)
class Comparison:
    """What does not fit."""

    never_used: frozenset[Right]
    never_granted: frozenset[Right]


def granted(rules: Iterable[Mapping[str, Any]], namespace: str = EVERYWHERE) -> frozenset[Right]:
    """The rights of a role's rules.

    :param namespace: of the RoleBinding; EVERYWHERE for a ClusterRoleBinding.
    """
    return frozenset(
        Right(group, resource, verb, name, namespace)
        for rule in rules
        for group in rule.get("apiGroups", ())
        for resource in rule.get("resources", ())
        for verb in rule["verbs"]
        for name in rule.get("resourceNames") or [ALL]
    )


def granted_to(objects: Iterable[Mapping[str, Any]], home: str, account: str) -> frozenset[Right]:
    """The rights that the roles and bindings among some objects give to a service account.

    Raises KeyError if a role that is bound is not among them.
    """
    found = list(objects)
    subject = {"kind": "ServiceAccount", "namespace": home, "name": account}
    bindings = [each for each in found if each["kind"] in BINDINGS and subject in each["subjects"]]
    roles = {_key(each["kind"], each["metadata"]): each["rules"] for each in found if each["kind"] in ROLES}
    return frozenset(
        right
        for binding in bindings
        for right in granted(
            roles[_key(binding["roleRef"]["kind"], {**binding["metadata"], **binding["roleRef"]})],
            binding["metadata"].get("namespace", EVERYWHERE),
        )
    )


def used(entries: Iterable[AuditEntry], username: str) -> frozenset[Right]:
    """The rights that the requests of an account needed, those that were refused, too."""
    return frozenset(
        Right(entry.target.api_group, entry.resource, verb, entry.target.name, entry.target.namespace)
        for entry in entries
        if entry.username == username and entry.resource
        for verb in _verbs(entry)
    )


def compare(grants: frozenset[Right], uses: frozenset[Right]) -> Comparison:
    """Which rights were granted and never used, and which were used and never granted."""
    return Comparison(
        frozenset(grant for grant in grants if not any(_covers(grant, use) for use in uses)),
        frozenset(use for use in uses if not any(_covers(grant, use) for grant in grants)),
    )


def _key(kind: str, metadata: Mapping[str, Any]) -> tuple[str, str, str]:
    """What is unique to a role; a ClusterRole is in no namespace, whoever refers to it."""
    return kind, metadata.get("namespace", "") if kind == "Role" else "", metadata["name"]


def _verbs(entry: AuditEntry) -> tuple[str, ...]:
    """A server-side apply that makes an object is a patch to the log, and needs the right to create it, too."""
    made = entry.verb == "patch" and entry.response.code == HTTPStatus.CREATED
    return ("patch", "create") if made else (entry.verb,)


def _covers(grant: Right, use: Right) -> bool:
    """Whether RBAC allows a use by a grant; a name does not help who creates, lists or watches all."""
    return (
        grant.group in (ALL, use.group)
        and _resource_covers(grant.resource, use.resource)
        and grant.verb in (ALL, use.verb)
        and grant.name in (ALL, use.name)
        and grant.namespace in (EVERYWHERE, use.namespace)
    )


def _resource_covers(grant: str, use: str) -> bool:
    subresource = use.partition("/")[2]
    return grant in (ALL, use) or (bool(subresource) and grant == f"{ALL}/{subresource}")
