"""The definitions on a real API server: what is served, explained, shown, accepted and refused."""

from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from pydantic import ValidationError

from paramsync.api.base import Model
from paramsync.api.definitions import FRESH_STATUS
from paramsync.api.stores import ClusterParameterStoreSpec, ParameterStoreSpec
from paramsync.api.sync import ParameterSyncSpec, SecretType
from tests.cluster.access import KubectlError
from tests.cluster.cluster import Cluster

CRDS = Path(__file__).parents[2] / "crds"
BASE = "/apis/paramsync.dev/v1alpha1"
Json = dict[str, Any]

SECRET = {"kind": "Secret"}
CONFIG_MAP = {"kind": "ConfigMap"}
NOBODY_MAY_SEE = {"namespaces": ["payments"], "paths": ["/prod/{namespace}"]}

SERVING = {"type": "Ready", "status": "True", "reason": "Serving", "message": "AWS answers"}


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


def own_store(spec: Json) -> Json:
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterStore",
        "metadata": {"name": "own"},
        "spec": spec,
    }


EXPRESSIONS = (
    "a{1000}",
    "^.{1,1000}$",
    r"\A\pL+\z",
    "(?i)true|false",
    "(?m)^a$",
    "(?P<year>[0-9]{4})",
    "(?<year>[0-9]{4})",
    "[[:alpha:]]",
    r"\Qa.b\E",
    "()",
    "ä",
    "'",
    '"',
)
NO_EXPRESSIONS = (
    "(",
    "a)",
    "[a",
    "*",
    "a**",
    "a{1001}",
    "(a{100}){100}",
    "(?=a)",
    "(?<!a)b",
    "(?>a)",
    r"(a)\1",
    r"a\Z",
    r"\u00e9",
    "(?x)a",
    "\\",
)


def contract(**fields: Any) -> Json:
    return sources("/a") | {"contract": fields}


def metadata(**metadata: Any) -> Json:
    return sources("/a") | {"targets": [SECRET | {"metadata": metadata}]}


AS_MUCH_METADATA = {
    "labels": {f"{'a' * 253}/{number:063}": "v" * 63 for number in range(16)},
    "annotations": {f"{'a' * 253}/{number:063}": "ä" * 1024 for number in range(16)},
}

PLACES = {
    "ParameterSync": "namespaces/{namespace}/parametersyncs",
    "ParameterStore": "namespaces/{namespace}/parameterstores",
    "ClusterParameterStore": "clusterparameterstores",
}


def tried(cluster: Cluster, body: Json, namespace: str = "default") -> Json:
    """The object as it would be stored. Raises ApiException."""
    place = PLACES[body["kind"]].format(namespace=namespace)
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
    "a Secret of each type": sources("/a")
    | {"targets": [SECRET | {"name": f"t{n}", "secretType": each} for n, each in enumerate(SecretType)]},
    "plain parameters in a Secret": sources("/a") | {"targets": [SECRET | {"types": ["String", "SecureString"]}]},
    "a contract": contract(
        required=["db/*", "api/key"], secure=["**/password"], match={"db/port": "^[0-9]+$"}, plain=["**"]
    ),
    "a contract of nothing": contract(),
    "as much of a contract as may be": contract(
        **{field: [f"{number:02}" + "a" * 510 for number in range(32)] for field in ("required", "secure", "plain")},
        match={f"{number:02}" + "a" * 510: "(a|b){100}" + "c" * 502 for number in range(32)},
    ),
    "expressions of RE2": contract(match={f"a{number}": each for number, each in enumerate(EXPRESSIONS)}),
    "no labels and annotations": metadata(),
    "empty labels and annotations": metadata(labels={}, annotations={}),
    "labels and annotations": metadata(
        labels={"team": "pay", "app.kubernetes.io/name": "pay", "app.kubernetes.io/part-of": "shop", "a.b-c/D_e.f": ""},
        annotations={"reloader.stakater.com/match": "true", "reflector.v1.k8s.emberstack.com/reflection-allowed": "ä"},
    ),
    "as many labels and annotations as may be": sources("/a")
    | {"targets": [SECRET | {"name": f"t{n}", "metadata": AS_MUCH_METADATA} for n in range(16)]},
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

