"""Somebody else creates an object at the moment of our first write: it is theirs or ours, never both."""

import threading
from concurrent.futures import ThreadPoolExecutor

from kubernetes.client.exceptions import ConflictException

from paramsync.api.sync import TargetKind
from paramsync.core.objects import MANAGED_BY_LABEL, Owner
from paramsync.core.routing import TargetRef
from paramsync.kube.errors import Stale
from paramsync.kube.fence import SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.transport import Transport
from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.unit.builders import config_map_content

SYNC = {
    "apiVersion": "paramsync.dev/v1alpha1",
    "kind": "ParameterSync",
    "metadata": {"name": "app"},
    "spec": {"sources": [{"path": "/prod/pay"}]},
}
DELAY = "kube-root-ca.crt"
"""What whoever creates second reads meanwhile."""

RACES = 300
BOTH = 10
"""At least so many wins for each side: a race that always ends the same way is none."""


def test_a_foreign_create_and_our_first_write_never_mix(cluster: Cluster, namespace: str) -> None:
    config_maps = f"/api/v1/namespaces/{namespace}/configmaps"
    # A real one: the garbage collector would take what is owned by a uid that nobody has.
    sync = cluster.request("POST", f"/apis/paramsync.dev/v1alpha1/namespaces/{namespace}/parametersyncs", SYNC)
    by = Owner("app", sync["metadata"]["uid"], namespace)
    refs = [TargetRef(TargetKind.CONFIG_MAP, f"race-{number}") for number in range(RACES)]
    start = threading.Barrier(2)
    outcomes: dict[str, list[bool]] = {"ours": [], "theirs": []}

    def we() -> None:
        with cluster.api() as client:
            targets = Targets(Transport(client), SoleReplica())
            for ref in refs:
                content = config_map_content({"OURS": "1"}, ref=ref)
                start.wait(timeout=30)
                try:
                    targets.apply(content, None, by)
                except Stale:
                    outcomes["ours"].append(False)
                else:
                    outcomes["ours"].append(True)

    def they() -> None:
        with cluster.api() as client:
            for number, ref in enumerate(refs):
                body = {"metadata": {"name": ref.name, "labels": {"team": "pay"}}, "data": {"THEIRS": "1"}}
                start.wait(timeout=30)
                for _ in range(number % 3):  # our write takes longer: give it a start
                    request(client, "GET", f"{config_maps}/{DELAY}")
                try:
                    request(client, "POST", config_maps, body)
                except ConflictException:
                    outcomes["theirs"].append(False)
                else:
                    outcomes["theirs"].append(True)

    with ThreadPoolExecutor(2) as threads:
        for racer in [threads.submit(we), threads.submit(they)]:
            racer.result()

    found = {each["metadata"]["name"]: each for each in cluster.request("GET", config_maps)["items"]}
    for ref, we_won, they_won in zip(refs, outcomes["ours"], outcomes["theirs"], strict=True):
        assert we_won is not they_won
        live = found[ref.name]
        assert live["data"] == ({"OURS": "1"} if we_won else {"THEIRS": "1"})
        assert live["metadata"]["labels"] == ({MANAGED_BY_LABEL: "paramsync"} if we_won else {"team": "pay"})
        assert ("ownerReferences" in live["metadata"]) is we_won
    assert BOTH <= sum(outcomes["ours"]) <= RACES - BOTH, "one side always won: nothing was raced"
