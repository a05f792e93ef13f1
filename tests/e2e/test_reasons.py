"""Whatever stands in the way is told: why, which parameter or object, and what to do; nothing is written."""

from collections.abc import Iterator

import pytest

from tests.aws.errors import denied
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until
from tests.e2e.scene import (
    READY,
    RECONCILING,
    SOON,
    STALLED,
    Scene,
    Stores,
    blocked,
    conditions,
    store,
)
from tests.running.operator import Operator, run_operator

SLOW = "5m"


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """An operator with three stores in its settings: for everybody, for one's own path, and for /prod/pay."""
    stores = {
        name: store(name, shared_proxy.url, ["*"], paths)["spec"]
        for name, paths in {"default": ["/"], "own": ["/{namespace}"], "pay": ["/prod/pay"]}.items()
    }
    directory = tmp_path_factory.mktemp("operator")
    with run_operator(bound_kubeconfig, directory, settings={"stores": stores}) as running:
        yield running


def exclude(scene: Scene, *patterns: str) -> None:
    """Mend what is wrong by leaving it out: its deletion would be believed only after 45 seconds."""
    scene.syncs.patch("app", {"spec": {"sources": [{"path": scene.path(), "exclude": list(patterns)}]}})


def test_a_store_allows_whole_segments(scene: Scene) -> None:
    scene.syncs.create("app", "/prod/payroll", storeRef={"name": "pay"})

    text = blocked(scene, "app", "NotAllowed", RECONCILING)

    namespace = scene.syncs.namespace
    assert text.startswith(f"ClusterParameterStore pay does not let namespace {namespace} read /prod/payroll;")
    assert "it may read /prod/pay." in text
    asked = [call.names for call in scene.proxy.calls("GetParametersByPath")]
    assert ["/prod/payroll"] not in asked, "what is not allowed is not asked for"


def test_a_namespace_reads_its_own_path_and_no_other(scene: Scene) -> None:
    scene.put("app/key", "value")
    scene.synced(interval=SLOW, storeRef={"name": "own"})
    scene.syncs.create("other", "/kube-system/app", storeRef={"name": "own"})

    text = blocked(scene, "other", "NotAllowed", RECONCILING)

    assert f"it may read /{scene.syncs.namespace}." in text
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}


def test_one_source_that_is_not_allowed_stops_all(scene: Scene) -> None:
    scene.put("app/key", "value")
    scene.syncs.create("app", scene.path(), "/elsewhere", storeRef={"name": "own"}, interval=SLOW)

    assert "/elsewhere" in blocked(scene, "app", "NotAllowed", RECONCILING)
    assert scene.listings() == 0
    assert scene.versions() == [None, None]


def test_a_missing_store_is_waited_for(scene: Scene, stores: Stores) -> None:
    name = f"late-{scene.syncs.namespace}"
    scene.put("app/key", "value")
    scene.syncs.create("app", scene.path(), storeRef={"name": name}, interval=SLOW)
    assert name in blocked(scene, "app", "StoreNotFound", RECONCILING)

    stores.create(name, "/")
    scene.syncs.wait_reason("app", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}

    stores.delete(name)
    blocked(scene, "app", "StoreNotFound", STALLED)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}

    # Its grace is over, and its deadline far: only the store's creation can wake it.
    stores.create(name, "/")
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY


def test_a_store_that_stands_in_two_places_is_used_from_neither(scene: Scene, stores: Stores) -> None:
    scene.put("app/key", "value")
    scene.synced(interval=SLOW)
    stores.create("default", "/")

    assert "default" in blocked(scene, "app", "StoreInvalid", STALLED)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}

    stores.delete("default")
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY


def test_withdrawn_access_is_told_at_once_and_loses_nothing(scene: Scene, stores: Stores) -> None:
    name = f"mine-{scene.syncs.namespace}"
    stores.create(name, "/")
    scene.put("app/key", "value")
    scene.synced(interval=SLOW, storeRef={"name": name})
    versions = scene.versions()
    scene.proxy.forget()

    stores.allow(name, "/elsewhere")

    assert "it may read /elsewhere." in blocked(scene, "app", "NotAllowed", STALLED)
    assert scene.versions() == versions
    scene.put("app/key", "new")
    scene.syncs.refresh("app", SOON)
    assert scene.listings() == 0
    assert scene.versions() == versions

    stores.allow(name, "/elsewhere", scene.path())
    scene.syncs.wait_reason("app", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "new"}


def test_a_denial_of_iam_names_the_missing_action(scene: Scene) -> None:
    scene.put("app/key", "value")
    rule = scene.proxy.add(denied(), path=scene.path())
    scene.syncs.create("app", scene.path(), interval=SLOW)

    text = blocked(scene, "app", "AccessDenied", RECONCILING)

    assert f"AWS denies ssm:GetParametersByPath on {scene.path()}" in text
    assert f"parameter{scene.path()}/*" in text
    assert {call.action for call in scene.proxy.calls()} == {"GetParametersByPath"}, "nothing else is tried instead"
    rule.remove()
    scene.syncs.wait_reason("app", "Synced", SOON)


