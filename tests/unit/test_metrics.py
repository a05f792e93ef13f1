"""What is counted and measured: each with its labels, and nothing of what is gone."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from paramsync.api.sources import StoreKind
from paramsync.api.sync import TargetKind
from paramsync.aws.errors import SourceError
from paramsync.core.reasons import Reason
from paramsync.kube import errors
from paramsync.kube.fence import Fenced
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.metrics.definitions import GROUPS, SYNC_REASON, WRITES, Written
from paramsync.runtime.metrics.exposition import text
from paramsync.runtime.metrics.metrics import DEFECT, OK, RESULTS
from paramsync.runtime.metrics.objects import SyncState
from paramsync.runtime.metrics.rows import Rows
from tests.unit.full_metrics import ACCOUNT, NOW, REGION, STATE, full_metrics, standing, sync_key

OF_LIBRARY = ("process_", "python_")
KEY = SyncKey("payments", "app")
DEFINED = {each.name: each for group in GROUPS.values() for each in group}


def series(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The series of a metric, by the values of their labels in the order of the definition."""
    labels = DEFINED[name].labels
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def count(metrics: Metrics) -> int:
    return sum(not line.startswith(b"#") for line in metrics.page().splitlines())


async def test_every_metric_that_is_exported_is_defined_with_its_type_and_labels_and_the_other_way_round() -> None:
    exported = {
        (name, family.type): {tuple(sorted(sample.labels.keys() - {"le"})) for sample in family.samples}
        for family in full_metrics().registry.collect()
        if not (name := family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")).startswith(
            OF_LIBRARY
        )
    }

    assert exported == {(each.name, str(each.kind)): {tuple(sorted(each.labels))} for each in DEFINED.values()}


async def test_the_page_is_what_the_client_library_writes() -> None:
    metrics = full_metrics(3)
    ours, theirs = (
        [line for line in page.decode().splitlines() if not line.startswith(OF_LIBRARY)]
        for page in (metrics.page(), generate_latest(metrics.registry))
    )

    assert ours == theirs


@given(st.dictionaries(st.text(), st.floats() | st.integers(), min_size=1), st.text())
def test_every_label_is_written_as_the_client_library_does_and_can_be_read(
    values: dict[str, float], description: str
) -> None:
    registry = CollectorRegistry()
    registry.register(OfRows([(("b", label, "a"), value) for label, value in values.items()]))
    gauge = Gauge("some", description, ["of"], registry=registry)
    for label, value in values.items():
        gauge.labels(label).set(value)

    assert text(registry) == generate_latest(registry)
    if not any(set(label) & set("\r\v\f\x1c\x1d\x1e\x85\u2028\u2029") for label in [*values, description]):
        rows, family = text_string_to_metric_families(text(registry).decode())
        assert {sample.labels["of"] for sample in family.samples} == values.keys()
        assert {sample.labels["name"] for sample in rows.samples} == values.keys()


class OfRows(Collector):
    def __init__(self, rows: list[tuple[tuple[str, str, str], float]]) -> None:
        self.rows = rows

    def collect(self) -> list[Rows]:
        return [Rows(SYNC_REASON, self.rows)]


async def test_nothing_grows_while_syncs_come_and_go() -> None:
    metrics = full_metrics(0)
    before = count(metrics)
    for index in range(1000):
        metrics.sync(sync_key(index), STATE)
    assert count(metrics) == before + 6 * 1000 + 1, "six of each, and how many are Synced"
    for index in range(1000):
        metrics.forget(sync_key(index))
    assert count(metrics) == before


@pytest.mark.parametrize("syncs", [1, 100])
async def test_without_objects_there_are_as_many_series_whatever_the_number_of_syncs(syncs: int) -> None:
    metrics = full_metrics(syncs, per_object=False)

    page = metrics.page().decode()
    of_objects = [name for name, each in DEFINED.items() if {"name", "path"} & {*each.labels}]
    assert len(of_objects) == 8
    assert [name for name in of_objects if name in page] == []
    assert count(metrics) == count(full_metrics(1, per_object=False))
    assert series(metrics, "paramsync_syncs") == {("Synced", "true"): syncs}
    assert series(metrics, "paramsync_feeds") == {(): syncs + 1}
    assert series(metrics, "paramsync_ssm_requests_total") == {("GetParameters", "ok", ""): 1}
    metrics.forget_store("operator")
    assert series(metrics, "paramsync_ssm_requests_total") == {("GetParameters", "ok", ""): 1}