RESERVED_KEYS = (
    "paramsync.dev/sync",
    "a.paramsync.dev/b",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/names",
    "kubernetes.io/service-account.name",
    "kubectl.kubernetes.io/last-applied-configuration",
    "k8s.io/a",
    "a.b.k8s.io/c",
    "argocd.argoproj.io/secret-type",
    "argocd.argoproj.io/tracking-id",
    "helm.sh/resource-policy",
    "meta.helm.sh/release-name",
    "kustomize.toolkit.fluxcd.io/name",
    "reconcile.external-secrets.io/managed",
    "sealedsecrets.bitnami.com/managed",
    "cert-manager.io/certificate-name",
)
WRONG_KEYS = (
    *("", "a b", "a/b/c", "/a", "a/", "-a", "a-", "a.", "*", "ä", "a" * 64, "a\n", "a/b\n"),
    *("A.b/c", "a..b/c", "a.-b/c", "a-.b/c", "a./b", "a-/b", ".a/b", f"{'a' * 254}/b"),
)

METADATA_KEY = "write keys as Kubernetes does, such as team or example.com/team: at most 63 letters"
RESERVED = "a key is reserved for Kubernetes, for paramsync or for a tool that would take the target for its own: write"

BAD_SYNCS: dict[str, tuple[Json, str]] = {
    **{
        f"the {what[:-1]} {key}": (metadata(**{what: {key: "x"}}), RESERVED)
        for what in ("labels", "annotations")
        for key in RESERVED_KEYS
    },
    **{
        f"a key of {what} that is {key!a}": (metadata(**{what: {key: "x"}}), METADATA_KEY)
        for what in ("labels", "annotations")
        for key in WRONG_KEYS
    },
    "a label's value with a space": (metadata(labels={"a": "x y"}), "spec.targets[0].metadata.labels.a"),
    "too long a value of a label": (metadata(labels={"a": "x" * 64}), "Too long: may not be more than 63"),
    "too long an annotation": (metadata(annotations={"a": "x" * 1025}), "Too long: may not be more than 1024"),
    "17 labels of a target": (metadata(labels={f"l{n}": "" for n in range(17)}), "must have at most 16 items"),
    "17 annotations": (metadata(annotations={f"a{n}": "" for n in range(17)}), "must have at most 16 items"),
    "a number for a label": (metadata(labels={"a": 1}), 'spec.targets[0].metadata.labels.a: Invalid value: "integer"'),
    "a name of a target in its metadata": (metadata(name="x"), 'unknown field "spec.targets[0].metadata.name"'),
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
    "a type of a ConfigMap": (
        sources("/a") | {"targets": [CONFIG_MAP | {"secretType": "Opaque"}]},
        "a ConfigMap has no type: remove secretType, or write kind: Secret",
    ),
    **{
        f"a Secret of type {each}": (sources("/a") | {"targets": [SECRET | {"secretType": each}]}, "supported values")
        for each in (
            "kubernetes.io/service-account-token",
            "bootstrap.kubernetes.io/token",
            "kubernetes.io/dockercfg",
            "example.org/other",
            "opaque",
            "",
        )
    },
    "one target twice": (sources("/a") | {"targets": [SECRET | {"name": "x"}, SECRET | {"name": "x"}]}, TARGETS),
    "two without a name": (sources("/a") | {"targets": [SECRET, SECRET]}, TARGETS),
    "no targets": (sources("/a") | {"targets": []}, "spec.targets in body should have at least 1 items"),
    "another kind": (sources("/a") | {"targets": [{"kind": "Pod"}]}, 'supported values: "Secret", "ConfigMap"'),
    "another type": (sources("/a") | {"targets": [SECRET | {"types": ["Text"]}]}, "supported values"),
    "a name that is none": (sources("/a") | {"targets": [SECRET | {"name": "Not_A_Name"}]}, "spec.targets[0].name"),
    "a namespace": (sources("/a") | {"targets": [SECRET | {"namespace": "x"}]}, 'unknown field "spec.targets[0]'),
    **{
        f"the expression {each}": (contract(match={"a": each}), "write a regular expression of RE2, such as ^[0-9]+$:")
        for each in NO_EXPRESSIONS
    },
    "an empty expression": (contract(match={"a": ""}), "spec.contract.match.a"),
    "too long an expression": (contract(match={"a": "a" * 513}), "Too long: may not be more than 512"),
    "no expressions": (contract(match={}), "should have at least 1 properties"),
    "33 expressions": (contract(match={f"a{n}": "a" for n in range(33)}), "must have at most 32 items"),
    "an expression for no pattern": (contract(match={"/db": "a"}), "write patterns for names below the source's path"),
    "nothing that is required": (contract(required=[]), "spec.contract.required in body should have at least 1 items"),
    "a required name that is none": (contract(required=["/db"]), "spec.contract.required[0]"),
    "a secure name that is none": (contract(secure=["a**"]), "spec.contract.secure[0]"),
    "33 plain names": (contract(plain=["a"] * 33), "must have at most 32 items"),
    "an unknown term": (contract(forbidden=["a"]), 'unknown field "spec.contract.forbidden"'),
    "a typo": (sources("/a") | {"intreval": "5m"}, 'unknown field "spec.intreval"'),
    "a typo below": ({"sources": [{"path": "/a", "recursiv": True}]}, 'unknown field "spec.sources[0].recursiv"'),
}

