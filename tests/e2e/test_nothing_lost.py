"""What is in the cluster stays until a complete, authorised, plausible read says otherwise."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.aws.errors import denied, internal, throttled
from tests.aws.faults import cut, drop, hang, html
from tests.aws.proxy import Proxy
from tests.aws.wire import Fault
from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until
from tests.e2e.scene import (
    READY,
    RECONCILING,
    REMOVAL,
    SOON,
    STALLED,
    Scene,
    Story,
    conditions,
    kstatus,
    message,
    store,
    tell_together,
)
from tests.running.operator import Operator, run_operator

SLOW = "5m"
INTERVAL = 10.0
TIMEOUTS = 2 * 10.0 + 1
"""Seconds that both tries of a page take while nobody answers."""

PAUSES = 1 + 2 + 5 * 4.0
"""Seconds between the eight tries of a page that is throttled."""

OUTAGES: dict[str, tuple[Fault, str, float]] = {
    "dropped": (drop(), "SourceUnavailable", 0),
    "hanging": (hang(), "SourceUnavailable", TIMEOUTS),
    "cut": (cut(), "SourceUnavailable", 0),
    "intercepted": (html(), "SourceUnavailable", 0),
    "broken": (internal(), "SourceUnavailable", 0),
    "throttled": (throttled(), "Throttled", PAUSES),
}
"""What befalls a path, what it is called, and how long one listing tries."""

BUSY = 4.0
"""Seconds more that a listing takes which begins in an outage of others, who use up the API budget."""


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """An operator whose API budget, when AWS throttles one path, is still enough for the others."""
    stores = {"default": store("default", shared_proxy.url, ["*"], ["/"])["spec"]}
    settings = {"stores": stores, "budget": {"requestsPerSecond": 200}}
    with run_operator(bound_kubeconfig, tmp_path_factory.mktemp("operator"), settings=settings) as running:
        yield running


def one_emptied_target_keeps_its_keys_while_the_other_goes_on(scene: Scene) -> Story:
    scene.put_app("half")
    scene.synced("half", interval=SLOW, guard={"maxRemovals": 3})
    secret = scene.versions("half")[0]
    scene.delete("half/user", "half/password", "half/port")
    scene.put("half/host", "other")
    scene.put("half/added", "new")

    sync = scene.syncs.refresh("half", SOON)

    assert conditions(sync) == READY
    assert scene.syncs.data("ConfigMap", "half") == {"ADDED": "new", "HOST": "other", "PORT": "5432"}
    yield
    sync = scene.syncs.wait_reason("half", "RemovalBlocked", REMOVAL)
    assert conditions(sync) == STALLED
    assert scene.wait_event("half", "RemovalBlocked")
    assert message(sync).startswith("Secret half would lose every key it had: all 2 keys are kept")
    assert scene.syncs.data("Secret", "half") == {"PASSWORD": "secret", "USER": "pay"}
    assert scene.versions("half")[0] == secret
    assert scene.syncs.data("ConfigMap", "half") == {"ADDED": "new", "HOST": "other"}

    scene.put("half/token", "more", "SecureString")
    sync = scene.syncs.refresh("half", SOON)

    assert conditions(sync) == STALLED, "what comes does not make up for what goes"
    assert scene.syncs.data("Secret", "half") == {"PASSWORD": "secret", "TOKEN": "more", "USER": "pay"}

    scene.syncs.annotate("half", approve=sync["status"]["plan"]["digest"])
    assert conditions(scene.syncs.wait_reason("half", "Synced", SOON)) == READY
    assert scene.syncs.data("Secret", "half") == {"TOKEN": "more"}


def a_listing_that_fails_on_a_page_writes_nothing_and_removes_nothing(scene: Scene) -> Story:
    path = scene.path("paged")
    for number in range(35):
        scene.put(f"paged/key-{number:02}", "old")
    third = scene.proxy.add(internal(), path=path, page=3)
    scene.syncs.create("paged", path)
    sync = scene.syncs.wait_reason("paged", "SourceUnavailable", SOON)
    assert conditions(sync) == RECONCILING
    assert scene.versions("paged") == [None, None], "nothing is written from part of a listing"
    third.remove()
    scene.syncs.wait_reason("paged", "Synced", SOON)
    assert len(scene.syncs.data("ConfigMap", "paged") or {}) == 35
    versions = scene.versions("paged")

    third = scene.proxy.add(internal(), path=path, page=3)
    scene.put("paged/key-00", "new")
    scene.delete(*(f"paged/key-{number:02}" for number in range(30, 35)))
    scene.syncs.annotate("paged", refresh="now")
    wait_until(lambda: third.hits >= 4, "the listing failed again, after two tries each")
    assert scene.versions("paged") == versions
    assert conditions(scene.syncs.get("paged")) == READY, "it fails only for a moment so far"

    third.remove()
    changed = {f"KEY_{number:02}": "new" if number == 0 else "old" for number in range(35)}
    scene.syncs.wait_data("ConfigMap", "paged", changed)
    yield
    expected = {key: value for key, value in changed.items() if key < "KEY_30"}
    scene.syncs.wait_data("ConfigMap", "paged", expected, REMOVAL)


def a_page_that_fails_once_is_asked_for_again(scene: Scene) -> Story:
    for number in range(15):
        scene.put(f"flaky/key-{number:02}", "value")
    rules = [scene.proxy.add(internal(), path=scene.path("flaky"), page=2, times=1)]
    rules.append(scene.proxy.add(throttled(), path=scene.path("flaky"), page=1, times=2))

    scene.synced("flaky", interval=SLOW)

    assert [rule.hits for rule in rules] == [1, 2]
    events = [each for each in scene.syncs.events() if each["regarding"]["name"] == "flaky"]
    assert {each["reason"] for each in events} <= {"Synced"}, "nobody is told of what has passed already"
    yield


def an_outage_is_told_when_the_data_is_stale_and_ends_by_itself(scene: Scene) -> Story:
    for name in OUTAGES:
        scene.put(f"{name}/key", "secret", "SecureString")
        scene.put(f"{name}/plain", "value")
        scene.synced(name)
    versions = {name: scene.versions(name) for name in OUTAGES}
    rules = {name: scene.proxy.add(fault, path=scene.path(name)) for name, (fault, _, _) in OUTAGES.items()}
    yield
    for name, (_, reason, lasts) in OUTAGES.items():
        sync = scene.syncs.wait_reason(name, reason, 60)
        assert conditions(sync) == RECONCILING, f"{name}: another try mends it, not a person"
        assert kstatus(sync) == "InProgress"
        since = age_at_the_end_of_ready(scene, name, sync["status"]["conditions"])
        assert since >= 2 * INTERVAL - 1, f"{name}: Ready until the data is older than two intervals"
        most = max(3 * INTERVAL, INTERVAL + lasts + BUSY)
        assert since <= most, f"{name}: stale data is not called Ready"
        assert scene.wait_event(name, reason, message(sync))
        assert scene.versions(name) == versions[name]

    for name, rule in rules.items():
        scene.put(f"{name}/plain", "new")
        rule.remove()
    for name in OUTAGES:
        scene.syncs.wait_data("ConfigMap", name, {"PLAIN": "new"})
        sync = scene.syncs.wait_reason(name, "Synced")
        assert conditions(sync) == READY


def age_at_the_end_of_ready(scene: Scene, name: str, found: list[dict[str, str]]) -> float:
    """The seconds from the begin of the last complete listing to the end of Ready=True."""
    at = next(each["lastTransitionTime"] for each in found if each["type"] == "Ready")
    listed = scene.metric("paramsync_sync_last_listing_timestamp_seconds", name)
    return datetime.fromisoformat(at).timestamp() - listed


def test_what_fails_or_vanishes_takes_nothing_along(scene: Scene) -> None:
    tell_together(
        scene,
        an_outage_is_told_when_the_data_is_stale_and_ends_by_itself,
        a_page_that_fails_once_is_asked_for_again,
        one_emptied_target_keeps_its_keys_while_the_other_goes_on,
        a_listing_that_fails_on_a_page_writes_nothing_and_removes_nothing,
    )


def test_withdrawn_rights_are_told_at_once_and_lose_nothing(scene: Scene) -> None:
    scene.put_app()
    scene.synced(interval=SLOW)
    versions = scene.versions()
    rule = scene.proxy.add(denied(), path=scene.path())

    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == STALLED
    assert scene.wait_event("app", "AccessDenied", message(sync))
    assert scene.versions() == versions

    rule.remove()
    assert conditions(scene.syncs.refresh("app", SOON)) == READY
