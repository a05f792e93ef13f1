"""The admission policies of an installation: the operator's work passes, and whatever a defect would do does not."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException, ForbiddenException

from paramsync.api.sync import TargetKind
from paramsync.core.objects import PLAIN_KEYS_ANNOTATION, ConfigMapContent, Content, Live, Owner
from paramsync.core.ownership import is_ours
from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue
from paramsync.kube.errors import Refused
from paramsync.kube.fence import SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.transport import Transport
from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.edge.policies import ACCOUNT, bound_policies, policies, refusal, release
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content, secret_content

MERGE_PATCH = "application/merge-patch+json"
PLURALS = {TargetKind.SECRET: "secrets", TargetKind.CONFIG_MAP: "configmaps"}
OURS = {"app.kubernetes.io/managed-by": "paramsync"}

ONE = {"HOST": "db.internal"}
TWO = {"HOST": "db.example", "PORT": "5432"}
SECRETS = {"PASSWORD": SecureValue(b"hunter2")}


@dataclass(frozen=True)
class Account:
    """The operator's account at work in a namespace of a team."""

    cluster: Cluster
    home: str
    namespace: str
    targets: Targets
    client: Any
    owner: Owner

    def path(self, ref: TargetRef, namespace: str | None = None) -> str:
        return f"/api/v1/namespaces/{namespace or self.namespace}/{PLURALS[ref.kind]}/{ref.name}"

    def read(self, ref: TargetRef) -> Live | None:
        return self.targets.get(ref, self.namespace, values=True)

    def write(self, content: Content) -> None:
        self.targets.apply(content, self.read(content.ref), self.owner, self.namespace)

    def data(self, ref: TargetRef) -> dict[str, str]:
        found: dict[str, str] = self.cluster.request("GET", self.path(ref)).get("data", {})
        return found

    def meddle(self, ref: TargetRef, body: Mapping[str, object]) -> None:
        """Somebody with every right merges this into a target."""
        self.cluster.request("PATCH", self.path(ref), body, content_type=MERGE_PATCH)

    def foreign(self, ref: TargetRef, **fields: object) -> None:
        """Somebody else makes an object of this name."""
        collection = self.path(ref).rpartition("/")[0]
        self.cluster.request("POST", collection, {"metadata": {"name": ref.name}, **fields})


