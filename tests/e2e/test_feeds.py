"""What is read is read once for all syncs, arrives whole, and is decrypted only where somebody needs it."""

from collections.abc import Iterator

import pytest

from tests.aws.clients import REGION
from tests.aws.faults import undecryptable
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, SOON, STALLED, Scene, conditions, message, store
from tests.running.operator import Operator, run_operator

SLOW = "5m"
NORTH = "eu-north-1"


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """An operator with two stores in its settings, in two Regions."""
    spec = store("default", shared_proxy.url, ["*"], ["/"])["spec"]
    stores = {"default": spec, "north": {**spec, "region": NORTH}}
    directory = tmp_path_factory.mktemp("operator")
    with run_operator(bound_kubeconfig, directory, settings={"stores": stores}) as running:
        yield running


def put_all(scene: Scene, value: str) -> None:
    """Five SecureStrings, of which one is bad, and a plain parameter."""
    for name in ("bad", *(f"secret-{number}" for number in range(4))):
        scene.put(f"app/{name}", value, "SecureString")
    scene.put("app/plain", value)


def test_what_cannot_be_decrypted_stops_only_the_sync_that_takes_it(scene: Scene) -> None:
    put_all(scene, "old")
    bad = scene.path("app/bad")
    good = {f"SECRET_{number}": "new" for number in range(4)}
    scene.synced("all", "app")
    scene.synced("without", sources=[{"path": scene.path(), "exclude": ["bad"]}])
    scene.synced("plain", "app", targets=[{"kind": "ConfigMap"}])
    scene.wait_feeds(1)
    before = scene.versions("all")
    scene.proxy.forget()
    rule = scene.proxy.add(undecryptable(bad), under=scene.path())
    put_all(scene, "new")

    sync = scene.syncs.wait_reason("all", "DecryptionFailed", SOON)

    assert conditions(sync) == STALLED
    assert message(sync).startswith(f"Parameter {bad} cannot be decrypted: AWS denies kms:Decrypt")
    assert [each["subject"] for each in sync["status"]["problems"]] == [bad]
    assert scene.wait_event("all", "DecryptionFailed", message(sync))
    assert scene.versions("all") == before, "nothing is written in part"
    scene.syncs.wait_data("Secret", "without", good)
    scene.syncs.wait_data("ConfigMap", "plain", {"PLAIN": "new"})
    assert conditions(scene.syncs.get("without")) == conditions(scene.syncs.get("plain")) == READY
    assert len(scene.proxy.calls("GetParameters")) == 5, "the five together, then halves until the bad one is alone"

    # From poll to poll: one listing for the three, as for a path that one sync reads, and no further search.
    scene.put("clock/key", "value")
    scene.synced("clock")
    scene.proxy.forget()
    wait_until(lambda: min(scene.listings(), scene.listings("clock")) >= 2, "two polls of each path")
    assert abs(scene.listings() - scene.listings("clock")) <= 1
    assert {(call.action, call.body["WithDecryption"]) for call in scene.proxy.calls()} == {
        ("GetParametersByPath", False)
    }

    # Who mended it need not wait.
    scene.syncs.refresh("all", SOON)
    assert [call.names for call in scene.proxy.calls("GetParameters")] == [[bad]]
    rule.remove()
    assert conditions(scene.syncs.refresh("all", SOON)) == READY
    assert scene.syncs.data("Secret", "all") == {**good, "BAD": "new"}
    assert scene.syncs.data("ConfigMap", "all") == {"PLAIN": "new"}


def test_a_deploy_that_takes_seconds_arrives_whole(scene: Scene) -> None:
    steps = range(4)
    for number in steps:
        scene.put(f"app/secret-{number}", "old", "SecureString")
        scene.put(f"app/plain-{number}", "old")
    scene.synced(interval=SLOW)
    secret, config_map = scene.versions()

    for number in steps:
        scene.put(f"app/secret-{number}", "new", "SecureString")
        scene.put(f"app/plain-{number}", "new")
        if number == 0:
            scene.syncs.annotate("app", refresh="now")
        # Each listing sees more than the one before, but for the last two.
        scene.wait_listing()

    scene.syncs.wait_data("Secret", "app", {f"SECRET_{number}": "new" for number in steps})
    scene.syncs.wait_data("ConfigMap", "app", {f"PLAIN_{number}": "new" for number in steps})
    assert scene.history("Secret", "app", secret) == [{f"SECRET_{number}": "new" for number in steps}]
    assert scene.history("ConfigMap", "app", config_map) == [{f"PLAIN_{number}": "new" for number in steps}]


def test_a_parameter_that_is_deleted_and_created_again_is_never_gone(scene: Scene) -> None:
    for value in ("first", "old"):
        scene.put("app/secret", value, "SecureString")
        scene.put("app/plain", value)
    scene.put("app/other", "value")
    scene.synced(interval=SLOW)
    secret, config_map = scene.versions()

    scene.delete("app/secret", "app/plain")
    assert conditions(scene.syncs.refresh("app", SOON)) == READY, "a listing has missed them"
    assert scene.versions() == [secret, config_map]
    assert scene.emulator.put(scene.path("app/secret"), "new", "SecureString") == 1
    assert scene.emulator.put(scene.path("app/plain"), "new") == 1
    assert conditions(scene.syncs.refresh("app", SOON)) == READY

    assert scene.history("Secret", "app", secret) == [{"SECRET": "new"}]
    assert scene.history("ConfigMap", "app", config_map) == [{"OTHER": "value", "PLAIN": "new"}]


def test_a_deploy_that_touches_two_sources_arrives_whole(scene: Scene) -> None:
    scene.put("defaults/host", "old")
    scene.put("app/user", "old")
    scene.put("app/password", "old", "SecureString")
    scene.synced("app", "defaults", "app", interval=SLOW)
    secret, config_map = scene.versions()

    scene.put("defaults/host", "new")
    scene.syncs.annotate("app", refresh="now")
    scene.wait_listing("defaults")
    scene.put("app/user", "new")
    scene.put("app/password", "new", "SecureString")

    scene.syncs.wait_data("ConfigMap", "app", {"HOST": "new", "USER": "new"}, 60)
    scene.syncs.wait_data("Secret", "app", {"PASSWORD": "new"})
    assert scene.history("ConfigMap", "app", config_map) == [{"HOST": "new", "USER": "new"}]
    assert scene.history("Secret", "app", secret) == [{"PASSWORD": "new"}]


def test_sources_have_stores_and_globs_of_their_own(scene: Scene) -> None:
    path = scene.path()
    scene.put("app/db/host", "west")
    scene.put("app/db/password", "west", "SecureString")
    scene.put("app/debug/token", "west", "SecureString")
    scene.put("app/1st", "no key, and left out")
    for name, value in {"db/host": "north", "db/port": "5432", "other/key": "north"}.items():
        scene.emulator.put(f"{path}/{name}", value, region=NORTH)
    sources = [
        {"path": path, "exclude": ["debug/**", "1st"]},
        {"path": path, "include": ["db/*"], "storeRef": {"name": "north"}},
    ]
    scene.proxy.forget()

    sync = scene.synced(interval=SLOW, sources=sources)

    assert scene.syncs.data("Secret", "app") == {"DB_PASSWORD": "west"}
    assert scene.syncs.data("ConfigMap", "app") == {"DB_HOST": "north", "DB_PORT": "5432"}
    assert (sync["status"]["parameters"], sync["status"]["overlaid"]) == (3, 1)
    assert sync["status"]["store"] == "default, north"
    assert {call.region for call in scene.proxy.calls("GetParametersByPath")} == {REGION, NORTH}
    assert [call.names for call in scene.proxy.calls("GetParameters")] == [[f"{path}/db/password"]]
    assert not any(call.body["WithDecryption"] for call in scene.proxy.calls("GetParametersByPath"))

    scene.emulator.put(f"{path}/db/host", "new", region=NORTH)
    scene.put("app/debug/token", "new", "SecureString")
    scene.syncs.refresh("app", SOON)
    assert scene.syncs.data("ConfigMap", "app") == {"DB_HOST": "new", "DB_PORT": "5432"}
    assert [call.names for call in scene.proxy.calls("GetParameters")] == [[f"{path}/db/password"]]
