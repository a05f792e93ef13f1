"""What is in the cluster stays until a complete, authorised, plausible read says otherwise."""

from datetime import datetime

import pytest

from tests.aws.errors import denied, internal, throttled
from tests.aws.faults import cut, drop, hang, html
from tests.aws.wire import Fault
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, RECONCILING, SOON, STALLED, Scene, conditions, kstatus, message

SLOW = "5m"
INTERVAL = 10.0
OUTAGES: dict[str, tuple[Fault, str]] = {
    "dropped": (drop(), "SourceUnavailable"),
    "hanging": (hang(), "SourceUnavailable"),
    "cut": (cut(), "SourceUnavailable"),
    "intercepted": (html(), "SourceUnavailable"),
    "broken": (internal(), "SourceUnavailable"),
    "throttled": (throttled(), "Throttled"),
}


def put_app(scene: Scene) -> None:
    scene.put("app/user", "pay", "SecureString")
    scene.put("app/password", "secret", "SecureString")
    scene.put("app/host", "db")
    scene.put("app/port", "5432")


def test_an_emptied_path_empties_no_target(scene: Scene) -> None:
    put_app(scene)
    scene.synced(interval=SLOW)
    versions = scene.versions()
    scene.delete("app/user", "app/password", "app/host", "app/port")

    sync = scene.syncs.refresh("app", SOON)

    assert message(sync).startswith(f"There are no parameters below {scene.path()}; what the targets hold stays")
    assert conditions(sync) == STALLED
    assert kstatus(sync) == "Failed"
    assert scene.versions() == versions
    assert scene.wait_event("app", "NoParameters", message(sync))
    assert sync["status"]["problems"][0]["reason"] == "NoParameters"

    put_app(scene)
    assert conditions(scene.syncs.refresh("app", SOON)) == READY


def test_one_emptied_target_keeps_its_keys_while_the_other_goes_on(scene: Scene) -> None:
    put_app(scene)
    scene.synced(interval=SLOW)
    secret = scene.versions()[0]
    scene.delete("app/user", "app/password", "app/port")
    scene.put("app/host", "other")
    scene.put("app/added", "new")

    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == STALLED
    assert scene.wait_event("app", "RemovalBlocked")
    assert message(sync).startswith("Nothing would remain in Secret app: all 2 keys are kept")
    assert scene.syncs.data("Secret", "app") == {"PASSWORD": "secret", "USER": "pay"}
    assert scene.versions()[0] == secret
    assert scene.syncs.data("ConfigMap", "app") == {"ADDED": "new", "HOST": "other"}

    scene.put("app/token", "more", "SecureString")
    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == READY
    assert scene.syncs.data("Secret", "app") == {"TOKEN": "more"}


def test_a_listing_that_fails_on_a_page_writes_nothing_and_removes_nothing(scene: Scene) -> None:
    for number in range(35):
        scene.put(f"app/key-{number:02}", "old")
    third = scene.proxy.add(internal(), path=scene.path(), page=3)
    scene.syncs.create("app", scene.path())
    sync = scene.syncs.wait_reason("app", "SourceUnavailable", SOON)
    assert conditions(sync) == RECONCILING
    assert scene.versions() == [None, None], "nothing is written from part of a listing"
    third.remove()
    scene.syncs.wait_reason("app", "Synced", SOON)
    assert len(scene.syncs.data("ConfigMap", "app") or {}) == 35
    versions = scene.versions()

    third = scene.proxy.add(internal(), path=scene.path(), page=3)
    scene.put("app/key-00", "new")
    scene.delete(*(f"app/key-{number:02}" for number in range(30, 35)))
    scene.syncs.annotate("app", refresh="now")
    wait_until(lambda: third.hits >= 2, "the listing failed again")
    assert scene.versions() == versions
    assert conditions(scene.syncs.get("app")) == READY, "it fails only for a moment so far"

    third.remove()
    expected = {f"KEY_{number:02}": "new" if number == 0 else "old" for number in range(30)}
    scene.syncs.wait_data("ConfigMap", "app", expected)


def test_an_outage_is_told_when_the_data_is_stale_and_ends_by_itself(scene: Scene) -> None:
    for name in OUTAGES:
        scene.put(f"{name}/key", "secret", "SecureString")
        scene.put(f"{name}/plain", "value")
        scene.synced(name)
    versions = {name: scene.versions(name) for name in OUTAGES}
    rules = {name: scene.proxy.add(fault, path=scene.path(name)) for name, (fault, _) in OUTAGES.items()}

    for name, (_, reason) in OUTAGES.items():
        sync = scene.syncs.wait_reason(name, reason, 60)
        assert conditions(sync) == RECONCILING, f"{name}: another try mends it, not a person"
        assert kstatus(sync) == "InProgress"
        since = age_at_the_end_of_ready(scene, name, sync["status"]["conditions"])
        assert since >= 2 * INTERVAL - 1, f"{name}: Ready until the data is older than two intervals"
        assert since <= 3 * INTERVAL, f"{name}: stale data is not called Ready"
        assert scene.wait_event(name, reason, message(sync))
        assert scene.versions(name) == versions[name]

    for name, rule in rules.items():
        scene.put(f"{name}/plain", "new")
        rule.remove()
    for name in OUTAGES:
        sync = scene.syncs.wait_reason(name, "Synced")
        assert conditions(sync) == READY
        assert scene.syncs.data("ConfigMap", name) == {"PLAIN": "new"}


def age_at_the_end_of_ready(scene: Scene, name: str, found: list[dict[str, str]]) -> float:
    """The seconds from the begin of the last complete listing to the end of Ready=True."""
    at = next(each["lastTransitionTime"] for each in found if each["type"] == "Ready")
    listed = scene.metric("paramsync_sync_last_listing_timestamp_seconds", name)
    return datetime.fromisoformat(at).timestamp() - listed


def test_withdrawn_rights_are_told_at_once_and_lose_nothing(scene: Scene) -> None:
    put_app(scene)
    scene.synced(interval=SLOW)
    versions = scene.versions()
    rule = scene.proxy.add(denied(), path=scene.path())

    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == STALLED
    assert scene.wait_event("app", "AccessDenied", message(sync))
    assert scene.versions() == versions

    rule.remove()
    assert conditions(scene.syncs.refresh("app", SOON)) == READY


@pytest.mark.parametrize("optional", [False, True])
def test_a_mistyped_path_is_never_ready_and_heals_soon_though_the_interval_is_long(
    scene: Scene, optional: bool
) -> None:
    source = {"path": scene.path(), "optional": optional}
    scene.syncs.create("app", interval=SLOW, sources=[source])

    sync = scene.syncs.wait_reason("app", "NoParameters", SOON)

    assert conditions(sync) == RECONCILING, "Terraform may be about to create them"
    assert kstatus(sync) == "InProgress"
    assert scene.path() in message(sync)
    assert scene.wait_event("app", "NoParameters", message(sync))
    assert scene.versions() == [None, None]

    scene.put("app/key", "value")
    scene.syncs.wait_reason("app", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}
