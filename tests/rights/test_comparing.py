"""The comparison of rights: what covers what, as RBAC sees it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.cluster.audit import AuditEntry
from tests.rights.comparing import EVERYWHERE, Right, compare, granted, granted_to, used

ME = "system:serviceaccount:home:paramsync"


def entry(verb: str, resource: str, name: str = "", namespace: str = "", **more: Any) -> AuditEntry:
    plain, _, subresource = resource.partition("/")
    target = {"apiGroup": more.get("group", ""), "resource": plain, "subresource": subresource}
    return AuditEntry.model_validate(
        {
            "verb": verb,
            "requestURI": "/",
            "user": {"username": more.get("username", ME)},
            "objectRef": {**target, "name": name, "namespace": namespace},
            "responseStatus": {"code": more.get("code", 200)},
            "requestReceivedTimestamp": "2026-03-01T12:00:00Z",
        }
    )


def rule(resource: str, *verbs: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **more}


def fits(grant: dict[str, Any], use: AuditEntry, namespace: str = EVERYWHERE) -> bool:
    """Whether a rule with one right and one request fit; if they do not, both sides say so."""
    grants, uses = granted([grant], namespace), used([use], ME)
    found = compare(grants, uses)
    assert (found.never_used, found.never_granted) in ((frozenset(), frozenset()), (grants, uses))
    return not found.never_used


def test_a_verb_that_was_never_used_and_one_that_was_never_granted_are_told() -> None:
    grants = granted([rule("secrets", "get", "patch")])
    found = compare(grants, used([entry("get", "secrets", "app", "t"), entry("delete", "secrets", "app", "t")], ME))
    assert found.never_used == {Right("", "secrets", "patch")}
    assert found.never_granted == {Right("", "secrets", "delete", "app", "t")}


@pytest.mark.parametrize(
    ("grant", "use", "expected"),
    [
        (rule("secrets", "get"), entry("get", "secrets", "app", "t"), True),
        (rule("secrets", "get"), entry("get", "configmaps", "app", "t"), False),
        (rule("secrets", "get"), entry("list", "secrets", "", "t"), False),
        (rule("events", "create", group="events.k8s.io"), entry("create", "events", "", "t"), False),
        (rule("secrets", "*"), entry("list", "secrets"), True),
        (rule("*", "get"), entry("get", "secrets", "app", "t"), True),
        (rule("secrets", "get", group="*"), entry("get", "secrets", "app", "t"), True),
        (rule("syncs", "patch"), entry("patch", "syncs/status", "app", "t"), False),
        (rule("syncs/status", "patch"), entry("patch", "syncs/status", "app", "t"), True),
        (rule("syncs/status", "patch"), entry("patch", "syncs", "app", "t"), False),
        (rule("*", "patch"), entry("patch", "syncs/status", "app", "t"), True),
        (rule("*/status", "patch"), entry("patch", "syncs/status", "app", "t"), True),
        (rule("*/status", "patch"), entry("patch", "syncs", "app", "t"), False),
        (rule("leases", "get", resourceNames=["ours"]), entry("get", "leases", "ours", "t"), True),
        (rule("leases", "get", resourceNames=["ours"]), entry("get", "leases", "theirs", "t"), False),
        (rule("leases", "create", resourceNames=["ours"]), entry("create", "leases", "", "t"), False),
        (rule("leases", "get", resourceNames=[]), entry("get", "leases", "any", "t"), True),
    ],
)
def test_a_rule_covers_what_rbac_says(grant: dict[str, Any], use: AuditEntry, expected: bool) -> None:
    assert fits(grant, use) is expected


def test_a_role_covers_its_own_namespace_only() -> None:
    grant = rule("leases", "get")
    assert fits(grant, entry("get", "leases", "ours", "home"), "home")
    assert not fits(grant, entry("get", "leases", "ours", "other"), "home")
    assert not fits(grant, entry("list", "leases"), "home"), "in all namespaces at once"


def test_an_apply_that_makes_an_object_needs_both_rights() -> None:
    rights = {right.verb for right in used([entry("patch", "secrets", "app", "t", code=201)], ME)}
    assert rights == {"patch", "create"}
    assert {right.verb for right in used([entry("patch", "secrets", "app", "t")], ME)} == {"patch"}


def test_what_others_ask_and_what_is_no_resource_do_not_count() -> None:
    assert used([entry("get", "secrets", "app", "t", username="admin"), entry("get", "")], ME) == frozenset()


def test_each_name_and_each_verb_of_a_rule_is_a_right_of_its_own() -> None:
    rules = [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, rule("leases", "get", resourceNames=["a", "b"])]
    assert granted(rules, "home") == {Right("", "leases", "get", name, "home") for name in "ab"}


def role(kind: str, name: str, *verbs: str, **metadata: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, **metadata}, "rules": [rule("secrets", *verbs)]}


def binding(to: str, name: str, account: str = "paramsync", **metadata: str) -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "home"}
    kind = "RoleBinding" if metadata else "ClusterRoleBinding"
    reference = {"kind": to, "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    return {"kind": kind, "metadata": {"name": "bound", **metadata}, "roleRef": reference, "subjects": [subject]}


def test_what_bindings_give_holds_where_they_are() -> None:
    roles = [role("ClusterRole", "a", "get"), role("Role", "a", "patch", namespace="t"), {"kind": "Service"}]
    secrets = {verb: Right("", "secrets", verb) for verb in ("get", "patch")}
    in_t = {verb: replace(right, namespace="t") for verb, right in secrets.items()}
    for bound, expected in (
        ([], set()),
        ([binding("ClusterRole", "a")], {secrets["get"]}),
        ([binding("ClusterRole", "a", namespace="t")], {in_t["get"]}),
        ([binding("Role", "a", namespace="t")], {in_t["patch"]}),
        ([binding("ClusterRole", "a"), binding("Role", "a", namespace="t")], {secrets["get"], in_t["patch"]}),
        ([binding("ClusterRole", "a", account="other")], set()),
    ):
        assert granted_to([*roles, *bound], "home", "paramsync") == expected
    with pytest.raises(KeyError):
        granted_to([*roles, binding("Role", "a", namespace="u")], "home", "paramsync")
