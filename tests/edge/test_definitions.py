"""The definitions on a real API server: what is served, explained, shown, accepted and refused."""

from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from tests.cluster.access import KubectlError
from tests.cluster.cluster import Cluster

CRDS = Path(__file__).parents[2] / "crds"
BASE = "/apis/paramsync.dev/v1alpha1"
Json = dict[str, Any]

SECRET = {"kind": "Secret"}
CONFIG_MAP = {"kind": "ConfigMap"}
NOBODY_MAY_SEE = {"namespaces": ["payments"], "paths": ["/prod/{namespace}"]}


def sources(*paths: str) -> Json:
    return {"sources": [{"path": path} for path in paths]}


def sync(spec: Json, name: str = "app") -> Json:
    return {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync", "metadata": {"name": name}, "spec": spec}


def store(spec: Json) -> Json:
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ClusterParameterStore",
        "metadata": {"name": "default"},
        "spec": spec,
    }


def tried(cluster: Cluster, body: Json, namespace: str = "default") -> Json:
    """The object as it would be stored. Raises ApiException."""
    place = "clusterparameterstores" if "Store" in body["kind"] else f"namespaces/{namespace}/parametersyncs"
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    made: Json = cluster.request("POST", f"{BASE}/{place}", body, query=query)
    return made


GOOD_SYNCS: dict[str, Json] = {
    "one path": sources("/prod/pay"),
    "the root": sources("/"),
    "dots that are names": sources("/a/.../b", "/.hidden", "/..x", "/a.b"),
    "15 levels": sources("/a" * 15),
    "16 sources": sources(*(f"/prod/{number}" for number in range(16))),
    "1,011 characters": sources("/" + "a" * 1010),
    "10 seconds": sources("/a") | {"interval": "10s"},
    "a day": sources("/a") | {"interval": "24h"},
    "a day in seconds": sources("/a") | {"interval": "86400s"},
    "mixed": sources("/a") | {"interval": "1h30m5s"},
    "one path with and without its levels": {"sources": [{"path": "/a"}, {"path": "/a", "recursive": False}]},
    "two kinds of one name": sources("/a") | {"targets": [SECRET | {"name": "x"}, CONFIG_MAP | {"name": "x"}]},
    "plain parameters in a Secret": sources("/a") | {"targets": [SECRET | {"types": ["String", "SecureString"]}]},
    "everything": {
        "storeRef": {"kind": "ClusterParameterStore", "name": "other.store"},
        "sources": [{"path": "/a", "recursive": True, "optional": True}],
        "interval": "5m",
        "suspend": True,
        "targets": [SECRET, CONFIG_MAP | {"name": "plain", "types": ["String", "StringList"]}],
    },
}

PATH = "write an absolute path without a trailing slash"
INTERVAL = "write a duration from 10s to 24h, such as 90s, 5m or 1h30m"
TWICE = "the same path is listed twice in sources: remove one, or join their include"
TARGETS = "two targets are the same object: give every target of a kind a name of its own"

BAD_SYNCS: dict[str, tuple[Json, str]] = {
    "a relative path": (sources("prod/pay"), PATH),
    "a trailing slash": (sources("/prod/pay/"), PATH),
    "an empty level": (sources("/prod//pay"), PATH),
    "a parent": (sources("/prod/../pay"), PATH),
    "itself": (sources("/prod/./pay"), PATH),
    "16 levels": (sources("/a" * 16), PATH),
    "a space": (sources("/prod/pay "), PATH),
    "a newline": (sources("/prod/pay\n"), PATH),
    "a wildcard": (sources("/prod/*"), PATH),
    "another script": (sources("/prod/плата"), PATH),
    "an empty path": (sources(""), "spec.sources[0].path"),
    "1,012 characters": (sources("/" + "a" * 1011), "Too long: may not be more than 1011"),
    "no source": ({"sources": []}, "spec.sources in body should have at least 1 items"),
    "nothing": ({}, "spec.sources: Required value"),
    "17 sources": (sources(*(f"/{number}" for number in range(17))), "must have at most 16 items"),
    "the same path twice": (sources("/a", "/b", "/a"), TWICE),
    "twice, once in other words": ({"sources": [{"path": "/a"}, {"path": "/a", "recursive": True}]}, TWICE),
    "too often": (sources("/a") | {"interval": "5s"}, INTERVAL),
    "too seldom": (sources("/a") | {"interval": "25h"}, INTERVAL),
    "one second too seldom": (sources("/a") | {"interval": "24h1s"}, INTERVAL),
    "no duration": (sources("/a") | {"interval": "abc"}, INTERVAL),
    "a duration of Go's": (sources("/a") | {"interval": "1.5h"}, INTERVAL),
    "a negative one": (sources("/a") | {"interval": "-5m"}, INTERVAL),
    "a number": (sources("/a") | {"interval": 300}, 'spec.interval: Invalid value: "integer"'),
    "secure in a ConfigMap": (
        sources("/a") | {"targets": [CONFIG_MAP | {"types": ["String", "SecureString"]}]},
        "a ConfigMap never takes SecureString: remove it from types, and list it on a target of kind Secret",
    ),
    "one target twice": (sources("/a") | {"targets": [SECRET | {"name": "x"}, SECRET | {"name": "x"}]}, TARGETS),
    "two without a name": (sources("/a") | {"targets": [SECRET, SECRET]}, TARGETS),
    "no targets": (sources("/a") | {"targets": []}, "spec.targets in body should have at least 1 items"),
    "another kind": (sources("/a") | {"targets": [{"kind": "Pod"}]}, 'supported values: "Secret", "ConfigMap"'),
    "another type": (sources("/a") | {"targets": [SECRET | {"types": ["Text"]}]}, "supported values"),
    "a name that is none": (sources("/a") | {"targets": [SECRET | {"name": "Not_A_Name"}]}, "spec.targets[0].name"),
    "a namespace": (sources("/a") | {"targets": [SECRET | {"namespace": "x"}]}, 'unknown field "spec.targets[0]'),
    "a typo": (sources("/a") | {"intreval": "5m"}, 'unknown field "spec.intreval"'),
    "a typo below": ({"sources": [{"path": "/a", "recursiv": True}]}, 'unknown field "spec.sources[0].recursiv"'),
}

