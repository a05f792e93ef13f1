"""What the operator may write into Secrets and ConfigMaps: types of Secrets, and keys with a plain source."""

from collections.abc import Mapping

import pytest

from paramsync.core.objects import PLAIN_KEYS_ANNOTATION, SYNC_ANNOTATION, ConfigMapContent, Content
from paramsync.kube.errors import Refused
from tests.edge.account import MARKS, Account, Json
from tests.edge.policies import release
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content

TWO = {"HOST": "db.example", "PORT": "5432"}
TRACKED = "the operator sets no label or annotation by which others own or adopt"
WRONG_TYPE = "the operator writes no Secret of this type"
PLAIN = "a key of the ConfigMap has no plain source"
BINARY = "a binary key of the ConfigMap has no plain source"


@pytest.mark.parametrize(
    "kind", ["bootstrap.kubernetes.io/token", "helm.sh/release.v1", "kubernetes.io/x", "any/other"]
)
def test_a_secret_of_a_type_that_is_not_for_it(account: Account, kind: str) -> None:
    body = {"metadata": {"name": "new", **MARKS}, "type": kind}

    assert account.denial("POST", account.collection(SECRET.kind), body) == ("secrets", WRONG_TYPE)


def test_a_token_of_a_service_account_as_a_secret(account: Account) -> None:
    """Such a Secret names the account in an annotation, which is refused too; either policy may be the first."""
    annotations = {**MARKS["annotations"], "kubernetes.io/service-account.name": "default"}
    body: Json = {"metadata": {"name": "new", **MARKS, "annotations": annotations}}

    assert account.denial("POST", account.collection(SECRET.kind), body) == ("targets", TRACKED)
    body["type"] = "kubernetes.io/service-account-token"
    denial = account.denial("POST", account.collection(SECRET.kind), body)
    assert denial in [("targets", TRACKED), ("secrets", WRONG_TYPE)]


GOOD_SECRETS: Mapping[str, Mapping[str, str]] = {
    "Opaque": {},
    "kubernetes.io/tls": {"tls.crt": "YQ==", "tls.key": "YQ=="},
    "kubernetes.io/basic-auth": {"username": "YQ=="},
    "kubernetes.io/ssh-auth": {"ssh-privatekey": "YQ=="},
    "kubernetes.io/dockerconfigjson": {".dockerconfigjson": "e30="},
}


@pytest.mark.parametrize("kind", GOOD_SECRETS)
def test_a_secret_of_a_type_that_is_for_it(account: Account, kind: str) -> None:
    body = {"metadata": {"name": "new", **MARKS}, "type": kind, "data": GOOD_SECRETS[kind]}

    assert account.denial("POST", account.collection(SECRET.kind), body) is None


UNSTATED = [
    None, "", "HOST", "HOST=", "HOST=SecureString", "HOST=Strings", "OTHER=String", "host=String", "X-HOST=String",
    "HOST=String2", "HOST=String,HOST", "= ==",
]  # fmt: skip


@pytest.mark.parametrize("stated", UNSTATED)
def test_a_key_without_a_plain_source(account: Account, stated: str | None) -> None:
    metadata = {"name": "new", **MARKS, "annotations": {SYNC_ANNOTATION: "app", PLAIN_KEYS_ANNOTATION: stated}}
    collection = account.collection(CONFIG_MAP.kind)

    assert account.denial("POST", collection, {"metadata": metadata, "data": {"HOST": "x"}}) == ("configmaps", PLAIN)
    binary = {"metadata": metadata, "binaryData": {"HOST": "AAEC"}}
    assert account.denial("POST", collection, binary) == ("configmaps", BINARY)
    assert account.denial("POST", collection, {"metadata": metadata}) is None


@pytest.mark.parametrize("stated", ["HOST=String", "HOST=StringList", "A=SecureString HOST=String B"])
def test_a_key_with_a_plain_source(account: Account, stated: str) -> None:
    metadata = {"name": "new", **MARKS, "annotations": {SYNC_ANNOTATION: "app", PLAIN_KEYS_ANNOTATION: stated}}
    collection = account.collection(CONFIG_MAP.kind)

    assert account.denial("POST", collection, {"metadata": metadata, "data": {"HOST": "x"}}) is None
    assert account.denial("POST", collection, {"metadata": metadata, "binaryData": {"HOST": "AAEC"}}) is None


def test_a_key_that_an_update_adds(account: Account) -> None:
    account.write(config_map_content(TWO))
    patch = {"data": {"NEW": "x"}}

    assert account.denial("PATCH", account.path(CONFIG_MAP), patch) == ("configmaps", PLAIN)


def test_what_the_operator_says_of_a_refusal_names_the_policy_and_no_value(account: Account) -> None:
    good = config_map_content(TWO)
    annotations = {**good.annotations, PLAIN_KEYS_ANNOTATION: "HOST=String PORT=SecureString"}
    bad: Content = ConfigMapContent(good.ref, good.data, good.entries, annotations, good.revision)

    with pytest.raises(Refused, match=rf"\(Forbidden, {release(account.home)}-configmaps\)") as refused:
        account.write(bad)

    assert "5432" not in str(refused.value)
    assert account.read(CONFIG_MAP) is None
