"""What a kubelet puts into a pod's volumes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Cluster

Json = dict[str, Any]


def fill(cluster: Cluster, pod: Json, directory: Path) -> dict[str, Path]:
    """Write a pod's volumes below a directory, and return where each is. What it does not know is an error."""
    made = {}
    for volume in pod["spec"].get("volumes", ()):
        place = directory / volume["name"]
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o755)
        for name, text in _files(cluster, pod, volume):
            (place / name).write_text(text)
            (place / name).chmod(0o644)
        made[volume["name"]] = place
    return made


def _files(cluster: Cluster, pod: Json, volume: Json) -> Iterator[tuple[str, str]]:
    namespace = pod["metadata"]["namespace"]
    sources = volume["projected"]["sources"] if "projected" in volume else [volume]
    for source in sources:
        if "configMap" in source:
            found = cluster.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/{source['configMap']['name']}")
            items = source["configMap"].get("items") or [{"key": key, "path": key} for key in found["data"]]
            yield from ((item["path"], found["data"][item["key"]]) for item in items)
        elif "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            yield wanted["path"], _token(cluster, pod, wanted["expirationSeconds"])
        elif "downwardAPI" in source:
            (item,) = source["downwardAPI"]["items"]
            assert item["fieldRef"]["fieldPath"] == "metadata.namespace"
            yield item["path"], namespace
        else:
            raise AssertionError(f"this kubelet does not know the volume {volume}")


def _token(cluster: Cluster, pod: Json, seconds: int) -> str:
    metadata, account = pod["metadata"], pod["spec"]["serviceAccountName"]
    bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    answer = cluster.request(
        "POST",
        f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token",
        {"spec": {"expirationSeconds": seconds, "boundObjectRef": bound}},
    )
    token: str = answer["status"]["token"]
    return token
