"""The stores as the operator knows them: found, woken by, and believed no longer than they should be."""

import pytest
from pydantic import JsonValue

from paramsync.core.access import may_read, need_labels
from paramsync.core.identity import Identity
from paramsync.core.reasons import Problem, Reason
from paramsync.core.stores import ROLE_ANNOTATION, Store
from paramsync.kube.errors import Refused, Unavailable
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.stores import MEMORY

from .builders import store_ref
from .store_world import CLUSTER, OWN, READER, USER, StoreWorld, found, own

NEIGHBOUR = SyncKey("payments", "neighbour")
STRANGER = SyncKey("other", "app")
OWN_REF = store_ref("own", namespaced=True)
OTHER_ROLE = "arn:aws:iam::111122223333:role/other"
BY_LABEL: JsonValue = [{"namespaces": ["*"], "paths": ["/teams/{label:team}"]}]


def usable(store: Store | Problem) -> Store:
    assert isinstance(store, Store), store
    return store


def reason(store: Store | Problem) -> Reason:
    assert isinstance(store, Problem), store
    return store.reason


class TestFinding:
    async def test_what_the_watch_has_told_is_not_read_again(self) -> None:
        world = StoreWorld()
        world.tell(found("main", region="us-east-1"))
        assert usable(await world.find()).identity == Identity("us-east-1")
        assert world.customs.reads == []

    @pytest.mark.parametrize(("ref", "place"), [(store_ref(), ("main", "")), (OWN_REF, ("own", "payments"))])
    async def test_what_it_has_not_told_is_read_before_it_is_missing(self, ref: object, place: object) -> None:
        world = StoreWorld()
        ref = OWN_REF if ref == OWN_REF else store_ref()
        assert reason(await world.find(ref)) is Reason.STORE_NOT_FOUND
        assert world.customs.reads == [place]
        world.put(own() if ref == OWN_REF else found("main"))
        usable(await world.find(ref))
        usable(await world.find(ref))
        assert world.customs.reads == [place] * 2, "once it is found, it is known"

    async def test_that_it_cannot_be_read_is_not_that_it_is_missing(self) -> None:
        world = StoreWorld()
        world.customs.error = Unavailable("read ParameterStore payments/own: no answer")
        with pytest.raises(Unavailable):
            await world.find(OWN_REF)

    async def test_a_sync_has_several_stores(self) -> None:
        world = StoreWorld({"main": {"region": "us-east-1"}})
        world.put(own())
        refs = [store_ref(), OWN_REF, store_ref("none")]
        stores = await world.stores.find_all(refs, USER)
        assert list(stores) == refs
        assert usable(stores[refs[0]]).identity == Identity("us-east-1")
        assert usable(stores[refs[1]]).identity.session == "paramsync@payments.own"
        assert reason(stores[refs[2]]) is Reason.STORE_NOT_FOUND

    async def test_a_store_of_another_namespace_does_not_exist(self) -> None:
        world = StoreWorld()
        world.tell(own())
        problem = await world.find(OWN_REF, STRANGER)
        assert reason(problem) is Reason.STORE_NOT_FOUND
        assert "in namespace other" in str(problem)
        assert world.customs.reads == [("own", "other")]
        assert world.tenants.reads == [], "nor is its service account looked at"

    async def test_two_kinds_of_one_name_are_two_stores(self) -> None:
        world = StoreWorld({"own": {"region": "us-east-1"}})
        world.tell(own())
        assert usable(await world.find(store_ref("own"))).identity == Identity("us-east-1")
        assert usable(await world.find(OWN_REF)).identity.service_account is not None

    async def test_a_store_in_the_file_and_in_the_cluster_is_used_from_neither(self) -> None:
        world = StoreWorld({"main": {}})
        usable(await world.find())
        assert world.customs.reads == []
        world.list(CLUSTER, found("main"))
        assert world.woken == [USER]
        assert reason(await world.find()) is Reason.STORE_INVALID

    async def test_the_operator_s_region_comes_last(self) -> None:
        world = StoreWorld({"main": {}})
        assert usable(await world.find()).identity.region == "eu-west-1"
        world.own_region = None
        assert reason(await world.find()) is Reason.STORE_INVALID


class TestWaking:
    async def test_a_sync_is_woken_when_any_of_its_stores_changes(self) -> None:
        world = StoreWorld()
        await world.stores.find_all([store_ref(), OWN_REF], USER)
        await world.find(store_ref(), NEIGHBOUR)
        world.tell(own())
        assert world.woken == [USER]
        world.tell(found("main"))
        assert set(world.woken[1:]) == {USER, NEIGHBOUR}

    async def test_by_nothing_new_nobody_is_woken(self) -> None:
        world = StoreWorld()
        world.tell(own())
        await world.find(OWN_REF)
        world.tell(own())
        world.list(OWN, own())
        assert world.woken == []
        world.tell(own(generation=2))
        assert world.woken == [USER]

    async def test_nobody_is_woken_by_a_store_of_another_namespace(self) -> None:
        world = StoreWorld()
        await world.find(OWN_REF, STRANGER)
        await world.find(OWN_REF)
        world.tell(own(namespace="third"))
        assert world.woken == []

    async def test_a_store_that_a_sync_has_left_wakes_it_no_more(self) -> None:
        world = StoreWorld()
        await world.stores.find_all([store_ref(), OWN_REF], USER)
        await world.find()
        world.tell(own())
        assert world.woken == []
        world.stores.forget(USER)
        world.tell(found("main"))
        assert world.woken == []

    async def test_a_deleted_store_is_missing(self) -> None:
        world = StoreWorld()
        world.tell(own())
        usable(await world.find(OWN_REF))
        world.tell(own(), deleted=True)
        assert world.woken == [USER]
        assert reason(await world.find(OWN_REF)) is Reason.STORE_NOT_FOUND


