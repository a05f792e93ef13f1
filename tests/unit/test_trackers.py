"""Which other tools hold an object to be theirs."""

import pytest

from paramsync.core.objects import Live
from paramsync.core.trackers import Tracked, tracked, tracker_of

from .builders import controller, live

MANAGED_BY = "app.kubernetes.io/managed-by"
CHART = "in its chart, annotate it with helm.sh/resource-policy: keep"


@pytest.mark.parametrize(
    ("found", "tool", "release", "marks"),
    [
        (live(labels={MANAGED_BY: "Helm"}), "Helm", CHART, [f"label {MANAGED_BY}"]),
        (live(labels={MANAGED_BY: "helm"}), "Helm", CHART, [f"label {MANAGED_BY}"]),
        (
            live(annotations={"meta.helm.sh/release-name": "x", "meta.helm.sh/release-namespace": "y"}),
            "Helm",
            CHART,
            ["annotation meta.helm.sh/release-name", "annotation meta.helm.sh/release-namespace"],
        ),
        (
            live(annotations={"argocd.argoproj.io/tracking-id": "pay:/Secret:payments/app"}),
            "Argo CD",
            "in Git, annotate it with argocd.argoproj.io/sync-options: Prune=false",
            ["annotation argocd.argoproj.io/tracking-id"],
        ),
        (
            live(labels={"argocd.argoproj.io/instance": "pay"}),
            "Argo CD",
            "in Git, annotate it with argocd.argoproj.io/sync-options: Prune=false",
            ["label argocd.argoproj.io/instance"],
        ),
        (
            live(labels={"kustomize.toolkit.fluxcd.io/name": "pay", "kustomize.toolkit.fluxcd.io/namespace": "flux"}),
            "Flux",
            "in Git, annotate it with kustomize.toolkit.fluxcd.io/prune: disabled",
            ["label kustomize.toolkit.fluxcd.io/name", "label kustomize.toolkit.fluxcd.io/namespace"],
        ),
        (
            live(labels={"helm.toolkit.fluxcd.io/name": "pay", MANAGED_BY: "Helm"}),
            "Flux and Helm",
            CHART,
            ["label helm.toolkit.fluxcd.io/name", f"label {MANAGED_BY}"],
        ),
        (
            live(labels={MANAGED_BY: "Helm"}, annotations={"argocd.argoproj.io/tracking-id": "pay"}),
            "Argo CD and Helm",
            "in Git, annotate it with argocd",
            ["annotation argocd.argoproj.io/tracking-id", f"label {MANAGED_BY}"],
        ),
        (
            live(labels={"reconcile.external-secrets.io/managed": "true"}),
            "External Secrets Operator",
            "give its ExternalSecret creationPolicy: Orphan and deletionPolicy: Retain",
            ["label reconcile.external-secrets.io/managed"],
        ),
        (
            live(labels={"reconcile.external-secrets.io/created-by": "5f2c"}),
            "External Secrets Operator",
            "give its ExternalSecret creationPolicy: Orphan and deletionPolicy: Retain",
            ["label reconcile.external-secrets.io/created-by"],
        ),
        (
            live(labels={"secrets-store.csi.k8s.io/managed": "true"}),
            "Secrets Store CSI driver",
            "take it out of secretObjects",
            ["label secrets-store.csi.k8s.io/managed"],
        ),
        (
            live(annotations={"sealedsecrets.bitnami.com/patch": "true"}),
            "Sealed Secrets",
            "delete its SealedSecret with --cascade=orphan",
            ["annotation sealedsecrets.bitnami.com/patch"],
        ),
        (
            live(annotations={"cert-manager.io/certificate-name": "app"}),
            "cert-manager",
            "delete its Certificate",
            ["annotation cert-manager.io/certificate-name"],
        ),
        (live(labels={MANAGED_BY: "terraform"}), "terraform", "terraform writes it no longer", [f"label {MANAGED_BY}"]),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_a_tool_is_known_by_its_marks_and_they_are_named(
    found: Live, tool: str, release: str, marks: list[str]
) -> None:
    by = tracked(found)
    assert by is not None
    assert by.tool == tool
    assert release in by.release
    assert list(by.marks) == marks


@pytest.mark.parametrize(
    "found",
    [
        live(),
        live(labels={"team": "pay", "app.kubernetes.io/instance": "app", "app.kubernetes.io/name": "helm"}),
        live(labels={MANAGED_BY: "paramsync"}),
        live(labels={"reconcile.external-secrets.io/managed": "false"}),
        live(annotations={"sealedsecrets.bitnami.com/managed": "false"}),
        live(annotations={"argocd.argoproj.io/sync-options": "Prune=false", "helm.sh/resource-policy": "keep"}),
        live(annotations={"kustomize.toolkit.fluxcd.io/prune": "disabled"}),
        live(annotations={"reconcile.external-secrets.io/data-hash": "5f2c"}),
    ],
    ids=["nothing", "common labels", "ours", "managed: false", "managed: false", "keep", "not pruned", "a hash"],
)
def test_what_a_tool_leaves_behind_when_it_let_go_is_no_mark(found: Live) -> None:
    assert tracked(found) is None


@pytest.mark.parametrize(
    ("api", "kind", "expected"),
    [
        ("external-secrets.io/v1", "ExternalSecret", "ExternalSecret app of External Secrets Operator"),
        ("external-secrets.io/v1beta1", "ExternalSecret", "ExternalSecret app of External Secrets Operator"),
        ("bitnami.com/v1alpha1", "SealedSecret", "SealedSecret app of Sealed Secrets"),
        ("cert-manager.io/v1", "Certificate", "Certificate app of cert-manager"),
    ],
)
def test_a_controller_of_a_known_tool_says_how_it_lets_go(api: str, kind: str, expected: str) -> None:
    by = tracker_of(controller(kind=kind, api=api))
    assert by.tool == expected
    assert "--cascade=orphan" in by.release
    assert by.marks == ()


@pytest.mark.parametrize(
    ("api", "kind"), [("apps/v1", "Deployment"), ("v1", "Pod"), ("example.com/v1", "ExternalSecret")]
)
def test_any_other_controller_is_deleted_alone(api: str, kind: str) -> None:
    assert tracker_of(controller(kind=kind, api=api)) == Tracked(
        f"{kind} app", f"delete {kind} app with --cascade=orphan"
    )
