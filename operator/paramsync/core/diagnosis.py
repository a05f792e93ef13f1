"""What is wrong with an installation, by what was found of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from paramsync.api.status import ConditionType
from paramsync.api.store_status import StoreStatus

from .clock import timestamp
from .leases import Lease


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    """It could not be looked at, and need not be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has shown."""

    check: str
    verdict: Verdict
    text: str
    remedy: str = ""
    """What to mend, and how."""


OLDEST: Final = (1, 33)
"""The version of Kubernetes that the admission policies need."""

LITTLE: Final = timedelta(seconds=10)
MOST_SKEW: Final = timedelta(minutes=5)
"""By how much clocks may differ before AWS refuses what is signed (Signature Version 4)."""

_VERSION: Final = re.compile(r"v?([0-9]+)\.([0-9]+)")
_KEPT: Final = ("schema", "subresources", "additionalPrinterColumns", "served", "storage")


def of_no_credentials() -> Finding:
    """Of requests that nothing proves the sender of."""
    text = "none are sent: the kubeconfig's user has none, so that the API server knows you as system:anonymous"
    remedy = "give the kubeconfig's user credentials, or choose another context"
    return Finding("credentials", Verdict.WARN, text, remedy)


def of_no_answer(text: str, *, is_unauthorized: bool) -> Finding:
    """Of an API server that does not do what everybody may ask of it.

    :param is_unauthorized: whether it does not know who asks.
    """
    if is_unauthorized:
        remedy = "log in anew: the credentials of the kubeconfig's user have expired, or are another cluster's"
        return Finding("cluster", Verdict.FAIL, text, remedy)
    return Finding("cluster", Verdict.FAIL, text, "see whether the kubeconfig names the cluster you mean")


def of_version(version: str) -> Finding:
    """Of the API server's version."""
    found = _VERSION.match(version)
    if found is None:
        return Finding("cluster", Verdict.WARN, "the API server answers, and tells no version that is known")
    if (int(found[1]), int(found[2])) < OLDEST:
        remedy = "upgrade it: the admission policies need 1.33"
        return Finding("cluster", Verdict.WARN, f"the API server answers; Kubernetes {found[0]}", remedy)
    return Finding("cluster", Verdict.OK, f"the API server answers; Kubernetes {found[0]}")


def of_clock(whose: str, here: datetime, there: datetime | None) -> Finding:
    """Of the difference between the clock here and another one, which is told in whole seconds.

    :param whose: the name of the other one.
    """
    check = f"clock of {whose}"
    if there is None:
        return Finding(check, Verdict.SKIP, "it is not told")
    skew = here - there
    text = f"the clock here is {abs(skew.total_seconds()):.0f} s {'ahead' if skew > timedelta(0) else 'behind'}"
    if abs(skew) <= LITTLE:
        return Finding(check, Verdict.OK, f"it differs from the clock here by less than {LITTLE.total_seconds():.0f} s")
    remedy = "set it by NTP: AWS refuses what is signed with a clock that is wrong by more than 5 minutes"
    return Finding(check, Verdict.FAIL if abs(skew) >= MOST_SKEW else Verdict.WARN, text, remedy)


def of_definition(name: str, found: Mapping[str, JsonValue] | None, ours: Mapping[str, JsonValue]) -> Finding:
    """Of a definition in the cluster.

    :param found: None if it is not there.
    :param ours: as this version has it.
    """
    check, remedy = f"definition {name.partition('.')[0]}", "paramsync crds | kubectl apply --server-side -f -"
    if found is None:
        return Finding(check, Verdict.FAIL, "it is not there", remedy)
    if _served(found) != _served(ours):
        return Finding(check, Verdict.WARN, "it is another version's than this command's, or was changed", remedy)
    return Finding(check, Verdict.OK, "it is this version's")


def _served(definition: Mapping[str, JsonValue]) -> list[dict[str, JsonValue]]:
    spec = definition.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    return [
        {part: each[part] for part in ("name", *_KEPT) if part in each}
        for each in (versions if isinstance(versions, list) else ())
        if isinstance(each, dict)
    ]


def of_policies(account: str, policies: int, unbound: Sequence[str]) -> Finding:
    """Of the admission policies.

    :param policies: how many there are that hold the operator's account to its own objects.
    :param unbound: those of them that no binding puts into force.
    """
    if not policies:
        remedy = "apply deploy/policies/, or set policies.enabled in the chart: rights alone cannot say 'only ours'"
        return Finding("policies", Verdict.WARN, f"none is about {account}", remedy)
    if unbound:
        return Finding(
            "policies", Verdict.WARN, f"without a binding: {', '.join(unbound)}", "apply deploy/policies/ again"
        )
    return Finding("policies", Verdict.OK, f"{policies} hold {account} to its own objects")


def of_lease(name: str, lease: Lease, now: datetime) -> Finding:
    """Of who leads.

    :param now: by the API server's clock.
    """
    check, remedy = "leader", "see whether the operator's pods run, and their log"
    if lease.version is None:
        return Finding(check, Verdict.FAIL, f"Lease {name} is not there: no replica has led yet", remedy)
    if not lease.holder:
        return Finding(
            check, Verdict.WARN, f"nobody holds Lease {name}: nothing is written until somebody does", remedy
        )
    renewed = "never" if lease.renewed is None else timestamp(lease.renewed)
    if lease.renewed is None or now - lease.renewed > timedelta(seconds=lease.duration) + LITTLE:
        text = f"{lease.holder} holds Lease {name} and renewed it last at {renewed}: it writes nothing any more"
        return Finding(check, Verdict.FAIL, text, remedy)
    return Finding(check, Verdict.OK, f"{lease.holder} leads")