class TestListing:
    @pytest.mark.parametrize("kind", [CLUSTER, OWN])
    async def test_what_the_watch_told_and_the_list_lacks_is_read_again(self, kind: object) -> None:
        world = StoreWorld()
        ref, store = (OWN_REF, own()) if kind is OWN else (store_ref(), found("main"))
        world.tell(store)
        usable(await world.find(ref))
        world.list(OWN if kind is OWN else CLUSTER)
        assert world.woken == [USER]
        usable(await world.find(ref))
        world.customs.objects.clear()
        world.list(OWN if kind is OWN else CLUSTER)
        assert reason(await world.find(ref)) is Reason.STORE_NOT_FOUND

    async def test_a_list_of_one_kind_says_nothing_of_the_other(self) -> None:
        world = StoreWorld()
        world.tell(own())
        usable(await world.find(OWN_REF))
        world.list(CLUSTER)
        assert world.woken == []

    async def test_an_old_list_does_not_bring_back_what_is_gone(self) -> None:
        world = StoreWorld()
        world.tell(own())
        world.tell(own(), deleted=True)
        world.list(OWN, own())
        assert reason(await world.find(OWN_REF)) is Reason.STORE_NOT_FOUND

    async def test_names_that_nobody_uses_are_forgotten(self) -> None:
        world = StoreWorld()
        for number in range(50):
            await world.find(store_ref(f"none-{number}", namespaced=True))
            world.tell(own(f"gone-{number}"))
            world.tell(own(f"gone-{number}"), deleted=True)
        world.stores.forget(USER)
        world.list(OWN)
        assert world.stores._known == {}
        assert world.stores._used == {}


class TestServiceAccounts:
    async def test_they_are_looked_at_once_a_minute(self) -> None:
        world = StoreWorld()
        world.tell(own())
        before = usable(await world.find(OWN_REF)).identity
        world.tenants.accounts["payments", "reader"] = {ROLE_ANNOTATION: OTHER_ROLE}
        world.now += MEMORY - 1
        assert usable(await world.find(OWN_REF)).identity == before
        assert world.tenants.reads == ["payments/reader"]
        world.now += 1
        after = usable(await world.find(OWN_REF)).identity
        assert world.tenants.reads == ["payments/reader"] * 2
        assert after != before, "another identity has another listing"
        assert after.service_account is not None
        assert after.service_account.role_arn == OTHER_ROLE

    async def test_one_of_another_namespace_is_never_looked_at(self) -> None:
        world = StoreWorld()
        del world.tenants.accounts["payments", "reader"]
        world.tenants.accounts["other", "reader"] = {ROLE_ANNOTATION: READER}
        world.tell(own())
        assert reason(await world.find(OWN_REF)) is Reason.STORE_INVALID
        assert world.tenants.reads == ["payments/reader"]

    @pytest.mark.parametrize("broken", [None, {}, {ROLE_ANNOTATION: "none"}])
    async def test_a_mended_one_is_seen_at_once(self, broken: dict[str, str] | None) -> None:
        world = StoreWorld()
        world.tell(own())
        if broken is None:
            del world.tenants.accounts["payments", "reader"]
        else:
            world.tenants.accounts["payments", "reader"] = broken
        assert reason(await world.find(OWN_REF)) is Reason.STORE_INVALID
        world.tenants.accounts["payments", "reader"] = {ROLE_ANNOTATION: READER}
        usable(await world.find(OWN_REF))

    async def test_that_one_cannot_be_read_says_nothing_of_it(self) -> None:
        world = StoreWorld()
        world.tell(own())
        world.tenants.error = Refused("read service account payments/reader: the API server refuses (Forbidden)")
        with pytest.raises(Refused):
            await world.find(OWN_REF)
        world.tenants.error = None
        usable(await world.find(OWN_REF))


class TestLabels:
    async def test_they_are_read_only_where_a_rule_asks_for_them(self) -> None:
        world = StoreWorld({"main": {"access": [{"namespaces": ["*"], "paths": ["/{namespace}"]}]}})
        world.tell(own())
        stores = await world.stores.find_all([store_ref(), OWN_REF], USER)
        found_stores = [usable(each) for each in stores.values()]
        assert (await world.stores.namespace("payments", found_stores)).labels == {}
        assert "payments" not in world.tenants.reads
        assert not any(need_labels(each.access, "payments") for each in found_stores)

    async def test_withdrawn_access_ends_within_a_minute(self) -> None:
        world = StoreWorld({"main": {"access": BY_LABEL}})
        world.tenants.namespaces["payments"] = {"team": "red"}
        store = usable(await world.find())

        async def may() -> bool:
            return may_read(store.access, await world.stores.namespace("payments", [store]), "/teams/red")

        assert await may()
        world.tenants.namespaces["payments"] = {"team": "blue"}
        world.now += MEMORY - 1
        assert await may()
        world.now += 1
        assert not await may()
        assert world.tenants.reads == ["payments"] * 2

    async def test_a_namespace_that_is_gone_has_none(self) -> None:
        world = StoreWorld({"main": {"access": BY_LABEL}})
        store = usable(await world.find())
        assert (await world.stores.namespace("payments", [store])).labels == {}

    async def test_that_they_cannot_be_read_allows_nothing_and_withdraws_nothing(self) -> None:
        world = StoreWorld({"main": {"access": BY_LABEL}})
        store = usable(await world.find())
        world.tenants.error = Unavailable("read the labels of namespace payments: no answer")
        with pytest.raises(Unavailable):
            await world.stores.namespace("payments", [store])
