"""A sync that gives its targets labels and annotations, and what they have of them."""

from tests.e2e.scene import SOON, Json, Scene

SLOW = "5m"
KINDS = ("Secret", "ConfigMap")
NOTE = "reloader.stakater.com/match"
LIST = "paramsync.dev/metadata"
MARK = {"app.kubernetes.io/managed-by": "paramsync"}


def targets(labels: Json | None = None, annotations: Json | None = None) -> list[Json]:
    return [{"kind": kind, "metadata": {"labels": labels or {}, "annotations": annotations or {}}} for kind in KINDS]


def synced(scene: Scene, labels: Json | None = None, annotations: Json | None = None, **spec: object) -> Json:
    """A sync whose targets are given these."""
    scene.put_app()
    return scene.synced("app", interval=SLOW, targets=targets(labels, annotations), **spec)


def asked(scene: Scene, labels: Json | None = None, annotations: Json | None = None) -> Json:
    """The same sync, once its spec asks for these instead."""
    scene.syncs.patch("app", {"spec": {"targets": targets(labels, annotations)}})
    return scene.syncs.wait_reason("app", "Synced", SOON)


def kubectl(scene: Scene, *arguments: str) -> None:
    scene.syncs.cluster.kubectl(*arguments, f"--namespace={scene.syncs.namespace}")


def labels(scene: Scene, kind: str = "Secret") -> Json:
    target = scene.syncs.target(kind, "app")
    assert target is not None
    found: Json = target["metadata"]["labels"]
    return found


def annotations(scene: Scene, kind: str = "Secret") -> Json:
    """Those of a target that are not the operator's own, and the list."""
    target = scene.syncs.target(kind, "app")
    assert target is not None
    own = {"paramsync.dev/sync", "paramsync.dev/provenance", "paramsync.dev/plain-keys"}
    return {name: text for name, text in target["metadata"]["annotations"].items() if name not in own}
