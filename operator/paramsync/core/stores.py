"""What a store's spec means: who to be in AWS and where, or why the store cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from pydantic import JsonValue, ValidationError

from paramsync.api.errors import explain
from paramsync.api.roles import is_role_arn
from paramsync.api.sources import StoreKind, StoreRef
from paramsync.api.stores import AccessRule, ClusterParameterStoreSpec, ParameterStoreSpec, RoleFields
from paramsync.api.sync import ParameterSyncSpec

from .identity import Identity, Role, ServiceAccount
from .reasons import Problem, Reason

ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"
"""Names the role of a service account (IRSA)."""

LONGEST_SESSION: Final = 64
"""Of a role session's name (AssumeRole, AWS API reference), which has [a-zA-Z0-9_+=,.@-]."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store that can be used: who to be and where, and who may read what."""

    identity: Identity
    access: tuple[AccessRule, ...]


@dataclass(frozen=True, slots=True)
class StoreKey:
    """Names a store in the whole cluster."""

    kind: StoreKind
    name: str
    namespace: str = ""
    """Empty for a ClusterParameterStore."""

    @classmethod
    def of(cls, ref: StoreRef, namespace: str) -> "StoreKey":
        """The store that a sync of a namespace means: a ParameterStore is always one of its own namespace.

        :param ref: with kind and name.
        """
        if ref.kind is StoreKind.PARAMETER_STORE:
            return cls(ref.kind, str(ref.name), namespace)
        return cls(StoreKind.CLUSTER_PARAMETER_STORE, str(ref.name))

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def problem(self, reason: Reason, text: str) -> Problem:
        """A problem of this store; the text goes on after its kind and name."""
        return Problem(reason, str(self), f"{self} {text}")

    @property
    def not_found(self) -> Problem:
        """The problem of a store that is not there."""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return self.problem(
            Reason.STORE_NOT_FOUND, f"does not exist{where}; create it, or name another in spec.storeRef"
        )

    @property
    def not_readable(self) -> Problem:
        """The problem of a ClusterParameterStore where nothing is read but some namespaces."""
        return self.problem(
            Reason.STORE_NOT_FOUND,
            "does not stand in the operator's settings file, and this installation reads no cluster-scoped objects"
            " (watchNamespaces); let it be added to the file's stores, or name a ParameterStore in spec.storeRef",
        )

    @property
    def is_there_twice(self) -> Problem:
        """The problem of a store that two speak of."""
        return self.problem(
            Reason.STORE_INVALID,
            "stands both in the operator's settings file and as an object; neither is used until one is removed",
        )

    @property
    def session(self) -> str:
        """The name of its sessions in CloudTrail: another one for every store."""
        if self.kind is StoreKind.PARAMETER_STORE:
            return shortened_session(f"paramsync@{self.namespace}.{self.name}")
        return shortened_session(f"paramsync-cluster@{self.name}")


def store_keys(spec: ParameterSyncSpec, namespace: str) -> list[StoreKey]:
    """The store of each source of a sync, in their order."""
    return [StoreKey.of(spec.store_of(source), namespace) for source in spec.sources]


def shortened_session(name: str) -> str:
    """A session's name that is not too long, and as unique as it was: no store's name has a "="."""
    if len(name) <= LONGEST_SESSION:
        return name
    digest = sha256(name.encode()).hexdigest()[:16]
    return f"{name[: LONGEST_SESSION - len(digest) - 1]}={digest}"


def cluster_spec(key: StoreKey, spec: JsonValue) -> ClusterParameterStoreSpec | Problem:
    """The validated spec of a ClusterParameterStore, or what is wrong with it."""
    try:
        return ClusterParameterStoreSpec.model_validate(spec)
    except ValidationError as error:
        return key.problem(Reason.STORE_INVALID, f"is not valid: {explain(error)}")


def namespaced_spec(key: StoreKey, spec: JsonValue) -> ParameterStoreSpec | Problem:
    """The validated spec of a ParameterStore, or what is wrong with it."""
    try:
        return ParameterStoreSpec.model_validate(spec)
    except ValidationError as error:
        return key.problem(Reason.STORE_INVALID, f"is not valid: {explain(error)}")


def cluster_store(key: StoreKey, spec: ClusterParameterStoreSpec, region: str | None) -> Store | Problem:
    """A ClusterParameterStore that can be used. It reads as the operator, or as a role that the operator assumes.

    :param region: of stores that name none, if there is one.
    """
    role = _role(spec)
    where = spec.region or region
    if where is None:
        return _no_region(key)
    # Without a role the store's name is no part of the identity: what is the same to AWS is read once.
    session = key.session if role else ""
    return Store(Identity(where, spec.endpoint, role=role, session=session), spec.access)


def namespaced_store(
    key: StoreKey, spec: ParameterStoreSpec, region: str | None, annotations: Mapping[str, str] | None
) -> Store | Problem:
    """A ParameterStore that can be used. It reads as a service account of its namespace, and serves that alone.

    :param region: of stores that name none, if there is one.
    :param annotations: of the service account; None if there is no such account.
    """
    name = spec.service_account_ref.name
    account = f"service account {name} of namespace {key.namespace}"
    if annotations is None:
        return key.problem(
            Reason.STORE_INVALID,
            f"reads as {account}, which does not exist; create it with the annotation {ROLE_ANNOTATION},"
            " or name another in spec.serviceAccountRef",
        )
    arn = annotations.get(ROLE_ANNOTATION, "")
    if not is_role_arn(arn):
        wrong = "is not the ARN of an IAM role" if arn else "is missing"
        return key.problem(
            Reason.STORE_INVALID,
            f"reads as {account}, whose annotation {ROLE_ANNOTATION} {wrong};"
            " annotate it with the ARN of the role to read with, such as arn:aws:iam::111122223333:role/params",
        )
    where = spec.region or region
    if where is None:
        return _no_region(key)
    identity = Identity(
        where,
        service_account=ServiceAccount(key.namespace, name, arn),
        role=_role(spec),
        session=key.session,
    )
    return Store(identity, (AccessRule(namespaces=(key.namespace,), paths=("/",)),))


def _role(spec: RoleFields) -> Role | None:
    if spec.role_arn is None:
        return None
    return Role(spec.role_arn, spec.external_id, tuple(sorted((spec.session_tags or {}).items())))


def _no_region(key: StoreKey) -> Problem:
    return key.problem(Reason.STORE_INVALID, "names no Region, and the operator has none of its own; set spec.region")
