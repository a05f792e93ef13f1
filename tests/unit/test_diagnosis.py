"""What is wrong with an installation, by what was found of it."""

from datetime import timedelta

import pytest

from paramsync.api.definitions import definitions
from paramsync.api.store_status import StoreStatus
from paramsync.core import diagnosis
from paramsync.core.diagnosis import OF_OPERATOR, OF_PERSON, Finding, Right, Verdict, is_bad
from paramsync.core.leases import Lease

from .builders import NOW

ACCOUNT = "system:serviceaccount:paramsync:paramsync"
SYNCS = "parametersyncs.paramsync.dev"


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("v1.36.3", Verdict.OK),
        ("v1.33.0-eks-abc", Verdict.OK),
        ("1.40+", Verdict.OK),
        ("v2.0", Verdict.OK),
        ("v1.32.9", Verdict.WARN),
        ("", Verdict.WARN),
    ],
)
def test_the_version_of_the_cluster(version: str, verdict: Verdict) -> None:
    assert diagnosis.of_version(version).verdict is verdict


@pytest.mark.parametrize(
    ("seconds", "verdict", "text"),
    [
        (0, Verdict.OK, "less than 10 s"),
        (10, Verdict.OK, "less than 10 s"),
        (-11, Verdict.WARN, "11 s behind"),
        (299, Verdict.WARN, "299 s ahead"),
        (300, Verdict.FAIL, "300 s ahead"),
        (-4000, Verdict.FAIL, "4000 s behind"),
    ],
)
def test_clocks(seconds: int, verdict: Verdict, text: str) -> None:
    found = diagnosis.of_clock("AWS", NOW + timedelta(seconds=seconds), NOW)
    assert found.verdict is verdict
    assert text in found.text
    assert bool(found.remedy) == (verdict is not Verdict.OK)
    assert diagnosis.of_clock("AWS", NOW, None).verdict is Verdict.SKIP


def test_definitions() -> None:
    ours = definitions()[SYNCS]
    stored = {**ours, "spec": {**ours["spec"], "conversion": {"strategy": "None"}}, "status": {}}
    assert diagnosis.of_definition(SYNCS, stored, ours).verdict is Verdict.OK
    assert diagnosis.of_definition(SYNCS, None, ours).verdict is Verdict.FAIL
    other = definitions()["parameterstores.paramsync.dev"]
    assert diagnosis.of_definition(SYNCS, other, ours).verdict is Verdict.WARN
    assert diagnosis.of_definition(SYNCS, {}, ours).verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("policies", "unbound", "verdict"), [(7, [], Verdict.OK), (0, [], Verdict.WARN), (7, ["x-targets"], Verdict.WARN)]
)
def test_policies(policies: int, unbound: list[str], verdict: Verdict) -> None:
    found = diagnosis.of_policies(ACCOUNT, policies, unbound)
    assert found.verdict is verdict
    assert all(name in found.text for name in unbound)


@pytest.mark.parametrize(
    ("lease", "verdict", "text"),
    [
        (Lease("pod-1", 10, NOW, NOW, 1, "7"), Verdict.OK, "pod-1 leads"),
        (Lease("pod-1", 10, NOW, NOW - timedelta(seconds=20), 1, "7"), Verdict.OK, "pod-1 leads"),
        (
            Lease("pod-1", 10, NOW, NOW - timedelta(seconds=21), 1, "7"),
            Verdict.FAIL,
            "renewed it last at 2026-03-01T11",
        ),
        (Lease("pod-1", 10, None, None, 1, "7"), Verdict.FAIL, "renewed it last at never"),
        (Lease("", 10, NOW, NOW, 1, "7"), Verdict.WARN, "nobody holds"),
        (Lease(), Verdict.FAIL, "is not there"),
    ],
)
def test_the_leader(lease: Lease, verdict: Verdict, text: str) -> None:
    found = diagnosis.of_lease("paramsync/paramsync", lease, NOW)
    assert found.verdict is verdict
    assert text in found.text


