"""What the chart makes of its values, where more than a copy is to be seen."""

import json
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy

import pytest
import yaml

from deploy.helm.generating import ROOT
from deploy.monitoring.dashboard import dashboard
from tests.helm.rendering import Helm, Json, one
from tests.rights.comparing import Right, granted

CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
LINK_LOCAL = ["169.254.170.23", "169.254.169.254", "fd00:ec2::23", "fd00:ec2::254"]
"""Pod Identity's agent, and the metadata of instances."""
LABELS = {"default": {"access": [{"namespaces": ["a"], "paths": ["/{label:team}"]}]}}


def test_tokens_are_made_only_where_parameter_stores_are_enabled(helm: Helm) -> None:
    disabled, enabled = (
        granted(one(helm.render(values), "ClusterRole", "paramsync")["rules"])
        for values in ({}, {"parameterStores": {"enabled": True}})
    )
    assert disabled < enabled
    assert enabled - disabled == {
        Right("", "serviceaccounts", "get"),
        Right("", "serviceaccounts/token", "create"),
        Right("paramsync.dev", "parameterstores/status", "patch"),
    }


def test_for_some_namespaces_there_are_roles_alone(helm: Helm) -> None:
    values = {"watchNamespaces": ["a", "b"], "parameterStores": {"enabled": True}, "stores": LABELS}
    objects = helm.render(values, namespace="home")
    assert not {each["kind"] for each in objects} & {"ClusterRole", "ClusterRoleBinding"}
    roles = {each["metadata"]["namespace"]: each for each in objects if each["kind"] == "Role"}
    assert roles.keys() == {"a", "b", "home"}
    everywhere = one(helm.render({"parameterStores": {"enabled": True}}), "ClusterRole", "paramsync")
    within = {
        right for right in granted(everywhere["rules"]) if not right.resource.startswith("clusterparameterstores")
    }
    assert granted(roles["a"]["rules"]) == granted(roles["b"]["rules"]) == within
    for binding in (each for each in objects if each["kind"] == "RoleBinding"):
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "paramsync", "namespace": "home"}]
        assert binding["roleRef"]["name"] == roles[binding["metadata"]["namespace"]]["metadata"]["name"]
    settings = yaml.safe_load(one(objects, "ConfigMap")["data"]["settings.yaml"])
    assert settings == {"maxDecryptedMiB": 64, "watchNamespaces": ["a", "b"], "stores": LABELS}


@pytest.mark.parametrize(
    ("access", "asks"),
    [
        ({"namespaces": ["a"], "paths": ["/a"]}, False),
        ({"namespaces": ["a"], "paths": ["/{namespace}"]}, False),
        ({"namespaces": ["a"], "paths": ["/{label:team}"]}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}, "paths": ["/a"]}, True),
    ],
)
def test_a_role_reads_its_namespace_only_for_a_store_that_asks_for_labels(helm: Helm, access: Json, asks: bool) -> None:
    values = {"watchNamespaces": ["a"], "stores": {"default": {"access": [access]}}}
    role = one(helm.render(values), "Role", "paramsync")
    assert (Right("", "namespaces", "get") in granted(role["rules"])) is asks


def test_the_lease_is_the_one_that_the_role_names(helm: Helm) -> None:
    objects = helm.render(release="mine", namespace="home")
    (argument,) = [each for each in container(objects)["args"] if each.startswith("--lease=")]
    rules = one(objects, "Role")["rules"]
    (name,) = {name for rule in rules for name in rule.get("resourceNames", ())}
    assert argument == f"--lease=home/{name}"
    assert [rule["verbs"] for rule in rules] == [["create"], ["get", "update"]]


