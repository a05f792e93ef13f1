"""What a store's spec means: an identity, or why the store cannot be used."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sources import StoreKind, StoreRef
from paramsync.core.access import Namespace, may_read
from paramsync.core.identity import Identity, Role, ServiceAccount
from paramsync.core.reasons import Problem, Reason
from paramsync.core.stores import (
    LONGEST_SESSION,
    ROLE_ANNOTATION,
    Store,
    StoreKey,
    cluster_spec,
    cluster_store,
    namespaced_spec,
    namespaced_store,
)

from .builders import store_ref

CLUSTER = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "main")
OWN = StoreKey(StoreKind.PARAMETER_STORE, "own", "payments")
READER = "arn:aws:iam::111122223333:role/reader"
PARAMS = "arn:aws:iam::444455556666:role/params"
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


def cluster(key: StoreKey = CLUSTER, region: str | None = "eu-west-1", **spec: Any) -> Store | Problem:
    valid = cluster_spec(key, spec)
    return valid if isinstance(valid, Problem) else cluster_store(key, valid, region)


def own(
    annotations: dict[str, str] | None, key: StoreKey = OWN, region: str | None = "eu-west-1", **spec: Any
) -> Store | Problem:
    valid = namespaced_spec(key, {"serviceAccountRef": {"name": "reader"}, **spec})
    return valid if isinstance(valid, Problem) else namespaced_store(key, valid, region, annotations)


def identity_of(store: Store | Problem) -> Identity:
    assert isinstance(store, Store)
    return store.identity


def told(store: Store | Problem) -> str:
    assert isinstance(store, Problem)
    assert store.reason is Reason.STORE_INVALID
    return store.message


def test_without_a_role_it_is_the_operator_who_reads() -> None:
    assert identity_of(cluster()) == Identity("eu-west-1")
    assert identity_of(cluster(endpoint="https://vpce.example")) == Identity("eu-west-1", "https://vpce.example")


def test_the_region_of_a_store_comes_before_the_operator_s() -> None:
    valid = cluster_spec(CLUSTER, {"region": "us-east-1"})
    assert not isinstance(valid, Problem)
    assert identity_of(cluster_store(CLUSTER, valid, "eu-west-1")).region == "us-east-1"


def test_what_is_the_same_to_aws_is_one_identity() -> None:
    other = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "other")
    access = [{"namespaces": ["*"], "paths": ["/"]}]
    assert identity_of(cluster()) == identity_of(cluster(other, access=access))
    assert identity_of(cluster()) != identity_of(cluster(other, "us-east-1"))
    assert identity_of(cluster()) != identity_of(cluster(other, endpoint="https://vpce.example"))
    assert identity_of(cluster(roleArn=PARAMS)) != identity_of(cluster(other, roleArn=PARAMS)), "sessions have names"


def test_a_role_is_assumed_with_all_that_is_said_of_it() -> None:
    tags = {"team": "red", "a": "b", "B": ""}
    identity = identity_of(cluster(roleArn=PARAMS, externalId="id", sessionTags=tags))
    assert identity.role == Role(PARAMS, "id", (("B", ""), ("a", "b"), ("team", "red")))
    assert identity.service_account is None
    assert (identity.session, identity.account) == ("paramsync-cluster@main", "444455556666")
    again = identity_of(cluster(roleArn=PARAMS, externalId="id", sessionTags=dict(reversed(tags.items()))))
    assert identity == again


def test_a_parameter_store_reads_as_its_service_account() -> None:
    identity = identity_of(own({ROLE_ANNOTATION: READER, "other": "x"}))
    assert identity == Identity(
        "eu-west-1",
        service_account=ServiceAccount("payments", "reader", READER),
        session="paramsync@payments.own",
    )
    assert identity.account == "111122223333"


def test_and_then_as_the_role_that_it_names() -> None:
    identity = identity_of(own({ROLE_ANNOTATION: READER}, roleArn=PARAMS, externalId="id"))
    assert identity.service_account == ServiceAccount("payments", "reader", READER)
    assert (identity.role, identity.account) == (Role(PARAMS, "id"), "444455556666")


def test_it_serves_its_own_namespace_with_every_path_and_no_other() -> None:
    store = own({ROLE_ANNOTATION: READER})
    assert isinstance(store, Store)
    for path in ("/", "/prod", "/prod/x/y"):
        assert may_read(store.access, Namespace("payments"), path)
        assert not may_read(store.access, Namespace("payments-test"), path)
        assert not may_read(store.access, Namespace("other"), path)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "hunter2",
        "arn:aws:iam::111122223333:user/reader",
        "arn:aws:sts::111122223333:assumed-role/reader/x",
        f"{READER}\n",
        f" {READER}",
        "arn:aws:iam::111122223333:role/" + "x" * 3000,
    ],
)
def test_an_annotation_that_is_no_role_is_told_and_not_quoted(arn: str) -> None:
    text = told(own({ROLE_ANNOTATION: arn}))
    assert text.startswith("ParameterStore own reads as service account reader of namespace payments, whose annotation")
    assert f"annotation {ROLE_ANNOTATION} is {'not the ARN of an IAM role' if arn else 'missing'};" in text
    assert "annotate it with the ARN of the role" in text
    assert not arn or arn not in text.removesuffix("role/params")


def test_an_account_that_is_missing_or_not_annotated_is_told() -> None:
    assert "which does not exist; create it with the annotation eks.amazonaws.com/role-arn" in told(own(None))
    assert f"annotation {ROLE_ANNOTATION} is missing" in told(own({}))


def test_a_store_without_any_region_is_told() -> None:
    assert "names no Region" in told(cluster(region=None))
    assert "names no Region" in told(own({ROLE_ANNOTATION: READER}, region=None))


def test_a_spec_that_is_not_valid_is_told_and_not_quoted() -> None:
    assert told(cluster(roleArn="hunter2")).startswith(
        "ClusterParameterStore main is not valid: roleArn: write the ARN"
    )
    assert told(own({}, access=[])).startswith("ParameterStore own is not valid: access: Extra inputs")


def test_a_ref_means_a_store_of_the_sync_s_own_namespace() -> None:
    assert StoreKey.of(store_ref("own", namespaced=True), "payments") == OWN
    assert StoreKey.of(store_ref("main"), "payments") == CLUSTER
    with pytest.raises(ValueError, match="Extra inputs"):
        StoreRef.model_validate({"kind": "ParameterStore", "name": "own", "namespace": "other"})


def test_what_is_not_found_says_where_it_was_looked_for() -> None:
    assert OWN.not_found.message == (
        "ParameterStore own does not exist in namespace payments; create it, or name another in spec.storeRef"
    )
    assert CLUSTER.not_found.message == (
        "ClusterParameterStore main does not exist; create it, or name another in spec.storeRef"
    )


names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,100}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?){0,3}", fullmatch=True)
spaces = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
keys = st.builds(StoreKey, st.just(StoreKind.CLUSTER_PARAMETER_STORE), names) | st.builds(
    StoreKey, st.just(StoreKind.PARAMETER_STORE), names, spaces
)


@given(st.sets(keys, min_size=2, max_size=20))
def test_every_store_has_sessions_of_a_name_of_its_own_that_aws_takes(stores: set[StoreKey]) -> None:
    assert len({each.session for each in stores}) == len(stores)
    assert all(SESSION_NAME.fullmatch(each.session) for each in stores)


@pytest.mark.parametrize("length", [1, 44, 45, 46, 47, 100, 253])
def test_a_long_name_is_cut_and_stays_unique(length: int) -> None:
    one = StoreKey(StoreKind.PARAMETER_STORE, "a" * length, "payments")
    other = StoreKey(StoreKind.PARAMETER_STORE, "a" * (length - 1) + "b", "payments")
    assert one.session != other.session
    assert len(one.session) <= LONGEST_SESSION


def test_a_cluster_store_and_a_namespaced_one_cannot_share_a_session() -> None:
    cluster_key = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "payments.own")
    assert cluster_key.session != OWN.session