GOOD_STORES: dict[str, Json] = {
    "nothing": {},
    "a Region": {"region": "us-gov-west-1"},
    "a VPC endpoint": {"endpoint": "https://vpce-0123.ssm.eu-west-1.vpce.amazonaws.com"},
    "an emulator in the cluster": {"endpoint": "http://moto.tools.svc:5000"},
    "an emulator in the cluster, in full": {"endpoint": "http://moto.tools.svc.cluster.local:5000/"},
    "an emulator here": {"endpoint": "http://localhost:4566"},
    "access": {"access": [NOBODY_MAY_SEE, {"namespaces": ["team-*"], "paths": ["/", "/a/{namespace}/b"]}]},
}

ENDPOINT = "write https://host[:port]; plain http would show values to the network"
PATTERN = "write an absolute path without a trailing slash, such as /prod/{namespace}"

BAD_STORES: dict[str, tuple[Json, str]] = {
    "http to a public host": ({"endpoint": "http://ssm.example.com"}, ENDPOINT),
    "a host that only looks local": ({"endpoint": "http://localhost.example.com"}, ENDPOINT),
    "a user in it": ({"endpoint": "http://localhost@example.com"}, ENDPOINT),
    "no URL": ({"endpoint": "ssm.eu-west-1.amazonaws.com"}, ENDPOINT),
    "a query": ({"endpoint": "https://host/?x=y"}, ENDPOINT),
    "a Region that is none": ({"region": "Ireland"}, "spec.region"),
    "a Region that is a host": ({"region": "evil.example.com/"}, "spec.region"),
    "a rule without namespaces": ({"access": [{"paths": ["/a"]}]}, "spec.access[0].namespaces: Required value"),
    "a rule without paths": ({"access": [{"namespaces": ["*"], "paths": []}]}, "at least 1 items"),
    "a wildcard in a path": ({"access": [{"namespaces": ["*"], "paths": ["/prod/*"]}]}, PATTERN),
    "a part of a segment": ({"access": [{"namespaces": ["*"], "paths": ["/prod/x-{namespace}"]}]}, PATTERN),
    "a namespace that is none": ({"access": [{"namespaces": ["A"], "paths": ["/"]}]}, "spec.access[0].namespaces[0]"),
    "a role": ({"roleArn": "arn:aws:iam::111122223333:role/x"}, 'unknown field "spec.roleArn"'),
}


class TestAccepted:
    @pytest.mark.parametrize("spec", GOOD_SYNCS.values(), ids=GOOD_SYNCS.keys())
    def test_a_sync_as_it_is_written(self, cluster: Cluster, spec: Json) -> None:
        assert tried(cluster, sync(spec))["spec"] == spec, "no default appears in a spec"

    @pytest.mark.parametrize("spec", GOOD_STORES.values(), ids=GOOD_STORES.keys())
    def test_a_store_as_it_is_written(self, cluster: Cluster, spec: Json) -> None:
        assert tried(cluster, store(spec))["spec"] == spec


class TestRefused:
    @pytest.mark.parametrize(("spec", "message"), BAD_SYNCS.values(), ids=BAD_SYNCS.keys())
    def test_a_sync_with_what_to_write_instead(self, cluster: Cluster, spec: Json, message: str) -> None:
        assert message in refused(cluster, sync(spec))

    @pytest.mark.parametrize(("spec", "message"), BAD_STORES.values(), ids=BAD_STORES.keys())
    def test_a_store_with_what_to_write_instead(self, cluster: Cluster, spec: Json, message: str) -> None:
        assert message in refused(cluster, store(spec))

    def test_kubectl_shows_the_message(self, cluster: Cluster, namespace: str) -> None:
        manifest = "\n".join(
            [
                "apiVersion: paramsync.dev/v1alpha1",
                "kind: ParameterSync",
                "metadata: {name: app}",
                "spec: {interval: 5s, sources: [{path: /prod/pay/}]}",
            ]
        )
        with pytest.raises(KubectlError) as raised:
            cluster.kubectl("apply", f"--namespace={namespace}", "-f", "-", input=manifest)
        assert PATH in str(raised.value)
        assert INTERVAL in str(raised.value)


