"""What Argo CD and Flux make of syncs as a running operator leaves them on a real control plane."""

import pytest

from tests.aws.emulator import Emulator
from tests.e2e.scene import Stores
from tests.gitops.argo import Argo
from tests.running.objects import Syncs

FINALIZER = "example.com/keeps-it"


@pytest.mark.usefixtures("operator")
def test_live_states_are_what_the_document_says(argo: Argo, ssm: Emulator, syncs: Syncs, store: Stores) -> None:
    path = f"/{syncs.namespace}/app"
    ssm.put(f"{path}/host", "db")
    ref = {"storeRef": {"kind": "ClusterParameterStore", "name": syncs.namespace}}

    def told(name: str, reason: str) -> tuple[str, str, str]:
        sync = syncs.wait_reason(name, reason)
        ((health, message),) = argo.health(sync)
        (flux,) = argo.kstatus(sync)
        return health, flux, message.partition(":")[0]

    made = syncs.create("app", path, **ref)
    # A status that the API server adds: without one, Flux would take a new object for one that is in order.
    assert argo.kstatus(made, {**made, "status": {}}) == ["InProgress", "Current"]
    assert argo.health(made) == [("Progressing", "Waiting for the operator")]
    assert told("app", "Synced") == ("Healthy", "Current", "Synced")
    syncs.create("planned", path, mode="Plan", **ref)
    assert told("planned", "Planned") == ("Healthy", "Current", "Planned")
    syncs.create("empty", f"/{syncs.namespace}/none", **ref)
    assert told("empty", "NoParameters") == ("Progressing", "InProgress", "NoParameters")
    syncs.create("asleep", path, suspend=True, **ref)
    assert told("asleep", "Suspended") == ("Suspended", "InProgress", "Suspended")
    syncs.patch("planned", {"spec": {"suspend": True}})
    assert told("planned", "Suspended") == ("Suspended", "Current", "Suspended")

    store.allow(syncs.namespace, "/elsewhere")
    syncs.refresh("app")
    assert told("app", "NotAllowed") == ("Degraded", "Failed", "NotAllowed")

    syncs.patch("app", {"metadata": {"finalizers": [FINALIZER]}})
    syncs.delete("app")
    gone = syncs.get("app")
    assert argo.health(gone) == [("Progressing", "Pending deletion")]
    assert argo.kstatus(gone) == ["Terminating"]
    syncs.patch("app", {"metadata": {"finalizers": None}})
