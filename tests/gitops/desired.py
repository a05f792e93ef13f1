"""What stands in Git: every field of our kinds, and what the chart makes; and the application that brings it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.gitops.argo import DEPLOY, ROOT, Json
from tests.helm.rendering import Helm

API = "paramsync.dev/v1alpha1"
SERVER_SIDE = "ServerSideApply=true"
CLUSTER_SCOPED = {
    "ClusterParameterStore",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
"""What is in no namespace, except for our definitions."""


def manifests(*paths: Path) -> list[Json]:
    """The objects of manifest files."""
    return [each for path in paths for each in yaml.safe_load_all(path.read_text()) if each]


def definitions() -> list[Json]:
    """Our definitions, as they are shipped."""
    return manifests(*sorted((ROOT / "crds").glob("*.yaml")))


def application(namespace: str, *, server_side: bool, server_side_diff: bool = False) -> Json:
    """The team's application as it is shipped, for another namespace."""
    (made,) = manifests(DEPLOY / "team.yaml")
    made["metadata"]["name"] = f"app-{namespace}"
    made["spec"]["destination"]["namespace"] = namespace
    if not server_side:
        made["spec"]["syncPolicy"]["syncOptions"].remove(SERVER_SIDE)
    if server_side_diff:
        made["metadata"]["annotations"]["argocd.argoproj.io/compare-options"] = "ServerSideDiff=true"
    return made


def ours(namespace: str, endpoint: str) -> list[Json]:
    """Objects of our kinds with every field that there is; the sync `app` can be synced, and `planned` is suspended."""
    role = {
        "region": "eu-west-1",
        "roleArn": "arn:aws:iam::111122223333:role/params",
        "externalId": "id",
        "sessionTags": {"team": "payments"},
    }
    rules = [
        {"namespaces": [namespace], "paths": [f"/{namespace}"]},
        {
            "namespaceSelector": {"matchLabels": {"team": "payments"}},
            "paths": ["/teams/{label:team}"],
        },
    ]
    path = f"/{namespace}/app"
    source = {"path": path, "recursive": True, "optional": False, "include": ["**"], "exclude": ["debug/**"]}
    store = {"kind": "ClusterParameterStore", "name": namespace}
    common = {"storeRef": store, "interval": "10s", "suspend": False, "deletionPolicy": "Retain"}
    targets = [
        {"kind": "Secret", "name": "app", "types": ["SecureString"], "secretType": "Opaque"},
        {"kind": "ConfigMap", "name": "app", "types": ["String", "StringList"]},
    ]
    labelled = {**source, "versionLabel": "live", "storeRef": store}
    keys = {"style": "Path", "separator": "-", "prefix": "app-", "rename": {"db/host": "HOST"}}
    file = {"key": "app.json", "format": "JSON", "include": ["**"], "exclude": ["debug/**"]}
    shaped = {
        "keys": keys,
        "stringList": "JSON",
        "expand": {"app/config": "JSON"},
        "decode": {"certs/*": "Base64"},
        "contract": {"required": ["db/*"], "secure": ["**/password"], "match": {"db/port": "^[0-9]+$"}, "plain": ["x"]},
        "targets": [
            {
                "kind": "Secret",
                "include": ["**"],
                "exclude": ["debug/**"],
                "keys": keys,
                "stringList": "Comma",
                "files": [file],
                "compose": {"URL": "${db/host}:${db/port}"},
                "metadata": {"labels": {"team": "payments"}, "annotations": {"reloader.stakater.com/match": "true"}},
            }
        ],
    }
    return [
        _object("ClusterParameterStore", namespace, {"region": "eu-west-1", "endpoint": endpoint, "access": rules}),
        _object("ClusterParameterStore", f"{namespace}-role", role),
        _object("ParameterStore", "own", {**role, "serviceAccountRef": {"name": "reader"}}),
        _object(
            "ParameterSync",
            "app",
            {**common, "mode": "Sync", "sources": [source], "guard": {"maxRemovals": "20%"}, "targets": targets},
        ),
        _object(
            "ParameterSync", "planned", {**common, "mode": "Plan", "suspend": True, "sources": [labelled], **shaped}
        ),
    ]


def chart(helm: Helm, namespace: str) -> list[Json]:
    """The chart with default values, and once more in namespaced mode with all that is optional."""
    optional = {
        "crds": {"install": False},
        "policies": {"enabled": False},
        "watchNamespaces": [namespace],
        "region": "eu-west-1",
        "caBundle": {"configMap": "authorities"},
        "proxy": {"https": "http://proxy:3128"},
        "networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]},
        "metrics": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}},
    }
    return [*helm.render(namespace=namespace), *helm.render(optional, release="second", namespace=namespace)]


def described(objects: Sequence[Json]) -> set[str]:
    """The fields that objects of our kinds have, as ``kind.spec.sources[].path``."""
    return {f"{each['kind']}.{path}" for each in objects for path in _paths("spec", each["spec"])}


def defined() -> set[str]:
    """The fields of spec that our definitions have."""
    found = set()
    for definition in definitions():
        (version,) = definition["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        found |= {f"{definition['spec']['names']['kind']}.{path}" for path in _fields("spec", spec)}
    return found


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _paths(path: str, value: Any) -> Iterator[str]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(f"{path}.{key}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from list(_paths(f"{path}[]", inner))[1:]


def _fields(path: str, schema: Json) -> Iterator[str]:
    yield path
    for key, inner in schema.get("properties", {}).items():
        yield from _fields(f"{path}.{key}", inner)
    if "items" in schema:
        yield from list(_fields(f"{path}[]", schema["items"]))[1:]
