"""The operator's account at work in a namespace of a team, bound by the policies that are shipped."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes.client import ApiClient

from paramsync.api.sync import TargetKind
from paramsync.core.drift import Seen
from paramsync.core.objects import MANAGED_BY_LABEL, SYNC_ANNOTATION, Content, Live, Owner
from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue
from paramsync.kube.targets import Targets
from paramsync.kube.transport import JSON, MERGE_PATCH
from tests.cluster.cluster import Cluster
from tests.edge.policies import ACCOUNT, refusal, release
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content, secret_content

PLURALS = {TargetKind.SECRET: "secrets", TargetKind.CONFIG_MAP: "configmaps"}
SYNCS = "/apis/paramsync.dev/v1alpha1/namespaces/{}/parametersyncs"
Json = dict[str, Any]
Denial = tuple[str, str]
"""A policy, without the name of the release, and its words."""

CONTENTS: Mapping[TargetRef, Content] = {
    SECRET: secret_content({"PASSWORD": SecureValue(b"hunter2")}),
    CONFIG_MAP: config_map_content({"HOST": "db.internal"}),
}
BOTH = pytest.mark.parametrize("ref", CONTENTS, ids=["Secret", "ConfigMap"])

MARKS: Json = {"labels": {MANAGED_BY_LABEL: "paramsync"}, "annotations": {SYNC_ANNOTATION: "app"}}
SOMEBODY = {"apiVersion": "example.com/v1", "kind": "Owner", "name": "app", "uid": "4b1d"}
"""Of a kind that is not served: whether it exists is not known, so that the garbage collector waits."""

_DENIAL = re.compile(r"ValidatingAdmissionPolicy '(\S+)' with binding '\S+' denied request: ([^\"]*)\"")


@dataclass(frozen=True)
class Account:
    """The operator's account, a namespace, and the sync `app` in it."""

    cluster: Cluster
    home: str
    namespace: str
    targets: Targets
    client: ApiClient
    owner: Owner

    def path(self, ref: TargetRef, namespace: str | None = None) -> str:
        return f"{self.collection(ref.kind, namespace)}/{ref.name}"

    def collection(self, kind: TargetKind, namespace: str | None = None) -> str:
        return f"/api/v1/namespaces/{namespace or self.namespace}/{PLURALS[kind]}"

    def read(self, ref: TargetRef) -> Live | None:
        return self.targets.get(ref, self.namespace, values=True)

    def write(self, content: Content, owner: Owner | None = None) -> Seen:
        return self.targets.apply(content, self.read(content.ref), owner or self.owner)

    def data(self, ref: TargetRef) -> dict[str, str]:
        found: dict[str, str] = self.stored(ref).get("data", {})
        return found

    def stored(self, ref: TargetRef) -> Json:
        """A target as somebody with every right sees it."""
        found: Json = self.cluster.request("GET", self.path(ref))
        return found

    def meddle(self, ref: TargetRef, body: Mapping[str, object]) -> None:
        """Somebody with every right merges this into a target."""
        self.cluster.request("PATCH", self.path(ref), body, content_type=MERGE_PATCH)

    def foreign(self, ref: TargetRef, **fields: Any) -> None:
        """Somebody else makes an object of this name."""
        metadata = {"name": ref.name, **fields.pop("metadata", {})}
        self.cluster.request("POST", self.collection(ref.kind), {"metadata": metadata, **fields})

    def sync(self, name: str) -> Owner:
        """Somebody creates a sync."""
        return create_sync(self.cluster, self.namespace, name)

    def sync_path(self, name: str) -> str:
        return f"{SYNCS.format(self.namespace)}/{name}"

    def reference(self, owner: Owner | None = None, **fields: object) -> Json:
        """The owner reference with which a target names its sync."""
        owner = owner or self.owner
        named = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync", "name": owner.name, "uid": owner.uid}
        return {**named, "controller": True, "blockOwnerDeletion": False, **fields}

    def grant(self, **rule: list[str]) -> None:
        """Somebody gives the account a further right in the namespace, which holds a moment later."""
        base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "further"}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.home}
        self.cluster.request("POST", f"{base}/roles", {"metadata": {"name": "further"}, "rules": [rule]})
        binding = {"metadata": {"name": "further"}, "roleRef": role, "subjects": [subject]}
        self.cluster.request("POST", f"{base}/rolebindings", binding)

    def denial(self, method: str, path: str, body: Json) -> Denial | None:
        """Which policy refuses a dry run of a request, and with what words; None if it is allowed.

        A PATCH is a merge patch. What refuses it and is no policy is told in full, of a policy without a name.
        """
        content_type = MERGE_PATCH if method == "PATCH" else JSON
        answer = refusal(self.client, method, path, body, content_type=content_type)
        found = _DENIAL.search(answer)
        if found is None:
            return ("", answer) if answer else None
        return found[1].removeprefix(f"{release(self.home)}-"), found[2]


def marked(**metadata: object) -> Json:
    """The metadata of a target that its sync does not own, with more."""
    return {**MARKS, **metadata}


def create_sync(cluster: Cluster, namespace: str, name: str) -> Owner:
    """A sync of a namespace, as its targets name it."""
    body = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "metadata": {"name": name},
        "spec": {"sources": [{"path": "/prod/pay"}]},
    }
    made = cluster.request("POST", SYNCS.format(namespace), body)
    return Owner(name, made["metadata"]["uid"], namespace)


def decoded(data: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in data.items()}