def test_a_name_that_cannot_be_a_key_is_named(scene: Scene) -> None:
    scene.put("app/1st", "one")
    scene.put("app/other", "two", "SecureString")
    scene.syncs.create("app", scene.path(), interval=SLOW)

    assert scene.path("app/1st") in blocked(scene, "app", "InvalidKey", STALLED)
    assert scene.versions() == [None, None]

    exclude(scene, "1st")
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY


def test_what_does_not_fit_is_not_written_in_part(scene: Scene) -> None:
    scene.put("app/other", "small", "SecureString")
    for number in range(129):
        scene.put(f"app/key-{number}", "v" * 8192)
    scene.syncs.create("app", scene.path(), interval=SLOW)

    text = blocked(scene, "app", "TooLarge", STALLED)

    assert text.startswith("ConfigMap app would be too large: its values would take 1,056,768 bytes")
    assert scene.versions() == [None, None]

    exclude(scene, "key-128")
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY
    assert len(scene.syncs.data("ConfigMap", "app") or {}) == 128


def test_targets_that_turn_out_to_be_one_object_are_an_invalid_spec(scene: Scene) -> None:
    scene.put("app/key", "secret", "SecureString")
    targets = [{"kind": "Secret"}, {"kind": "Secret", "name": "app"}]
    scene.syncs.create("app", scene.path(), interval=SLOW, targets=targets)

    assert "two targets are the same object" in blocked(scene, "app", "InvalidSpec", STALLED)
    assert scene.listings() == 0

    scene.syncs.patch("app", {"spec": {"targets": targets[:1]}})
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY


def contracted(scene: Scene, **contract: object) -> None:
    scene.syncs.patch("app", {"spec": {"contract": contract or None}})


def test_a_contract_that_is_violated_keeps_what_there_is(scene: Scene) -> None:
    scene.put("app/port", "none of your business")
    scene.put("app/password", "secret", "SecureString")
    scene.synced(interval=SLOW)
    versions = scene.versions()

    contracted(scene, match={"port": "^[0-9]+$"})

    text = blocked(scene, "app", "ContractViolated", STALLED)
    assert text.startswith(
        f"The value of parameter {scene.path('app/port')} does not match ^[0-9]+$, as contract.match"
    )
    assert "none of your business" not in str(scene.syncs.get("app")["status"])
    assert scene.versions() == versions

    scene.put("app/port", "5432")
    scene.syncs.refresh("app", SOON)
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY
    assert scene.syncs.data("ConfigMap", "app") == {"PORT": "5432"}


def test_what_a_contract_requires_must_be_there_before_anything_is_written(scene: Scene) -> None:
    scene.put("app/password", "plain")
    contract = {"required": ["db/*"], "secure": ["**/password"]}
    scene.syncs.create("app", scene.path(), interval=SLOW, contract=contract)

    text = blocked(scene, "app", "ContractViolated", STALLED)

    assert text.startswith("contract.required asks for a parameter that matches db/*, and no source gives one.")
    told = [each["subject"] for each in scene.syncs.get("app")["status"]["problems"]]
    assert told == ["db/*", scene.path("app/password")]
    assert scene.versions() == [None, None]

    contracted(scene)
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY


def test_what_a_contract_does_not_check_and_what_looks_secret_is_told_beside_ready(scene: Scene) -> None:
    scene.put("app/password", "hunter2")
    scene.put("app/key", "secret", "SecureString")

    told = scene.synced(interval=SLOW, contract={"match": {"*": "."}})["status"]

    assert [(each["reason"], each["subject"]) for each in told["problems"]] == [
        ("ContractUnchecked", scene.path("app/key")),
        ("LooksSecret", scene.path("app/password")),
    ]
    assert "hunter2" not in str(told)
    assert scene.syncs.data("ConfigMap", "app") == {"PASSWORD": "hunter2"}

    contracted(scene, plain=["password"], match=None)
    wait_until(lambda: "problems" not in scene.syncs.get("app")["status"], "nothing is said beside Ready")


def test_a_reference_to_nothing_is_named(scene: Scene) -> None:
    scene.put("app/host", "db")
    target = {"kind": "Secret", "compose": {"URL": "https://${host}/${path}"}}
    scene.syncs.create("app", scene.path(), interval=SLOW, targets=[target])

    assert "compose.URL of Secret app refers to path" in blocked(scene, "app", "ParameterMissing", STALLED)
    assert scene.versions() == [None, None]

    scene.syncs.patch("app", {"spec": {"targets": [target | {"compose": {"URL": "https://${host}/"}}]}})
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY
    assert scene.syncs.data("Secret", "app") == {"HOST": "db", "URL": "https://db/"}


def test_a_config_map_that_asks_for_something_secure_is_refused(scene: Scene) -> None:
    scene.put("app/host", "db")
    scene.put("app/password", "secret", "SecureString")
    config = {"kind": "ConfigMap", "compose": {"URL": "https://x:${password}@${host}/"}}
    scene.syncs.create("app", scene.path(), interval=SLOW, targets=[config])

    text = blocked(scene, "app", "SecureRefused", STALLED)

    assert text.startswith(
        f"Parameter {scene.path('app/password')} is a SecureString, and compose.URL of ConfigMap app"
    )
    assert scene.versions() == [None, None]

    scene.syncs.patch("app", {"spec": {"targets": [config | {"compose": None}]}})
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY
