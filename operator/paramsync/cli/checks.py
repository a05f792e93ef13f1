"""The single checks of ``paramsync doctor``. What a finding means is decided in :mod:`paramsync.core.diagnosis`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from paramsync import __version__
from paramsync.api.definitions import KINDS, definitions
from paramsync.api.sources import StoreKind
from paramsync.api.store_status import StoreStatus
from paramsync.api.stores import ClusterParameterStoreSpec
from paramsync.core import diagnosis
from paramsync.core.diagnosis import Finding, Verdict
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Problem
from paramsync.core.stores import Store, StoreKey, cluster_spec, cluster_store
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, Customs
from paramsync.kube.errors import ApiError, Forbidden
from paramsync.kube.leases import Leases

if TYPE_CHECKING:
    from pydantic import JsonValue

    from paramsync.aws.identities.clients import Clients
    from paramsync.kube.installation import Deployment, Installation
    from paramsync.kube.transport import Transport
    from paramsync.runtime.settings import Settings

Findings = Iterator[Finding]


def at(header: str) -> datetime | None:
    """The moment that a header ``Date`` names; None if it names none."""
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


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


def store_statuses(customs: Customs) -> Findings:
    """What the operator says of each store that is an object."""
    for kind, plural in (
        (StoreKind.CLUSTER_PARAMETER_STORE, CLUSTER_STORES),
        (StoreKind.PARAMETER_STORE, PARAMETER_STORES),
    ):
        for found in customs.all(plural):
            where = f"{found.metadata.namespace}/" if found.metadata.namespace else ""
            try:
                status = StoreStatus.model_validate(found.status or {})
            except ValidationError:
                status = StoreStatus()
            yield diagnosis.of_store(f"{kind} {where}{found.metadata.name}", status)


def stores(customs: Customs, settings: Settings, clients: Clients) -> Findings:
    """Whether a page can be read with each ClusterParameterStore, by the credentials at hand; nothing is decrypted.

    With ParameterStores only the operator can read, for it alone has tokens of their service accounts.
    """
    found: list[tuple[str, ClusterParameterStoreSpec | JsonValue]] = [*settings.stores.items()]
    found += [(each.metadata.name, each.spec) for each in customs.all(CLUSTER_STORES)]
    for name, given in found:
        key = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, name)
        spec = given if isinstance(given, ClusterParameterStoreSpec) else cluster_spec(key, given)
        region = settings.region or clients.own_region()
        store = spec if isinstance(spec, Problem) else cluster_store(key, spec, region)
        if isinstance(store, Problem):
            yield Finding(str(key), Verdict.FAIL, store.message)
        else:
            yield _read(str(key), store, clients)


def _read(name: str, store: Store, clients: Clients) -> Finding:
    from paramsync.aws.errors import SourceError
    from paramsync.aws.listing import list_page
    from paramsync.core.pacing import Ticket

    path = next((path for rule in store.access for path in rule.paths if "{" not in path), None)
    if path is None:
        return Finding(name, Verdict.SKIP, "it allows no path without a placeholder, so that none was tried")
    try:
        page = list_page(clients, Subtree(store.identity, path), None, Ticket(), decrypt=False)
    except SourceError as error:
        return Finding(name, Verdict.WARN, f"with your credentials {path} cannot be read: {error}")
    return Finding(name, Verdict.OK, f"a page of {path} was read: {len(page.parameters)} parameters")


def aws() -> Findings:
    """Who the person is in AWS, and what time it is there."""
    from paramsync.aws.caller import caller
    from paramsync.aws.errors import SourceError

    try:
        found = caller()
    except SourceError as error:
        yield Finding("AWS", Verdict.WARN, f"STS does not say who you are: {error}")
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
        yield Finding(check, Verdict.SKIP, f"you may not look: {error}")
    except ApiError as error:
        yield Finding(check, Verdict.WARN, str(error))
