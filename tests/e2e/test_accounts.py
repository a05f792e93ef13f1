"""What moto cannot play: labels of versions, other accounts, counts. Each test has its own stub and operator."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.aws.clients import REGION, access_key
from tests.aws.errors import ACCOUNT, throttled
from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, STALLED, conditions, message, store
from tests.load.stub import Stub, run_stub
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

SLOW = "5m"
NORTH = "eu-north-1"
DECRYPTIONS = "paramsync_decryptions_total"
OTHER_ACCOUNT = "444455556666"

Start = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A stub of SSM that knows labels and accounts, and counts."""
    with run_stub() as running:
        yield running


@pytest.fixture
def start(bound_kubeconfig: AccountKubeconfig, stub: Stub, tmp_path: Path) -> Start:
    """Starts an operator whose store `default` is the stub, in a Region and with the keys of an account."""

    def started(region: str = REGION, account: str = ACCOUNT) -> AbstractContextManager[Operator]:
        spec = {**store("default", stub.url, ["*"], ["/"])["spec"], "region": region}
        own = {"AWS_ACCESS_KEY_ID": access_key(account), "AWS_ACCOUNT_ID": account}
        return run_operator(bound_kubeconfig, tmp_path, settings={"stores": {"default": spec}}, environment=own)

    return started


def test_metrics_tell_what_is_held_decrypted_and_asked_for(stub: Stub, syncs: Syncs, start: Start) -> None:
    for number in range(12):
        stub.put(f"/app/secret-{number}", "s" * 100, "SecureString")
    stub.put("/app/plain", "p" * 100)
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        syncs.wait_reason("app", "Synced")
        assert operator.metric("paramsync_decrypted_bytes") == 1200, "of SecureStrings, and of nothing else"
        assert operator.metric(DECRYPTIONS, operation="GetParametersByPath") == 12, "it lists and decrypts in one"
        assert operator.metric(DECRYPTIONS) == 12
        of_sync, of_feed = {"namespace": syncs.namespace, "name": "app"}, {"account": ACCOUNT, "path": "/app"}
        assert operator.metric("paramsync_sync_reason", reason="Synced", **of_sync) == 1
        assert operator.metric("paramsync_sync_interval_seconds", **of_sync) == 300
        assert operator.metric("paramsync_sync_held_actions", **of_sync) == 0
        listed = "last_listing_timestamp_seconds"
        sync_at, feed_at = (
            operator.metric(f"paramsync_{what}_{listed}", **labels)
            for what, labels in (("sync", of_sync), ("feed", of_feed))
        )
        # The node's clock is read at each scrape, to tell by it what another one counted: that differs by a little.
        assert time.time() - 60 < sync_at < feed_at + 0.01 < time.time() + 0.02
        assert operator.metric("paramsync_kubernetes_writes_total", kind="Secret", result="ok") == 1
        assert operator.metric("paramsync_queue_wait_seconds_count") >= 1
        assert operator.metric("paramsync_api_budget_wait_seconds_count", region=REGION) == stub.counts.arrived()

        for number in range(3):
            stub.put(f"/app/secret-{number}", "s" * 50, "SecureString")
        syncs.refresh("app")
        assert operator.metric("paramsync_decrypted_bytes") == 1050
        assert operator.metric(DECRYPTIONS, operation="GetParameters") == 3
        assert operator.metric(DECRYPTIONS) == stub.counts.decrypted == 12 + 3
        asked = "paramsync_ssm_requests_total"
        assert operator.metric(asked, operation="GetParameters", outcome="ok") == 1
        assert operator.metric(asked, operation="GetParametersByPath", outcome="ok") == stub.counts.arrived() - 1

        budget = "paramsync_api_budget"
        assert operator.metric(f"{budget}_rate", region=REGION) == 20
        assert operator.metric(f"{budget}_waiting", region=REGION) == 0
        assert operator.metric(f"{budget}_stretch_ratio", region=REGION) == 1
        assert operator.metric("paramsync_api_throttled_requests_total", region=REGION) == 0
        stub.add(throttled(), times=2)
        assert conditions(syncs.refresh("app")) == READY
        assert operator.metric("paramsync_api_throttled_requests_total", region=REGION) == 2
        assert operator.metric(asked, operation="GetParametersByPath", outcome="Throttled") == 2
        assert operator.metric(f"{budget}_rate", region=REGION) < 20

        syncs.delete("app")
        wait_until(lambda: operator.metric("paramsync_feeds") == 0, "nobody needs the path")
        assert operator.metric("paramsync_decrypted_bytes") == 0
        wait_until(lambda: syncs.namespace not in operator.get("/metrics")[1], "its series are gone")
        page = operator.get("/metrics")[1]
        assert [series for series in ('path="', 'store="', 'region="') if series in page] == []


def test_the_version_with_the_label_is_read_and_followed(stub: Stub, syncs: Syncs, start: Start) -> None:
    def release(version: int) -> None:
        for name in ("secret", "plain"):
            stub.label(f"/app/{name}", version, "live")

    for value in ("one", "two"):
        stub.put("/app/secret", value, "SecureString")
        stub.put("/app/plain", value)
    stub.put("/app/unlabelled", "value")
    release(1)
    with start():
        syncs.create("app", interval=SLOW, sources=[{"path": "/app", "versionLabel": "live"}])
        syncs.wait_reason("app", "Synced")
        for version, value in ((1, "one"), (2, "two"), (1, "one")):
            release(version)
            syncs.refresh("app")
            assert syncs.data("Secret", "app") == {"SECRET": value}
            assert syncs.data("ConfigMap", "app") == {"PLAIN": value}


def test_a_store_that_means_another_place_writes_nothing_until_that_is_meant(
    stub: Stub, syncs: Syncs, start: Start
) -> None:
    for account, region in ((ACCOUNT, REGION), (OTHER_ACCOUNT, REGION), (ACCOUNT, NORTH)):
        stub.put("/app/secret", f"of {account} {region}", "SecureString", account=account, region=region)
        stub.put("/app/plain", f"of {account} {region}", account=account, region=region)
    with start():
        syncs.create("app", "/app")
        syncs.wait_reason("app", "Synced")
    kinds = ("Secret", "ConfigMap")
    before = [syncs.target(kind, "app") for kind in kinds]
    home = f"account {ACCOUNT} in {REGION}"

    with start(account=OTHER_ACCOUNT):
        sync = syncs.wait_reason("app", "SourceMoved")
        assert conditions(sync) == STALLED
        place = f"account {OTHER_ACCOUNT} in {REGION}"
        assert f"now reads /app from {place}, but the targets were written from {home};" in message(sync)
        assert [syncs.target(kind, "app") for kind in kinds] == before

    with start(region=NORTH):
        wait_until(
            lambda: f"account {ACCOUNT} in {NORTH}, but" in message(syncs.get("app")), "the other Region is told"
        )
        assert syncs.wait_reason("app", "SourceMoved")
        assert [syncs.target(kind, "app") for kind in kinds] == before

        for kind in kinds:
            syncs.cluster.request("DELETE", syncs.target_path(kind, "app"))
        syncs.refresh("app")
        assert conditions(syncs.wait_reason("app", "Synced")) == READY
        assert syncs.data("Secret", "app") == {"SECRET": f"of {ACCOUNT} {NORTH}"}
        assert syncs.data("ConfigMap", "app") == {"PLAIN": f"of {ACCOUNT} {NORTH}"}