ROLE = "arn:aws:iam::111122223333:role/params"
LABEL_PATHS = ["/teams/{label:team}", "/teams/{label:example.com/team}/{namespace}", f"/{{label:a/{'b' * 63}}}"]


def rules(*rules: Json) -> Json:
    return {"access": list(rules)}


GOOD_STORES: dict[str, Json] = {
    "nothing": {},
    "a Region": {"region": "us-gov-west-1"},
    "a VPC endpoint": {"endpoint": "https://vpce-0123.ssm.eu-west-1.vpce.amazonaws.com"},
    "an emulator in the cluster": {"endpoint": "http://moto.tools.svc:5000"},
    "an emulator in the cluster, in full": {"endpoint": "http://moto.tools.svc.cluster.local:5000/"},
    "an emulator here": {"endpoint": "http://localhost:4566"},
    "access": {"access": [NOBODY_MAY_SEE, {"namespaces": ["team-*"], "paths": ["/", "/a/{namespace}/b"]}]},
    "labels in paths": rules({"namespaces": ["*"], "paths": [*LABEL_PATHS, "/{label:a/b}" * 15]}),
    "a selector": rules({"namespaceSelector": {"matchLabels": {"example.com/team": "red", "a": ""}}, "paths": ["/"]}),
    "names and a selector": rules(NOBODY_MAY_SEE | {"namespaceSelector": {"matchLabels": {"a" * 63: "b" * 63}}}),
    "16 labels": rules({"namespaceSelector": {"matchLabels": {f"l{n}": "x" for n in range(16)}}, "paths": ["/"]}),
    "a role": {"roleArn": ROLE},
    "a role of China": {"roleArn": "arn:aws-cn:iam::111122223333:role/teams/red/params"},
    "a role of GovCloud": {"roleArn": "arn:aws-us-gov:iam::111122223333:role/params"},
    "a role of an isolated partition": {"roleArn": "arn:aws-iso-b:iam::111122223333:role/params"},
    "all of a role": {
        "roleArn": ROLE,
        "externalId": "A+b=c,d.e@f:g/h_i-j",
        "sessionTags": {"team": "red", "Größe": "3 m", "kubernetes/namespace": ""},
    },
    "50 tags": {"roleArn": ROLE, "sessionTags": {f"{number:0128}": "v" * 256 for number in range(50)}},
    "the longest external id": {"roleArn": ROLE, "externalId": "x" * 1224},
}

READER: Json = {"serviceAccountRef": {"name": "reader"}}
GOOD_OWN_STORES: dict[str, Json] = {
    "a service account": READER,
    "everything": READER | {"region": "eu-west-1", "roleArn": ROLE, "externalId": "id", "sessionTags": {"a": "b"}},
}

ENDPOINT = "write https://host[:port]; plain http would show values to the network"
PATTERN = "write an absolute path without a trailing slash, such as /prod/{namespace}"
NOBODY = 'write namespaces, namespaceSelector or both; namespaces: ["*"] means all'
LABELS = "write the keys of labels as Kubernetes does, such as team or example.com/team"
ARN = "write the ARN of an IAM role, such as arn:aws:iam::111122223333:role/params"
TAGS = "write keys of 1 to 128 letters, digits, spaces and the characters _.:/=+@-, which do not begin with aws:"
APART = "remove one of two keys that differ only in upper and lower case: AWS takes them for one"
NO_ROLE = "externalId and sessionTags are for the role that roleArn names: write roleArn, too"