def allowed(*missing: str) -> dict[Right, bool]:
    return {right: str(right) not in missing for right in OF_OPERATOR}


def test_rights_of_the_operator() -> None:
    assert diagnosis.of_operator_rights(ACCOUNT, "in all", allowed()).verdict is Verdict.OK
    some = diagnosis.of_operator_rights(ACCOUNT, "in all", allowed("create serviceaccounts/token"))
    assert some.verdict is Verdict.OK
    assert "create serviceaccounts/token (for ParameterStores)" in some.text
    bad = diagnosis.of_operator_rights(ACCOUNT, "in all", allowed("patch secrets", "create serviceaccounts/token"))
    assert bad.verdict is Verdict.FAIL
    assert bad.text == f"{ACCOUNT} may not patch secrets in all"


def test_rights_of_a_person() -> None:
    assert diagnosis.of_own_rights("in all", dict.fromkeys(OF_PERSON, True)).verdict is Verdict.OK
    found = diagnosis.of_own_rights("in all", {right: right.verb == "get" for right in OF_PERSON})
    assert found.verdict is Verdict.WARN
    assert found.text == (
        "you may not patch parametersyncs.paramsync.dev (for refresh, suspend, resume and approve) in all"
    )


@pytest.mark.parametrize(
    ("pulled", "ready", "verdict"),
    [
        ("registry/paramsync:0.1.0", 2, Verdict.OK),
        ("registry/paramsync:v0.1.0@sha256:0", 2, Verdict.OK),
        ("registry:5000/paramsync@sha256:0", 2, Verdict.OK),
        ("registry/paramsync:0.2.0", 2, Verdict.WARN),
        ("registry/paramsync:0.1.0", 1, Verdict.WARN),
        ("registry/paramsync:0.1.0", 0, Verdict.FAIL),
    ],
)
def test_the_deployment(pulled: str, ready: int, verdict: Verdict) -> None:
    assert diagnosis.of_image("0.1.0", pulled, ready, 2).verdict is verdict


def test_only_a_failure_is_bad() -> None:
    each = {verdict: Finding("x", verdict, "y") for verdict in Verdict}
    assert is_bad([*each.values()])
    assert not is_bad([each[verdict] for verdict in Verdict if verdict is not Verdict.FAIL])


@pytest.mark.parametrize(
    ("ready", "error", "verdict", "text"),
    [
        (("True", "Serving"), None, Verdict.OK, "Serving: as it is"),
        (("True", "Serving"), {}, Verdict.WARN, "Serving: as it is; since 2026-03-01T12:00:00Z AccessDenied: not /a"),
        (("True", "Serving"), {"until": "2026-03-01T13:00:00Z"}, Verdict.OK, "Serving: as it is"),
        (("False", "AccessDenied"), {}, Verdict.FAIL, "AccessDenied: as it is"),
        (("Unknown", "Pending"), None, Verdict.WARN, "the operator has said nothing of it yet"),
        (None, None, Verdict.WARN, "the operator has said nothing of it yet"),
    ],
)
def test_what_the_operator_says_of_a_store(
    ready: tuple[str, str] | None, error: dict[str, str] | None, verdict: Verdict, text: str
) -> None:
    at = "2026-03-01T12:00:00Z"
    given: dict[str, object] = {}
    if ready is not None:
        condition = {"type": "Ready", "status": ready[0], "reason": ready[1], "message": "as it is"}
        given["conditions"] = [condition | {"lastTransitionTime": at}]
    if error is not None:
        given["lastError"] = {"reason": "AccessDenied", "message": "not /a", "since": at, **error}
    found = diagnosis.of_store("ClusterParameterStore main", StoreStatus.model_validate(given))
    assert (found.check, found.verdict) == ("ClusterParameterStore main, by its status", verdict)
    assert found.text == text