def test_a_sync_has_one_reason_at_a_time() -> None:
    metrics = Metrics()
    metrics.sync(KEY, SyncState(ready=True, reason=Reason.SYNCED, listed_at=NOW, interval=60.0))
    metrics.sync(KEY, SyncState(ready=False, reason=Reason.REMOVAL_BLOCKED, interval=60.0, held=3))

    assert series(metrics, "paramsync_sync_reason") == {(*KEY, "RemovalBlocked"): 1}
    assert series(metrics, "paramsync_sync_ready") == {tuple(KEY): 0}
    assert series(metrics, "paramsync_syncs") == {("RemovalBlocked", "false"): 1}
    assert series(metrics, "paramsync_sync_held_actions") == {tuple(KEY): 3}
    assert series(metrics, "paramsync_sync_interval_seconds") == {tuple(KEY): 60}
    listed = series(metrics, "paramsync_sync_last_listing_timestamp_seconds")
    assert listed == {tuple(KEY): NOW.timestamp()}, "a listing is not undone by a failure"
    assert series(metrics, "paramsync_sync_last_good_timestamp_seconds") == {}, "it is not known"
    metrics.sync(KEY, replace(STATE, good_at=NOW - timedelta(seconds=9)))
    good = series(metrics, "paramsync_sync_last_good_timestamp_seconds")
    assert good == {tuple(KEY): NOW.timestamp() - 9}


async def test_what_is_listed_twice_in_one_place_is_as_old_as_the_older() -> None:
    metrics = full_metrics(
        standings=[
            standing("/a", 20.0),
            standing("/a", 10.0, recursive=False),
            standing("/b", 10.0),
            standing("/b", 20.0, recursive=False),
            standing("/a", None, Reason.THROTTLED, recursive=False),
            standing("/a", 5.0, Reason.THROTTLED, label="live"),
        ],
        ahead=3.0,
    )

    listed = series(metrics, "paramsync_feed_last_listing_timestamp_seconds")
    assert {labels[2:]: at - NOW.timestamp() for labels, at in listed.items()} == {
        ("/a", ""): 13,
        ("/a", "live"): 8,
        ("/b", ""): 13,
    }
    assert series(metrics, "paramsync_feed_error") == {
        (ACCOUNT, REGION, "/a", "", "Throttled"): 1,
        (ACCOUNT, REGION, "/a", "live", "Throttled"): 1,
    }


def subclasses(kind: type[errors.ApiError]) -> set[type[errors.ApiError]]:
    return {each for child in kind.__subclasses__() for each in {child, *subclasses(child)}}


@pytest.mark.parametrize("kind", sorted(subclasses(errors.ApiError), key=str))
def test_a_write_is_counted_by_how_it_ended(kind: type[errors.ApiError]) -> None:
    metrics = Metrics()
    with pytest.raises(kind), metrics.write(TargetKind.SECRET):
        raise kind("no")

    assert series(metrics, "paramsync_kubernetes_writes_total") == {("Secret", RESULTS[kind]): 1}


def test_the_reference_names_every_kind_and_result_of_a_write_that_can_be_counted() -> None:
    targets, stores, others = get_args(Written)
    assert (targets, stores) == (TargetKind, StoreKind)
    kinds = {*map(str, TargetKind), *map(str, StoreKind), *get_args(others)}

    assert {*re.findall(r"`(\w+)`", WRITES.more)} == kinds | {*RESULTS.values(), OK, DEFECT}


def test_what_the_fence_keeps_back_is_not_counted_and_a_defect_is() -> None:
    metrics = Metrics()
    with pytest.raises(Fenced), metrics.write(TargetKind.SECRET):
        raise Fenced("no")
    assert series(metrics, "paramsync_kubernetes_writes_total") == {}
    with pytest.raises(ZeroDivisionError), metrics.write(TargetKind.SECRET):
        raise ZeroDivisionError
    assert series(metrics, "paramsync_kubernetes_writes_total") == {("Secret", "error"): 1}


async def test_the_series_of_a_store_and_of_a_budget_go_with_them() -> None:
    metrics = full_metrics()
    with pytest.raises(SourceError), metrics.ssm_request("GetParameters", "paramsync-cluster@default"):
        raise SourceError(Reason.THROTTLED, "no")
    metrics.sts_request("AssumeRole", "paramsync-cluster@default", Reason.ACCESS_DENIED)
    metrics.waited((None, REGION), 1.0)
    metrics.forget_store("paramsync-cluster@default")
    metrics.forget_budget((ACCOUNT, REGION))

    assert series(metrics, "paramsync_ssm_requests_total") == {("GetParameters", "ok", "operator"): 1}
    assert series(metrics, "paramsync_sts_requests_total") == {}
    waits = [line for line in metrics.page().decode().splitlines() if "budget_wait_seconds_count" in line]
    assert waits == [f'paramsync_api_budget_wait_seconds_count{{account="",region="{REGION}"}} 1.0']
