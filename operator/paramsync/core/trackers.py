"""The tools that hold an object to be theirs. Each would go on writing, or one day delete, what a sync took over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from .objects import MANAGED_BY, MANAGED_BY_LABEL, Controller, Live

ANY: Final = None
"""Of a mark that counts whatever its value is."""

Marks = Mapping[str, str | None]
"""By name of the label or annotation, the one value that counts."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """That a tool holds an object to be its own."""

    tool: str
    release: str
    """What makes the tool let go of the object without deleting it."""

    marks: tuple[str, ...] = ()
    """What on the object shows it and has to be removed from it: ``label x``, ``annotation y``."""


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tool, what it marks its objects with, and how it lets go of one without deleting it."""

    tool: str
    release: str
    labels: Marks = field(default_factory=dict)
    annotations: Marks = field(default_factory=dict)
    controller: tuple[str, str] | None = None
    """Group and kind of what controls its objects."""

    def marks_on(self, labels: Mapping[str, str], annotations: Mapping[str, str]) -> tuple[str, ...]:
        """Which of its marks an object with these bears."""
        on_labels = (f"label {name}" for name in _found(self.labels, labels))
        return (*on_labels, *(f"annotation {name}" for name in _found(self.annotations, annotations)))


def _found(marks: Marks, there: Mapping[str, str]) -> Iterator[str]:
    for name, counts in marks.items():
        value = there.get(name)
        if value is not None and (counts is ANY or value.lower() == counts.lower()):
            yield name


_FROM_CHART: Final = (
    "in its chart, annotate it with helm.sh/resource-policy: keep, upgrade, and take it out of the chart"
)

# As the tools' sources have them. Argo CD: common/common.go; Flux: pkg/ssa; Helm: pkg/action/validate.go; External
# Secrets: apis/externalsecrets (one marks whatever it writes, and is its controller under creationPolicy Owner alone);
# the CSI driver: controllers/ (its owner references control nothing); Sealed Secrets: pkg/apis/sealedsecrets;
# cert-manager: pkg/apis/certmanager (by default there is no owner reference).
TRACKERS: Final = (
    Tracker(
        "Argo CD",
        "in Git, annotate it with argocd.argoproj.io/sync-options: Prune=false, sync, and take it out of Git",
        labels={"argocd.argoproj.io/instance": ANY},
        annotations={"argocd.argoproj.io/tracking-id": ANY, "argocd.argoproj.io/installation-id": ANY},
    ),
    Tracker(
        "Flux",
        "in Git, annotate it with kustomize.toolkit.fluxcd.io/prune: disabled, reconcile, and take it out of Git",
        labels={"kustomize.toolkit.fluxcd.io/name": ANY, "kustomize.toolkit.fluxcd.io/namespace": ANY},
    ),
    Tracker(
        "Flux",
        _FROM_CHART,
        labels={"helm.toolkit.fluxcd.io/name": ANY, "helm.toolkit.fluxcd.io/namespace": ANY},
    ),
    Tracker(
        "Helm",
        _FROM_CHART,
        labels={MANAGED_BY_LABEL: "Helm"},
        annotations={"meta.helm.sh/release-name": ANY, "meta.helm.sh/release-namespace": ANY},
    ),
    Tracker(
        "External Secrets Operator",
        "give its ExternalSecret creationPolicy: Orphan and deletionPolicy: Retain, wait until no owner reference names"
        " it, and delete the ExternalSecret with --cascade=orphan",
        labels={"reconcile.external-secrets.io/managed": "true", "reconcile.external-secrets.io/created-by": ANY},
        controller=("external-secrets.io", "ExternalSecret"),
    ),
    Tracker(
        "Secrets Store CSI driver",
        "take it out of secretObjects in its SecretProviderClass",
        labels={"secrets-store.csi.k8s.io/managed": "true"},
    ),
    Tracker(
        "Sealed Secrets",
        "delete its SealedSecret with --cascade=orphan",
        annotations={
            "sealedsecrets.bitnami.com/managed": "true",
            "sealedsecrets.bitnami.com/patch": "true",
            "sealedsecrets.bitnami.com/skip-set-owner-references": "true",
        },
        controller=("bitnami.com", "SealedSecret"),
    ),
    Tracker(
        "cert-manager",
        "delete its Certificate with --cascade=orphan",
        annotations={"cert-manager.io/certificate-name": ANY},
        controller=("cert-manager.io", "Certificate"),
    ),
)


FROM_GIT: Final = frozenset({"Argo CD", "Flux"})
"""The tools that undo what somebody changes of their objects."""


def tracked(live: Live) -> Tracked | None:
    """The tools whose marks an object bears, as one; None if there are none.

    Of several, the first says how it lets go: Argo CD and Flux render charts, whose objects name Helm as well. The
    label ``app.kubernetes.io/managed-by`` counts for any tool: it has to become ours.
    """
    found = [(tracker, marks) for tracker in TRACKERS if (marks := tracker.marks_on(live.labels, live.annotations))]
    if found:
        tools = dict.fromkeys(tracker.tool for tracker, _ in found)
        marks = tuple(mark for _, marks in found for mark in marks)
        return Tracked(" and ".join(tools), found[0][0].release, marks)
    tool = live.labels.get(MANAGED_BY_LABEL, MANAGED_BY)
    if tool == MANAGED_BY:
        return None
    return Tracked(tool, f"see to it that {tool} writes it no longer", (f"label {MANAGED_BY_LABEL}",))


def keeper(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str | None:
    """The tool that puts an object with these back to what Git says; None if none is known to."""
    return next((each.tool for each in TRACKERS if each.tool in FROM_GIT and each.marks_on(labels, annotations)), None)


def tracker_of(controller: Controller) -> Tracked:
    """What controls an object, and how it lets go of the object."""
    group = controller.api_version.rpartition("/")[0]
    name = f"{controller.kind} {controller.name}"
    for each in TRACKERS:
        if each.controller == (group, controller.kind):
            return Tracked(f"{name} of {each.tool}", each.release)
    return Tracked(name, f"delete {name} with --cascade=orphan")
