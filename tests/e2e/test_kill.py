"""Killed between any two writes, the operator's next run brings things to their end."""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.e2e.gateway import Gateway, Hold
from tests.e2e.scene import READY, conditions
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

SLOW = "5m"
Start = Callable[[], AbstractContextManager[Operator]]


@pytest.fixture
def start(gateway: Gateway, ssm: Emulator, proxy: Proxy, tmp_path: Path) -> Start:
    """Starts an operator that reaches the API server through the gateway."""
    ssm.put("/app/key", "secret", "SecureString")
    ssm.put("/app/plain", "value")
    return lambda: run_operator(gateway.kubeconfig, tmp_path, endpoint=proxy.url)


def kill_at(hold: Hold, operator: Operator) -> None:
    """Kill an operator while a request of its is held, which the API server then never sees."""
    hold.arrived()
    operator.signal(signal.SIGKILL)
    assert operator.wait() == -signal.SIGKILL
    hold.drop()


def versions(syncs: Syncs) -> list[str]:
    targets = [syncs.target(kind, "app") for kind in ("Secret", "ConfigMap")]
    return [target["metadata"]["resourceVersion"] for target in targets if target is not None]


def assert_converged(syncs: Syncs) -> None:
    assert conditions(syncs.wait_reason("app", "Synced")) == READY
    assert syncs.data("Secret", "app") == {"KEY": "secret"}
    assert syncs.data("ConfigMap", "app") == {"PLAIN": "value"}


def test_before_the_first_write(gateway: Gateway, syncs: Syncs, start: Start) -> None:
    hold = gateway.hold("PATCH", f"/{syncs.namespace}/secrets/app")
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        kill_at(hold, operator)
    assert versions(syncs) == []

    with start():
        assert_converged(syncs)


def test_between_the_secret_and_the_config_map(gateway: Gateway, syncs: Syncs, start: Start) -> None:
    hold = gateway.hold("PATCH", f"/{syncs.namespace}/configmaps/app")
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        kill_at(hold, operator)
    assert syncs.data("Secret", "app") == {"KEY": "secret"}
    assert syncs.data("ConfigMap", "app") is None
    secret = versions(syncs)

    with start():
        assert_converged(syncs)
    assert versions(syncs)[:1] == secret, "what was written is not written again"


def test_between_the_targets_and_the_status(gateway: Gateway, syncs: Syncs, start: Start) -> None:
    hold = gateway.hold("PATCH", f"/{syncs.namespace}/parametersyncs/app/status")
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        kill_at(hold, operator)
    before = versions(syncs)
    assert len(before) == 2
    assert conditions(syncs.get("app")) == {"Ready": "Unknown"}

    with start():
        assert_converged(syncs)
    assert versions(syncs) == before


def test_between_two_targets_of_a_change(gateway: Gateway, ssm: Emulator, syncs: Syncs, start: Start) -> None:
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        syncs.wait_reason("app", "Synced")
        hold = gateway.hold("PATCH", f"/{syncs.namespace}/configmaps/app")
        ssm.put("/app/key", "new secret", "SecureString")
        ssm.put("/app/plain", "new value")
        syncs.annotate("app", refresh="now")
        kill_at(hold, operator)
    assert syncs.data("Secret", "app") == {"KEY": "new secret"}
    assert syncs.data("ConfigMap", "app") == {"PLAIN": "value"}

    with start():
        syncs.wait_data("ConfigMap", "app", {"PLAIN": "new value"})


def test_between_taking_a_secret_over_and_writing_it(gateway: Gateway, syncs: Syncs, start: Start) -> None:
    path = syncs.target_path("Secret", "app")
    given = {"name": "app", "annotations": {"paramsync.dev/adopt": "app"}}
    body = {"metadata": given, "stringData": {"KEY": "theirs"}}
    uid = syncs.cluster.request("POST", path.rpartition("/")[0], body)["metadata"]["uid"]
    taking = gateway.hold("PATCH", path)
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        taking.arrived()
        writing = gateway.hold("PATCH", path)
        taking.release()
        kill_at(writing, operator)
    target = syncs.target("Secret", "app")
    assert target is not None
    assert syncs.data("Secret", "app") == {"KEY": "theirs"}, "what stays is never missing"
    assert target["metadata"]["annotations"] == {"paramsync.dev/sync": "app"}

    with start():
        assert_converged(syncs)
    target = syncs.target("Secret", "app")
    assert target is not None
    assert target["metadata"]["uid"] == uid


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_before_a_renamed_target_is_made_and_before_it_goes(
    gateway: Gateway, syncs: Syncs, start: Start, method: str
) -> None:
    name = {"PATCH": "new", "DELETE": "app"}[method]
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        syncs.wait_reason("app", "Synced")
        hold = gateway.hold(method, f"/{syncs.namespace}/secrets/{name}")
        syncs.patch("app", {"spec": {"targets": [{"kind": "Secret", "name": "new"}, {"kind": "ConfigMap"}]}})
        kill_at(hold, operator)
    assert syncs.data("Secret", "app") == {"KEY": "secret"}, "the old one stays until the new one is there"
    assert (syncs.data("Secret", "new") is None) == (method == "PATCH")

    with start():
        sync = syncs.wait_reason("app", "Synced")
        assert syncs.data("Secret", "new") == {"KEY": "secret"}
        assert syncs.data("Secret", "app") is None
        assert [each["name"] for each in sync["status"]["targets"]] == ["app", "new"]


def test_between_the_drop_of_a_target_and_the_status(gateway: Gateway, syncs: Syncs, start: Start) -> None:
    with start() as operator:
        syncs.create("app", "/app", interval=SLOW)
        syncs.wait_reason("app", "Synced")
        hold = gateway.hold("PATCH", f"/{syncs.namespace}/parametersyncs/app/status")
        syncs.patch("app", {"spec": {"targets": [{"kind": "Secret", "name": "new"}, {"kind": "ConfigMap"}]}})
        kill_at(hold, operator)
    assert syncs.data("Secret", "app") is None

    with start():
        sync = syncs.wait_reason("app", "Synced")
        assert [each["name"] for each in sync["status"]["targets"]] == ["app", "new"]