def container(objects: Sequence[Json]) -> Json:
    (found,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_policies_bind_the_account_of_the_release_and_are_named_after_it(helm: Helm) -> None:
    objects = helm.render({"serviceAccount": {"name": "reader"}}, release="mine", namespace="home")
    policies = [each for each in objects if each["kind"] == "ValidatingAdmissionPolicy"]
    bindings = [each for each in objects if each["kind"] == "ValidatingAdmissionPolicyBinding"]
    names = {each["metadata"]["name"] for each in policies}
    assert names == {each["spec"]["policyName"] for each in bindings}
    assert all(name.startswith("home.mine-paramsync-") for name in names)
    conditions = [each for policy in policies for each in policy["spec"]["matchConditions"]]
    asked = {each["expression"] for each in conditions if each["name"] == "operator"}
    assert asked == {"request.userInfo.username == 'system:serviceaccount:home:reader'"}
    assert len(policies) == 7


@pytest.mark.parametrize(("kubernetes", "bound"), [("1.32.9", False), ("1.33.0-eks-1", True), ("1.36.3", True)])
def test_policies_are_left_out_where_the_cluster_does_not_know_them(helm: Helm, kubernetes: str, bound: bool) -> None:
    kinds = {each["kind"] for each in helm.render(kubernetes=kubernetes)}
    assert ("ValidatingAdmissionPolicy" in kinds) is bound


@pytest.mark.parametrize(
    "releases",
    [[("paramsync", "paramsync"), ("paramsync", "other")], [("b-paramsync", "a"), ("paramsync", "a-b")]],
)
def test_two_releases_do_not_meet_outside_of_namespaces(helm: Helm, releases: list[tuple[str, str]]) -> None:
    values = {"crds": {"install": False}}
    named = [
        {(each["kind"], each["metadata"]["name"]) for each in helm.render(values, release=release, namespace=namespace)}
        for release, namespace in releases
    ]
    assert not {(kind, name) for kind, name in named[0] & named[1] if kind in CLUSTER_SCOPED}


def test_every_object_but_the_cluster_s_has_the_release_s_namespace(helm: Helm) -> None:
    for each in helm.render(namespace="home"):
        inside = each["kind"] not in CLUSTER_SCOPED
        assert each["metadata"].get("namespace") == ("home" if inside else None), each["metadata"]["name"]


def test_a_change_of_the_settings_is_a_change_of_the_pods(helm: Helm) -> None:
    first, second = (helm.render({"region": region}) for region in ("eu-west-1", "us-east-1"))
    marks = [one(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"] for objects in (first, second)]
    assert marks[0]["checksum/settings"] != marks[1]["checksum/settings"]


def test_a_proxy_is_never_between_the_operator_and_the_api_server(helm: Helm) -> None:
    values = {"proxy": {"https": "http://proxy:3128", "noProxy": ["vpce.internal"]}}
    env = {each["name"]: each["value"] for each in container(helm.render(values))["env"]}
    assert env == {
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": ",".join(["$(KUBERNETES_SERVICE_HOST)", *LINK_LOCAL, "vpce.internal"]),
    }


def test_authorities_are_mounted_where_boto3_looks_for_them(helm: Helm) -> None:
    objects = helm.render({"caBundle": {"configMap": "authorities", "key": "bundle.pem"}})
    made = container(objects)
    bundle = next(each["value"] for each in made["env"] if each["name"] == "AWS_CA_BUNDLE")
    mount = next(each for each in made["volumeMounts"] if each["name"] == "ca")
    volumes = one(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    volume = next(each["configMap"] for each in volumes if each["name"] == "ca")
    (item,) = volume["items"]
    assert (volume["name"], item["key"]) == ("authorities", "bundle.pem")
    assert bundle == f"{mount['mountPath']}/{item['path']}"


def test_editors_write_syncs_and_stores_and_viewers_see_syncs_alone(helm: Helm) -> None:
    roles = {each["metadata"]["name"]: each for each in helm.render() if each["kind"] == "ClusterRole"}
    edit, view = roles["paramsync-edit"], roles["paramsync-view"]
    written = {Right("paramsync.dev", kind, "patch") for kind in ("parametersyncs", "parameterstores")}
    assert written <= granted(edit["rules"])
    assert granted(view["rules"]) == {
        Right("paramsync.dev", "parametersyncs", verb) for verb in ("get", "list", "watch")
    }
    to = "rbac.authorization.k8s.io/aggregate-to-"
    assert {label for label in edit["metadata"]["labels"] if to in label} == {f"{to}edit", f"{to}admin"}
    assert {label for label in view["metadata"]["labels"] if to in label} == {f"{to}view"}


def test_monitors_select_what_the_chart_makes(helm: Helm) -> None:
    switches = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
    objects = helm.render({"metrics": switches})
    service = one(objects, "Service")
    pod = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    wanted = one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert one(objects, "PodMonitor")["spec"]["selector"]["matchLabels"].items() <= pod.items()
    assert service["spec"]["selector"].items() <= pod.items()
    (port,) = service["spec"]["ports"]
    (endpoint,) = one(objects, "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["port"] == port["name"]
    assert endpoint["honorLabels"]
    assert port["targetPort"] in {each["name"] for each in container(objects)["ports"]}


def test_monitors_come_with_the_token_and_trust_the_certificate_that_the_operator_is_given(helm: Helm) -> None:
    monitors = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
    how = {"tls": {"secretName": "certificate"}, "token": {"secretName": "for-prometheus", "key": "word"}}
    objects = helm.render({"metrics": {**monitors, **how}})
    made = container(objects)
    options = dict(each.removeprefix("--").split("=", 1) for each in made["args"] if "=" in each)
    mounts = {each["name"]: each["mountPath"] for each in made["volumeMounts"]}
    volumes = {
        each["name"]: each["secret"]
        for each in one(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
        if "secret" in each
    }
    files = {
        (volume["secretName"], item["key"]): f"{mounts[name]}/{item['path']}"
        for name, volume in volumes.items()
        for item in volume["items"]
    }
    assert files == {
        ("certificate", "tls.crt"): options["metrics-certificate"],
        ("certificate", "tls.key"): options["metrics-key"],
        ("for-prometheus", "word"): options["metrics-token-file"],
    }
    service = one(objects, "Service")["metadata"]
    for kind, field in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        (endpoint,) = one(objects, kind)["spec"][field]
        assert endpoint["scheme"] == "https"
        assert endpoint["tlsConfig"] == {
            "serverName": f"{service['name']}.{service['namespace']}.svc",
            "ca": {"secret": {"name": "certificate", "key": "ca.crt"}},
        }
        assert endpoint["authorization"] == {
            "type": "Bearer",
            "credentials": {"name": "for-prometheus", "key": "word"},
        }


def texts(value: object) -> Iterator[object]:
    """All names, namespaces and labels in an object."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("name", "namespace", "serviceAccountName"):
                yield inner
            if key in ("labels", "matchLabels"):
                yield from inner.values()
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_names_that_look_like_numbers_stay_texts(helm: Helm) -> None:
    values = {
        "crds": {"install": False},
        "policies": {"enabled": False},
        "watchNamespaces": ["2024"],
        "serviceAccount": {"name": "1e5"},
        "caBundle": {"configMap": "123", "key": "yes"},
        "priorityClassName": "123",
        "metrics": {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}},
    }
    for override in ("", "0x1f", "true"):
        objects = helm.render({**values, "fullnameOverride": override}, release="1234", namespace="5678")
        assert {type(each) for each in texts(objects)} == {str}
        pod = one(objects, "Deployment")["spec"]["template"]["spec"]
        assert pod["priorityClassName"] == "123"
        assert pod["volumes"][1]["configMap"]["items"][0]["key"] == "yes"


@pytest.mark.parametrize("release", ["a.b", "1234", "a" * 53])
def test_the_name_of_the_service_is_one_for_dns(helm: Helm, release: str) -> None:
    assert re.fullmatch(
        r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", one(helm.render(release=release), "Service")["metadata"]["name"]
    )


def test_nobody_s_labels_replace_those_that_select(helm: Helm) -> None:
    taken = {"app.kubernetes.io/name": "x", "team": "a"}
    values = {"labels": taken, "podLabels": taken, "podAnnotations": {"checksum/settings": "x", "team": "a"}}
    objects = helm.render(values)
    template = one(objects, "Deployment")["spec"]["template"]["metadata"]
    for labels in (template["labels"], one(objects, "Service")["metadata"]["labels"]):
        assert (labels["app.kubernetes.io/name"], labels["team"]) == ("paramsync", "a")
    assert template["annotations"]["checksum/settings"] != "x"


def test_what_extra_env_names_is_named_once(helm: Helm) -> None:
    values = {"region": "eu-west-1", "extraEnv": [{"name": "AWS_REGION", "value": "us-east-1"}]}
    assert container(helm.render(values))["env"] == values["extraEnv"]


def test_alerts_are_those_of_the_plain_file_with_what_the_values_add(helm: Helm) -> None:
    plain = yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yaml").read_text())["groups"]
    asked = {"enabled": True, "labels": {"release": "prometheus"}}
    more = {
        "alertLabels": {"team": "a", "severity": "none"},
        "disabled": ["ParamsyncFight"],
        "runbook": "https://wiki/a",
    }

    alone = one(helm.render({"metrics": {"prometheusRule": asked}}), "PrometheusRule")
    adapted = one(helm.render({"metrics": {"prometheusRule": asked | more}}), "PrometheusRule")

    assert alone["spec"]["groups"] == plain
    assert alone["metadata"]["labels"]["release"] == "prometheus"
    expected = [deepcopy(rule) for rule in plain[0]["rules"] if rule["alert"] != "ParamsyncFight"]
    for rule in expected:
        # What says how bad it is stays.
        rule["labels"] = {"team": "a", **rule["labels"]}
        del rule["annotations"]["runbook"]
        rule["annotations"]["runbook_url"] = f"https://wiki/a#{rule['alert'].lower()}"
    assert adapted["spec"]["groups"] == [{"name": "paramsync", "rules": expected}]


def test_the_dashboard_is_where_grafana_s_sidecar_looks(helm: Helm) -> None:
    values = {"enabled": True, "namespace": "grafana", "annotations": {"grafana_folder": "AWS"}}
    found = one(helm.render({"metrics": {"dashboard": values}}), "ConfigMap", "paramsync-dashboard")

    assert found["metadata"]["namespace"] == "grafana"
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"] == {"grafana_folder": "AWS"}
    (file,) = found["data"]
    assert file.endswith(".json")
    assert json.loads(found["data"][file]) == dashboard()
