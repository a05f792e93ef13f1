"""Targets that are orphaned under the hands of an operator: it is alone here, so that nobody else ties them."""

from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.running.objects import PLURALS, Syncs
from tests.running.operator import run_operator


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_targets_that_were_orphaned_while_a_reconcile_ran_are_not_taken_along(
    gateway: Gateway, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path, policy: str
) -> None:
    """It has read the sync, and gives its targets no owner that is gone by now: they would be collected."""
    ssm.put("/app/key", "secret", "SecureString")
    ssm.put("/app/plain", "value")
    with run_operator(gateway.kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        syncs.create("app", "/app", interval="5m", deletionPolicy=policy)
        syncs.wait_reason("app", "Synced")
        gateway.forget()
        hold = gateway.hold("GET", f"/{syncs.namespace}/configmaps/app")
        syncs.patch("app", {"spec": {"deletionPolicy": "Delete"}} if policy == "Retain" else {})
        ssm.put("/app/key", "new", "SecureString")
        syncs.annotate("app", refresh="1")
        hold.arrived()
        syncs.delete("app", "Orphan")
        syncs.cluster.wait_for_absence(syncs.path("app"))
        hold.release()
        wait_until(lambda: syncs.namespace not in operator.get("/metrics")[1], "the operator has let it go")

        targets = [syncs.target(kind, "app") for kind in PLURALS]
        assert [target and target["metadata"].get("ownerReferences", []) for target in targets] == [[], []]
        assert [syncs.data(kind, "app") for kind in PLURALS] == [{"KEY": "secret"}, {"PLAIN": "value"}]
        assert [write.path for kind in ("secrets", "configmaps") for write in gateway.writes(f"/{kind}/app")] == []
