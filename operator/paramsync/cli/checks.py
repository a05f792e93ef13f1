"""The single checks of ``paramsync doctor``. What a finding means is decided in :mod:`paramsync.core.diagnosis`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from paramsync import __version__
from paramsync.api.definitions import KINDS, definitions
from paramsync.api.sources import StoreKind
from paramsync.api.store_status import StoreStatus
from paramsync.core import diagnosis
from paramsync.core.diagnosis import Finding, Verdict
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, Customs
from paramsync.kube.errors import ApiError, Forbidden
from paramsync.kube.leases import Leases

if TYPE_CHECKING:
    from paramsync.kube.installation import Deployment, Installation
    from paramsync.kube.transport import Transport
    from paramsync.kube.wire import CustomObject

Findings = Iterator[Finding]


def at(header: str) -> datetime | None:
    """The moment that a header ``Date`` names; None if it names none."""
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def credentials(transport: Transport) -> Findings:
    """Nothing, unless nothing proves who asks.

    :raises KubeconfigError: if there is no token where one is to be read.
    """
    if transport.is_anonymous:
        yield diagnosis.of_no_credentials()


def cluster(installation: Installation) -> Findings:
    """Whether the API server answers, and what time it is there.

    :raises ApiError: if it does not.
    """
    version, date = installation.version()
    yield diagnosis.of_version(version)
    yield diagnosis.of_clock("the API server", datetime.now(UTC), at(date))


def definitions_of(installation: Installation, customs: Customs) -> Findings:
    """Whether the definitions are there, and this version's."""
    for name, ours in definitions().items():
        try:
            yield diagnosis.of_definition(name, installation.definition(name), ours)
        except Forbidden:
            served = customs.are_served(kind.plural for kind in KINDS)
            verdict = Verdict.SKIP if served else Verdict.FAIL
            text = "they may not be read; all kinds are served" if served else "not all kinds are served"
            yield Finding("definitions", verdict, text, "" if served else "paramsync crds | kubectl apply -f -")
            return


def operators(installation: Installation, named: tuple[str, str] | None) -> list[Deployment] | Finding:
    """The operator's Deployments; or why none is known.

    :param named: the one that is meant; None: those that bear the chart's label.
    """
    hint = "name it with --operator NAMESPACE/NAME"
    try:
        if named is None:
            return [*installation.operators()] or Finding(
                "operator", Verdict.WARN, "none bears the chart's label", hint
            )
        found = installation.operator(*named)
    except Forbidden as error:
        return Finding("operator", Verdict.SKIP, f"you may not look: {error}", hint if named is None else "")
    return [found] if found is not None else Finding("operator", Verdict.FAIL, f"{'/'.join(named)} is not there")


def operator(installation: Installation, transport: Transport, found: Deployment, namespace: str) -> Findings:
    """Whether an operator runs, leads, is held by the policies, and has its rights.

    :param namespace: in which it is to have them; empty: in all.
    :raises ApiError: if something cannot be looked at.
    """
    wanted, ready = found.spec.replicas, found.status.ready_replicas
    yield diagnosis.of_image(__version__, found.image, ready, wanted)
    if found.lease is not None:
        yield from looked_at("leader", _leader(installation, transport, found.lease))
    yield from looked_at("policies", _policies(installation, found.account))
    yield from looked_at("rights of the operator", _rights(installation, found.account, namespace))


def _leader(installation: Installation, transport: Transport, name: tuple[str, str]) -> Findings:
    _, date = installation.version()
    yield diagnosis.of_lease("/".join(name), Leases(transport, *name).read(), at(date) or datetime.now(UTC))


def _policies(installation: Installation, account: str) -> Findings:
    yield diagnosis.of_policies(account, *installation.policies(account))


def _rights(installation: Installation, account: str, namespace: str) -> Findings:
    allowed = {right: installation.may(right, namespace, account) for right in diagnosis.OF_OPERATOR}
    yield diagnosis.of_operator_rights(account, _where(namespace), allowed)


def own_rights(installation: Installation, namespace: str) -> Findings:
    """Which of the commands the person may use."""
    allowed = {right: installation.may(right, namespace, None) for right in diagnosis.OF_PERSON}
    yield diagnosis.of_own_rights(_where(namespace), allowed)


def _where(namespace: str) -> str:
    return f"in namespace {namespace}" if namespace else "in all namespaces"


def store_statuses(customs: Customs, namespace: str) -> Findings:
    """What the operator says of each store that is an object.

    :param namespace: the one whose ParameterStores are looked at; empty: all.
    """
    of_cluster = _statuses(StoreKind.CLUSTER_PARAMETER_STORE, customs.all(CLUSTER_STORES))
    yield from looked_at("statuses of ClusterParameterStores", of_cluster)
    of_namespaces = _statuses(StoreKind.PARAMETER_STORE, customs.all(PARAMETER_STORES, namespace))
    yield from looked_at("statuses of ParameterStores", of_namespaces)


def _statuses(kind: StoreKind, stores: Iterable[CustomObject]) -> Findings:
    for found in stores:
        where = f"{found.metadata.namespace}/" if found.metadata.namespace else ""
        try:
            status = StoreStatus.model_validate(found.status or {})
        except ValidationError:
            status = StoreStatus()
        yield diagnosis.of_store(f"{kind} {where}{found.metadata.name}", status)


def aws() -> Findings:
    """Who the person is in AWS, and what time it is there."""
    from paramsync.aws.caller import caller
    from paramsync.aws.errors import SourceError

    from .aws import to_a_person

    try:
        found = caller()
    except SourceError as error:
        yield Finding("AWS", Verdict.WARN, f"STS does not say who you are: {to_a_person(str(error))}")
        return
    if found is None:
        yield Finding("AWS", Verdict.SKIP, "you have no credentials; the operator has its own")
        return
    yield Finding("AWS", Verdict.OK, f"you are {found.arn}")
    yield diagnosis.of_clock("AWS", datetime.now(UTC), at(found.date))


def looked_at(check: str, findings: Findings) -> Findings:
    """The findings of a check; of one that the API server does not allow or answer, why."""
    try:
        yield from findings
    except Forbidden as error:
        yield Finding(check, Verdict.SKIP, f"you may not look: {error.with_right}")
    except ApiError as error:
        yield Finding(check, Verdict.WARN, str(error))