def selector(**labels: str) -> Json:
    return rules({"namespaceSelector": {"matchLabels": labels}, "paths": ["/"]})


def tags(**tags: str) -> Json:
    return {"roleArn": ROLE, "sessionTags": tags}


BAD_ROLES: dict[str, tuple[Json, str]] = {
    "a user": ({"roleArn": "arn:aws:iam::111122223333:user/x"}, ARN),
    "a session": ({"roleArn": "arn:aws:sts::111122223333:assumed-role/x/y"}, ARN),
    "a role's name": ({"roleArn": "params"}, ARN),
    "another's partition": ({"roleArn": "arn:evil:iam::111122223333:role/x"}, ARN),
    "a line break after the role": ({"roleArn": f"{ROLE}\n"}, ARN),
    "too long a role": ({"roleArn": ROLE + "x" * 2048}, "Too long: may not be more than 2048"),
    "an external id without a role": ({"externalId": "id"}, NO_ROLE),
    "tags without a role": ({"sessionTags": {"a": "b"}}, NO_ROLE),
    "no tags without a role": ({"sessionTags": {}}, NO_ROLE),
    "too short an external id": ({"roleArn": ROLE, "externalId": "x"}, "should be at least 2 chars long"),
    "too long an external id": ({"roleArn": ROLE, "externalId": "x" * 1225}, "Too long: may not be more than 1224"),
    "an external id with a space": ({"roleArn": ROLE, "externalId": "a b"}, "spec.externalId"),
    "a tag of AWS's": (tags(**{"Aws:team": "x"}), TAGS),
    "a tag without a key": (tags(**{"": "x"}), TAGS),
    "too long a key": (tags(**{"a" * 129: "x"}), TAGS),
    "a key with a line break": (tags(**{"a\n": "x"}), TAGS),
    "a value with a semicolon": (tags(a="x;y"), "spec.sessionTags.a"),
    "too long a value": (tags(a="x" * 257), "Too long: may not be more than 256"),
    "a tag in two spellings": (tags(team="x", Team="y"), APART),
    "51 tags": (tags(**{f"t{number}": "x" for number in range(51)}), "must have at most 50 items"),
}

BAD_STORES: dict[str, tuple[Json, str]] = {
    "http to a public host": ({"endpoint": "http://ssm.example.com"}, ENDPOINT),
    "a host that only looks local": ({"endpoint": "http://localhost.example.com"}, ENDPOINT),
    "a user in it": ({"endpoint": "http://localhost@example.com"}, ENDPOINT),
    "no URL": ({"endpoint": "ssm.eu-west-1.amazonaws.com"}, ENDPOINT),
    "a query": ({"endpoint": "https://host/?x=y"}, ENDPOINT),
    "a Region that is none": ({"region": "Ireland"}, "spec.region"),
    "a Region that is a host": ({"region": "evil.example.com/"}, "spec.region"),
    "a rule for nobody": (rules({"paths": ["/a"]}), NOBODY),
    "a rule for no namespaces": (rules({"namespaces": [], "paths": ["/a"]}), "at least 1 items"),
    "a selector without labels": (rules({"namespaceSelector": {}, "paths": ["/a"]}), "matchLabels: Required value"),
    "a selector with no labels": (selector(), "should have at least 1 properties"),
    "a selector with expressions": (
        rules({"namespaceSelector": {"matchExpressions": []}, "paths": ["/"]}),
        'unknown field "spec.access[0].namespaceSelector.matchExpressions"',
    ),
    "17 labels": (selector(**{f"l{n}": "x" for n in range(17)}), "must have at most 16 items"),
    "a label that is none": (selector(**{"a b": "x"}), LABELS),
    "a label with two slashes": (selector(**{"a/b/c": "x"}), LABELS),
    "too long a label": (selector(**{"a" * 64: "x"}), LABELS),
    "too long a label's prefix": (selector(**{f"{'a' * 254}/b": "x"}), LABELS),
    "a label's value that is none": (selector(a="x/y"), "spec.access[0].namespaceSelector.matchLabels.a"),
    "too long a label's value": (selector(a="x" * 64), "Too long: may not be more than 63"),
    "a part of a label's segment": (rules({"namespaces": ["*"], "paths": ["/x{label:a}"]}), PATTERN),
    "two labels in a segment": (rules({"namespaces": ["*"], "paths": ["/{label:a}{label:b}"]}), PATTERN),
    "a label without a key in a path": (rules({"namespaces": ["*"], "paths": ["/{label:}"]}), PATTERN),
    "a parent in a label's key": (rules({"namespaces": ["*"], "paths": ["/{label:../a}"]}), PATTERN),
    "too long a label in a path": (rules({"namespaces": ["*"], "paths": [f"/{{label:{'a' * 64}}}"]}), PATTERN),
    "too long a prefix in a path": (rules({"namespaces": ["*"], "paths": [f"/{{label:{'a' * 254}/b}}"]}), PATTERN),
    "a service account": (READER, 'unknown field "spec.serviceAccountRef"'),
    **BAD_ROLES,
    "a rule without paths": ({"access": [{"namespaces": ["*"], "paths": []}]}, "at least 1 items"),
    "a wildcard in a path": ({"access": [{"namespaces": ["*"], "paths": ["/prod/*"]}]}, PATTERN),
    "a part of a segment": ({"access": [{"namespaces": ["*"], "paths": ["/prod/x-{namespace}"]}]}, PATTERN),
    "a namespace that is none": ({"access": [{"namespaces": ["A"], "paths": ["/"]}]}, "spec.access[0].namespaces[0]"),
}