@pytest.fixture(scope="module")
def home(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace("operator") as name:
        yield name


@pytest.fixture(scope="module")
def bound(cluster: Cluster, home: str) -> Iterator[Any]:
    with bound_policies(cluster, home) as kubeconfig, cluster.api(kubeconfig) as client:
        yield client


@pytest.fixture
def account(cluster: Cluster, home: str, bound: Any, namespace: str) -> Account:
    made = cluster.request(
        "POST",
        f"/apis/paramsync.dev/v1alpha1/namespaces/{namespace}/parametersyncs",
        {
            "apiVersion": "paramsync.dev/v1alpha1",
            "kind": "ParameterSync",
            "metadata": {"name": "app"},
            "spec": {"sources": [{"path": "/prod/pay"}]},
        },
    )
    targets = Targets(Transport(bound), SoleReplica())
    return Account(cluster, home, namespace, targets, bound, Owner("app", made["metadata"]["uid"]))


def decoded(data: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in data.items()}


class TestTheOperatorsWorkPasses:
    def test_targets_are_created_and_updated(self, account: Account) -> None:
        account.write(secret_content(SECRETS))
        account.write(config_map_content(ONE))
        account.write(config_map_content(TWO))
        account.write(config_map_content({"PORT": "5432"}))

        assert decoded(account.data(SECRET)) == {"PASSWORD": "hunter2"}
        assert account.data(CONFIG_MAP) == {"PORT": "5432"}

    def test_a_target_without_any_key(self, account: Account) -> None:
        account.write(config_map_content({}))
        account.write(secret_content({}))

        assert account.data(CONFIG_MAP) == account.data(SECRET) == {}

    @pytest.mark.parametrize(
        "plain_keys",
        [None, "", "HOST=String", "HOST=SecureString", "STRAY=SecureString STRAY", "= ==", "Hello, World"],
    )
    def test_surplus_keys_go_whatever_the_annotation_says(self, account: Account, plain_keys: str | None) -> None:
        account.write(config_map_content(ONE))
        account.meddle(
            CONFIG_MAP,
            {
                "metadata": {"annotations": {PLAIN_KEYS_ANNOTATION: plain_keys}},
                "data": {"STRAY": "x", "HOST": "changed"},
                "binaryData": {"STRAY.bin": "AAEC"},
            },
        )

        account.write(config_map_content(TWO))

        found = account.cluster.request("GET", account.path(CONFIG_MAP))
        assert found["data"] == TWO
        assert "binaryData" not in found
        assert found["metadata"]["annotations"][PLAIN_KEYS_ANNOTATION] == "HOST=String PORT=String"

    def test_surplus_keys_go_together_with_a_key_of_ours(self, account: Account) -> None:
        account.write(config_map_content(TWO))
        account.meddle(CONFIG_MAP, {"data": {"STRAY": "x"}})

        account.write(config_map_content(ONE))

        assert account.data(CONFIG_MAP) == ONE

    def test_a_drifted_secret_is_repaired(self, account: Account) -> None:
        account.write(secret_content(SECRETS))
        account.meddle(SECRET, {"stringData": {"PASSWORD": "other", "STRAY": "x"}})

        account.write(secret_content(SECRETS))

        assert decoded(account.data(SECRET)) == {"PASSWORD": "hunter2"}

    @pytest.mark.parametrize("content", [secret_content(SECRETS), config_map_content(ONE)], ids=["Secret", "ConfigMap"])
    def test_a_target_that_lost_its_label_is_repaired(self, account: Account, content: Content) -> None:
        account.write(content)
        account.meddle(content.ref, {"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}})

        account.write(content)

        live = account.read(content.ref)
        assert live is not None
        assert live.labels["app.kubernetes.io/managed-by"] == "paramsync"

    @pytest.mark.parametrize("relabelled", [False, True])
    @pytest.mark.parametrize("content", [secret_content(SECRETS), config_map_content(ONE)], ids=["Secret", "ConfigMap"])
    def test_a_dropped_target_is_deleted(self, account: Account, content: Content, relabelled: bool) -> None:
        account.write(content)
        if relabelled:
            account.meddle(content.ref, {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}})
        live = account.read(content.ref)
        assert live is not None
        assert is_ours(live, account.owner)

        account.targets.delete(live, account.namespace)

        assert account.read(content.ref) is None


class TestADefectIsRefused:
    def test_a_key_without_a_plain_source_never_enters_a_config_map(self, account: Account) -> None:
        good = config_map_content(TWO)
        for stated in ("HOST=String", "HOST=String PORT=SecureString", ""):
            annotations = {**good.annotations, PLAIN_KEYS_ANNOTATION: stated}
            bad = ConfigMapContent(good.ref, good.data, good.entries, annotations, good.revision)
            with pytest.raises(Refused, match=f"{release(account.home)}-configmaps") as refused:
                account.write(bad)
            assert "5432" not in str(refused.value)
        assert account.read(CONFIG_MAP) is None

    @pytest.mark.parametrize("content", [secret_content(SECRETS), config_map_content(ONE)], ids=["Secret", "ConfigMap"])
    def test_a_foreign_object_is_neither_taken_nor_deleted(self, account: Account, content: Content) -> None:
        account.foreign(content.ref)
        before = account.cluster.request("GET", account.path(content.ref))

        with pytest.raises(Refused, match=f"Forbidden, {release(account.home)}-targets"):
            account.write(content)
        live = account.read(content.ref)
        assert live is not None
        with pytest.raises(Refused, match=f"Forbidden, {release(account.home)}-targets"):
            account.targets.delete(live, account.namespace)

        assert account.cluster.request("GET", account.path(content.ref)) == before

    def test_an_object_that_another_controller_owns_is_foreign(self, account: Account) -> None:
        other = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app", "uid": "1", "controller": True}
        body = {"metadata": {"name": "app", "ownerReferences": [other]}}
        path = account.path(CONFIG_MAP)
        account.cluster.request("POST", path.rpartition("/")[0], body)
        taken = {"metadata": {"labels": OURS}}
        assert "-targets" in refusal(account.client, "PATCH", path, taken, content_type=MERGE_PATCH)

    @pytest.mark.parametrize(
        "kind",
        ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token", "helm.sh/release.v1", "any/other"],
    )
    def test_a_secret_of_a_token_type(self, account: Account, kind: str) -> None:
        metadata = {
            "name": "token",
            "labels": OURS,
            "annotations": {"kubernetes.io/service-account.name": "default"},
        }
        body = {"metadata": metadata, "type": kind}
        path = f"/api/v1/namespaces/{account.namespace}/secrets"

        assert f"{release(account.home)}-secrets" in refusal(account.client, "POST", path, body)
        assert refusal(account.client, "POST", path, {**body, "type": "Opaque"}) == ""

    @pytest.mark.parametrize("reserved", ["kube-system", "kube-public", "kube-node-lease", None])
    def test_a_namespace_that_is_nobodys_to_sync_into(self, account: Account, reserved: str | None) -> None:
        where = reserved or account.home
        with pytest.raises(Refused, match=f"{release(account.home)}-targets"):
            account.targets.apply(config_map_content(ONE), None, account.owner, where)
        assert not account.cluster.exists(account.path(CONFIG_MAP, where))

    def test_a_patch_that_takes_the_label_off(self, account: Account) -> None:
        account.write(config_map_content(ONE))
        body = {"metadata": {"labels": None}}
        path = account.path(CONFIG_MAP)
        assert "-targets" in refusal(account.client, "PATCH", path, body, content_type=MERGE_PATCH)


class TestWhatItsRightsRefuse:
    @pytest.mark.parametrize("plural", ["secrets", "configmaps"])
    def test_it_neither_lists_nor_watches_objects_with_values(self, account: Account, plural: str) -> None:
        for query in ({}, {"watch": "true"}):
            with pytest.raises(ForbiddenException):
                request(account.client, "GET", f"/api/v1/namespaces/{account.namespace}/{plural}", query=query)


class TestTokens:
    def test_only_for_sts_and_only_for_an_hour(self, account: Account) -> None:
        role = {"rules": [{"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}]}
        base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{account.namespace}"
        account.cluster.request("POST", f"{base}/roles", {"metadata": {"name": "tokens"}, **role})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tokens"}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": account.home}
        binding = {"metadata": {"name": "tokens"}, "roleRef": reference, "subjects": [subject]}
        account.cluster.request("POST", f"{base}/rolebindings", binding)

        def asked(**spec: object) -> str:
            path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/default/token"
            return refusal(account.client, "POST", path, {"spec": spec})

        denial = f"ValidatingAdmissionPolicy '{release(account.home)}-tokens'"
        wait_until(lambda: denial in asked(audiences=["https://kubernetes.default.svc"]), f"{denial} is in force")
        assert asked(audiences=["sts.amazonaws.com"], expirationSeconds=3600) == ""
        for audiences in ([], ["sts.amazonaws.com", "vault"], ["vault"]):
            assert denial in asked(audiences=audiences)
        assert denial in asked(audiences=["sts.amazonaws.com"], expirationSeconds=3601)


class TestDefinitions:
    PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/parametersyncs.paramsync.dev"

    def test_nobody_deletes_one_by_accident(self, account: Account) -> None:
        with pytest.raises(ApiException, match="deleting this definition deletes every target of every sync"):
            account.cluster.request("DELETE", self.PATH, {"dryRun": ["All"]})

    def test_whoever_annotates_it_may(self, account: Account) -> None:
        def annotate(value: str | None) -> None:
            body = {"metadata": {"annotations": {"paramsync.dev/allow-deletion": value}}}
            account.cluster.request("PATCH", self.PATH, body, content_type=MERGE_PATCH)

        annotate("true")
        try:
            account.cluster.request("DELETE", self.PATH, {"dryRun": ["All"]})
        finally:
            annotate(None)


class TestThePoliciesThemselves:
    def test_their_expressions_fit_the_types_of_what_they_see(self, account: Account) -> None:
        for policy in policies(account.home):
            path = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{policy['metadata']['name']}"

            def status(path: str = path) -> dict[str, Any]:
                found: dict[str, Any] = account.cluster.request("GET", path).get("status", {})
                return found if "observedGeneration" in found else {}

            checked = wait_until(status, f"the types of {policy['metadata']['name']} are checked")
            assert checked.get("typeChecking", {}).get("expressionWarnings", []) == []

    def test_somebody_else_is_not_bound(self, account: Account) -> None:
        path = f"/api/v1/namespaces/{account.namespace}/configmaps"
        account.cluster.request("POST", path, {"metadata": {"name": "free"}, "data": {"KEY": "value"}})


def test_a_dropped_key_goes_although_nobody_owns_it_any_more(account: Account) -> None:
    account.write(config_map_content(TWO))
    account.meddle(CONFIG_MAP, {"metadata": {"managedFields": [{}]}})
    account.write(config_map_content(ONE))
    assert account.data(CONFIG_MAP) == ONE