def of_store(name: str, status: StoreStatus) -> Finding:
    """Of what the operator says of a store, which it reads with credentials that nobody else has."""
    ready, last = status.condition(ConditionType.READY), status.last_error
    check = f"{name}, by its status"
    if ready is None or ready.status == "Unknown":
        return Finding(check, Verdict.WARN, "the operator has said nothing of it yet", "see whether the operator runs")
    text = f"{ready.reason}: {ready.message}"
    if ready.status != "True":
        return Finding(check, Verdict.FAIL, text)
    if last is not None and last.until is None:
        return Finding(check, Verdict.WARN, f"{text}; since {last.since} {last.reason}: {last.message}")
    return Finding(check, Verdict.OK, text)


@dataclass(frozen=True, slots=True)
class Right:
    """Something that an account may do, or not."""

    group: str
    resource: str
    verb: str
    is_namespaced: bool = True
    only_for: str = ""
    """What needs it, if not everything does."""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


def rights(group: str, resource: str, verbs: str, *, is_namespaced: bool = True, only_for: str = "") -> list[Right]:
    """Several rights on a resource, with spaces between their verbs."""
    return [Right(group, resource, verb, is_namespaced, only_for) for verb in verbs.split()]


OURS: Final = "paramsync.dev"

OF_OPERATOR: Final[Sequence[Right]] = (
    *rights("", "secrets", "get create patch delete"),
    *rights("", "configmaps", "get create patch delete"),
    *rights(OURS, "parametersyncs", "get list watch"),
    *rights(OURS, "parametersyncs/status", "patch"),
    *rights("events.k8s.io", "events", "create"),
    *rights(OURS, "parameterstores", "get list watch"),
    *rights(OURS, "parameterstores/status", "patch", only_for="the status of ParameterStores"),
    *rights(OURS, "clusterparameterstores", "get list watch", is_namespaced=False, only_for="ClusterParameterStores"),
    *rights(
        OURS,
        "clusterparameterstores/status",
        "patch",
        is_namespaced=False,
        only_for="the status of ClusterParameterStores",
    ),
    *rights("", "namespaces", "get", is_namespaced=False, only_for="stores that ask for labels of namespaces"),
    *rights("", "serviceaccounts", "get", only_for="ParameterStores"),
    *rights("", "serviceaccounts/token", "create", only_for="ParameterStores"),
)
"""What the chart gives the operator's account (docs/install.md, "Rights"), but for its Lease."""

OF_PERSON: Final[Sequence[Right]] = (
    *rights(OURS, "parametersyncs", "get", only_for="explain and plan"),
    *rights("", "configmaps", "get", only_for="explain and plan"),
    *rights("", "secrets", "get", only_for="explain of Secrets, and plan"),
    *rights(OURS, "parametersyncs", "patch", only_for="refresh, suspend, resume and approve"),
    *rights(OURS, "parameterstores", "get", only_for="plan"),
    *rights(OURS, "clusterparameterstores", "get", is_namespaced=False, only_for="plan"),
)
"""What the commands need."""


def of_operator_rights(account: str, where: str, allowed: Mapping[Right, bool]) -> Finding:
    """Of the rights of the operator's account.

    :param where: in words.
    """
    missing = [right for right, is_allowed in allowed.items() if not is_allowed]
    needed = [str(right) for right in missing if not right.only_for]
    check = "rights of the operator"
    if needed:
        remedy = "give it what docs/install.md#rights lists; where it serves some namespaces alone, name one with -n"
        return Finding(check, Verdict.FAIL, f"{account} may not {', '.join(needed)} {where}", remedy)
    if missing:
        rest = "; ".join(f"{right} (for {right.only_for})" for right in missing)
        return Finding(check, Verdict.OK, f"{account} has what it needs {where}, but for {rest}")
    return Finding(check, Verdict.OK, f"{account} has all {where}")


def of_own_rights(where: str, allowed: Mapping[Right, bool]) -> Finding:
    """Of the rights of who runs the command."""
    missing = "; ".join(f"{right} (for {right.only_for})" for right, is_allowed in allowed.items() if not is_allowed)
    if missing:
        return Finding("your rights", Verdict.WARN, f"you may not {missing} {where}", "ask for what you need")
    return Finding("your rights", Verdict.OK, f"you may use all commands {where}")


def of_image(version: str, image: str, ready: int, wanted: int) -> Finding:
    """Of the operator's Deployment.

    :param version: of this command.
    """
    text = f"{ready} of {wanted} replicas are ready, with {image}"
    if not ready:
        return Finding(
            "operator", Verdict.FAIL, text, "see why its pods are not ready: kubectl describe pod, and its log"
        )
    if ready < wanted:
        return Finding("operator", Verdict.WARN, text, "see why a pod is not ready: kubectl describe pod")
    tag = image.partition("@")[0].rpartition(":")[2]
    if _VERSION.match(tag) and tag.removeprefix("v") != version:
        return Finding(
            "operator", Verdict.WARN, text, f"this command is {version}: use the one of the operator's version"
        )
    return Finding("operator", Verdict.OK, text)


def is_bad(findings: Sequence[Finding]) -> bool:
    """Whether anything has to be mended."""
    return any(each.verdict is Verdict.FAIL for each in findings)