def refused(cluster: Cluster, body: Json) -> str:
    with pytest.raises(ApiException) as raised:
        tried(cluster, body)
    assert raised.value.status in (400, 422)
    # As kubectl would show it, without the escapes of JSON.
    return str(raised.value.body).replace('\\"', '"')


@pytest.mark.parametrize(
    "command", [["apply", "--dry-run=server"], ["apply"], ["apply", "--server-side", "--force-conflicts"]]
)
def test_they_are_applied_with_plain_kubectl(cluster: Cluster, command: list[str]) -> None:
    told = cluster.kubectl(*command, "-f", str(CRDS))
    for plural in ("parametersyncs", "clusterparameterstores"):
        assert f"customresourcedefinition.apiextensions.k8s.io/{plural}.paramsync.dev" in told


def test_a_fresh_sync_is_not_mistaken_for_a_healthy_one(cluster: Cluster, namespace: str) -> None:
    claim = {"observedGeneration": 1, "conditions": []}
    made = cluster.request(
        "POST", f"{BASE}/namespaces/{namespace}/parametersyncs", sync(sources("/a")) | {"status": claim}
    )
    status = made["status"]
    assert status["observedGeneration"] == -1
    (ready,) = status["conditions"]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "Unknown", "Pending")
    assert ready["message"]
    assert made["spec"] == sources("/a")


class TestKubectl:
    @pytest.mark.parametrize(
        ("field", "words"),
        [
            ("psync.spec", ["sources", "interval", "targets", "suspend", "storeRef", "What to read"]),
            ("psync.spec.sources", ["path", "recursive", "optional", "-required-", "trailing slash"]),
            ("psync.spec.interval", ["10s to 24h", "Default: 5m"]),
            ("psync.spec.targets.types", ["String and StringList", "SecureString"]),
            ("psync.status", ["conditions", "observedGeneration", "targets"]),
            ("cpstore.spec.access", ["namespaces", "paths", "{namespace}"]),
        ],
    )
    def test_explain(self, cluster: Cluster, field: str, words: list[str]) -> None:
        told = " ".join(cluster.kubectl("explain", field).split())
        assert [word for word in words if word not in told] == []

    def test_columns(self, cluster: Cluster, namespace: str) -> None:
        path = f"{BASE}/namespaces/{namespace}/parametersyncs"
        cluster.request("POST", path, sync(sources("/a")))
        ready = {"type": "Ready", "status": "True", "reason": "Synced", "message": "All is well"}
        status = {
            "observedGeneration": 1,
            "conditions": [{**ready, "lastTransitionTime": "2026-03-01T12:00:00Z"}],
            "parameters": 3,
            "secure": 1,
            "lastAppliedTime": "2026-03-01T12:00:00Z",
            "sources": "/a",
            "store": "default",
        }
        patch = {"status": status}
        cluster.request("PATCH", f"{path}/app/status", patch, content_type="application/merge-patch+json")

        head, row = cluster.kubectl("get", "psync", f"--namespace={namespace}").splitlines()
        assert head.split() == ["NAME", "READY", "REASON", "PARAMETERS", "SECURE", "CHANGED", "AGE"]
        assert row.split()[:5] == ["app", "True", "Synced", "3", "1"]
        wide_head, wide_row = cluster.kubectl("get", "psync", "-o", "wide", f"--namespace={namespace}").splitlines()
        assert wide_head.split()[-2:] == ["SOURCES", "STORE"]
        assert wide_row.split()[-2:] == ["/a", "default"]

    def test_applying_them_again_changes_nothing(self, cluster: Cluster) -> None:
        crds = str(CRDS)
        cluster.kubectl("apply", "-f", crds)
        assert cluster.kubectl("apply", "-f", crds).count("unchanged") == 2

    def test_short_names_and_the_category(self, cluster: Cluster, namespace: str) -> None:
        cluster.request("POST", f"{BASE}/namespaces/{namespace}/parametersyncs", sync(sources("/a")))
        for name in ("psync", "parametersync", "parametersyncs"):
            told = cluster.kubectl("get", name, f"--namespace={namespace}", "-o", "name")
            assert told.strip() == "parametersync.paramsync.dev/app"
        assert cluster.kubectl("get", "cpstore", "-o", "name").strip() == ""
        assert "parametersync.paramsync.dev/app" in cluster.kubectl(
            "get", "paramsync", f"--namespace={namespace}", "-o", "name"
        )