BAD_OWN_STORES: dict[str, tuple[Json, str]] = {
    "no identity": ({"region": "eu-west-1"}, "spec.serviceAccountRef: Required value"),
    "a role alone": ({"roleArn": ROLE}, "spec.serviceAccountRef: Required value"),
    "an account without a name": ({"serviceAccountRef": {}}, "spec.serviceAccountRef.name: Required value"),
    "an account that is none": ({"serviceAccountRef": {"name": "../x"}}, "spec.serviceAccountRef.name"),
    "another namespace": (
        {"serviceAccountRef": {"name": "reader", "namespace": "kube-system"}},
        'unknown field "spec.serviceAccountRef.namespace"',
    ),
    "a namespace": (READER | {"namespace": "kube-system"}, 'unknown field "spec.namespace"'),
    "access": (READER | {"access": []}, 'unknown field "spec.access"'),
    "an endpoint": (READER | {"endpoint": "https://evil.example"}, 'unknown field "spec.endpoint"'),
    **{name: (READER | spec, message) for name, (spec, message) in BAD_ROLES.items()},
}


class TestAccepted:
    @pytest.mark.parametrize("spec", GOOD_SYNCS.values(), ids=GOOD_SYNCS.keys())
    def test_a_sync_as_it_is_written(self, cluster: Cluster, spec: Json) -> None:
        assert tried(cluster, sync(spec))["spec"] == spec, "no default appears in a spec"

    @pytest.mark.parametrize("spec", GOOD_STORES.values(), ids=GOOD_STORES.keys())
    def test_a_store_as_it_is_written(self, cluster: Cluster, spec: Json) -> None:
        assert tried(cluster, store(spec))["spec"] == spec

    @pytest.mark.parametrize("spec", GOOD_OWN_STORES.values(), ids=GOOD_OWN_STORES.keys())
    def test_a_store_of_a_namespace_as_it_is_written(self, cluster: Cluster, spec: Json) -> None:
        assert tried(cluster, own_store(spec))["spec"] == spec

    @pytest.mark.parametrize("spec", GOOD_SYNCS.values(), ids=GOOD_SYNCS.keys())
    def test_a_sync_is_taken_by_the_operator_too(self, spec: Json) -> None:
        ParameterSyncSpec.model_validate(spec)

    def test_a_store_is_taken_by_the_operator_too(self) -> None:
        for spec in GOOD_STORES.values():
            ClusterParameterStoreSpec.model_validate(spec)
        for spec in GOOD_OWN_STORES.values():
            ParameterStoreSpec.model_validate(spec)


