"""Which syncs read what with which store: only those that are subscribed at present."""

from paramsync.api.sources import StoreKind
from paramsync.core.identity import Identity
from paramsync.core.parameters import Subtree
from paramsync.core.stores import StoreKey
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.serving import Serving

MAIN, OTHER = (StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, name) for name in ("main", "other"))
APP, NEIGHBOUR = SyncKey("payments", "app"), SyncKey("payments", "neighbour")
A, B = (Subtree(Identity("eu-west-1"), path) for path in ("/a", "/b"))


def test_a_sync_reads_what_it_said_last_until_it_ends() -> None:
    serving = Serving()
    serving.begins(APP, [(MAIN, A), (MAIN, B), (OTHER, B)])
    serving.begins(NEIGHBOUR, [(MAIN, B)])
    assert serving.of(MAIN) == {APP: {A, B}, NEIGHBOUR: {B}}
    assert serving.of(OTHER) == {APP: {B}}
    serving.begins(APP, [(MAIN, A)])
    assert serving.of(MAIN) == {APP: {A}, NEIGHBOUR: {B}}
    assert serving.of(OTHER) == {}
    serving.ends(APP)
    serving.ends(APP)
    assert serving.of(MAIN) == {NEIGHBOUR: {B}}
    serving.ends(NEIGHBOUR)
    assert serving.of(MAIN) == {}