class TestRefused:
    @pytest.mark.parametrize(("spec", "message"), BAD_SYNCS.values(), ids=BAD_SYNCS.keys())
    def test_a_sync_with_what_to_write_instead(self, cluster: Cluster, spec: Json, message: str) -> None:
        assert message in refused(cluster, sync(spec))

    @pytest.mark.parametrize(("spec", "message"), BAD_STORES.values(), ids=BAD_STORES.keys())
    def test_a_store_with_what_to_write_instead(self, cluster: Cluster, spec: Json, message: str) -> None:
        assert message in refused(cluster, store(spec))

    @pytest.mark.parametrize(("spec", "message"), BAD_OWN_STORES.values(), ids=BAD_OWN_STORES.keys())
    def test_a_store_of_a_namespace_with_what_to_write_instead(
        self, cluster: Cluster, spec: Json, message: str
    ) -> None:
        assert message in refused(cluster, own_store(spec))

    @pytest.mark.parametrize(
        ("model", "spec"),
        [
            *((ClusterParameterStoreSpec, spec) for spec, _ in BAD_STORES.values()),
            *((ParameterStoreSpec, spec) for spec, _ in BAD_OWN_STORES.values()),
            *((ParameterSyncSpec, spec) for spec, _ in BAD_SYNCS.values()),
        ],
    )
    def test_the_operator_refuses_it_too(self, model: type[Model], spec: Json) -> None:
        with pytest.raises(ValidationError):
            model.model_validate(spec)

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
    for plural in ("parametersyncs", "clusterparameterstores", "parameterstores"):
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
            ("psync.spec.targets.secretType", ["Default: Opaque", "kubernetes.io/tls"]),
            ("psync.spec.contract", ["required", "secure", "match", "plain", "nothing is written"]),
            ("psync.spec.contract.match", ["^[0-9]+$", "anywhere", "SecureStrings are never looked into"]),
            ("psync.status", ["conditions", "observedGeneration", "targets"]),
            ("cpstore.spec.access", ["namespaces", "namespaceSelector", "paths", "{namespace}", "{label:KEY}"]),
            ("cpstore.spec", ["roleArn", "externalId", "sessionTags"]),
            ("pstore.spec", ["serviceAccountRef", "-required-", "Never as the operator", "eks.amazonaws.com/role-arn"]),
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
        assert cluster.kubectl("apply", "-f", crds).count("unchanged") == 3

    def test_short_names_and_the_category(self, cluster: Cluster, namespace: str) -> None:
        cluster.request("POST", f"{BASE}/namespaces/{namespace}/parametersyncs", sync(sources("/a")))
        for name in ("psync", "parametersync", "parametersyncs"):
            told = cluster.kubectl("get", name, f"--namespace={namespace}", "-o", "name")
            assert told.strip() == "parametersync.paramsync.dev/app"
        assert cluster.kubectl("get", "cpstore", "-o", "name").strip() == ""
        cluster.request("POST", f"{BASE}/namespaces/{namespace}/parameterstores", own_store(READER))
        for name in ("pstore", "parameterstore", "parameterstores"):
            told = cluster.kubectl("get", name, f"--namespace={namespace}", "-o", "name")
            assert told.strip() == "parameterstore.paramsync.dev/own"
        told = cluster.kubectl("get", "paramsync", f"--namespace={namespace}", "-o", "name")
        assert told.split() == ["parameterstore.paramsync.dev/own", "parametersync.paramsync.dev/app"]

    def test_columns_of_a_store(self, cluster: Cluster, namespace: str) -> None:
        spec = READER | {"region": "eu-west-1", "roleArn": ROLE}
        cluster.request("POST", f"{BASE}/namespaces/{namespace}/parameterstores", own_store(spec))
        status = {
            "observedGeneration": 1,
            "conditions": [{**SERVING, "lastTransitionTime": "2026-03-01T12:00:00Z"}],
            "identity": f"{ROLE}/x",
            "account": "111122223333",
            "region": "eu-west-1",
            "syncs": 3,
        }
        path = f"{BASE}/namespaces/{namespace}/parameterstores/own/status"
        cluster.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")
        head, row = cluster.kubectl("get", "pstore", f"--namespace={namespace}", "-o", "wide").splitlines()
        always = ["NAME", "READY", "REASON", "ACCOUNT", "REGION", "SYNCS", "AGE"]
        assert head.split() == [*always, "IDENTITY", "SERVICEACCOUNT", "ROLE"]
        assert row.split()[:6] == ["own", "True", "Serving", "111122223333", "eu-west-1", "3"]
        assert row.split()[-3:] == [f"{ROLE}/x", "reader", ROLE]

    def test_a_fresh_store_is_not_ready(self, cluster: Cluster, namespace: str) -> None:
        path = f"{BASE}/namespaces/{namespace}/parameterstores"
        cluster.request("POST", path, own_store(READER))
        assert cluster.request("GET", f"{path}/own")["status"] == FRESH_STATUS
