"""Kopf is told in its own words which namespaces to watch: what is used of them is not its public interface."""

import asyncio
import inspect
from dataclasses import fields

import kopf
import pytest
from kopf._cogs.structs import references
from kopf._core.reactor import observation

from paramsync.runtime.kopf_watch import NONE_BY_NAME, _follow
from paramsync.runtime.namespaces import Namespaces

CHANGED = "Kopf has changed: runtime/kopf_watch.py tells it by this which namespaces to watch; find the new way there"


def test_it_takes_what_it_is_to_know_of_the_cluster() -> None:
    assert "insights" in inspect.signature(kopf.operator).parameters, CHANGED
    kinds = {field.name: field.default_factory for field in fields(references.Insights)}
    assert kinds.get("namespaces") is set, CHANGED
    assert kinds.get("revised") is asyncio.Condition, CHANGED


def test_the_pattern_that_names_no_namespace_names_none() -> None:
    assert references.select_specific_namespaces([NONE_BY_NAME]) == set(), CHANGED
    assert not references.match_namespace(references.NamespaceName("payments"), NONE_BY_NAME), CHANGED


async def test_with_that_pattern_it_watches_nothing_until_it_is_told() -> None:
    settings, insights = kopf.OperatorSettings(), references.Insights()
    settings.scanning.disabled = True
    await insights.backbone.fill(resources=[references.Resource("", "v1", "namespaces", kind="Namespace")])
    observer = asyncio.create_task(
        observation.namespace_observer(
            clusterwide=False, namespaces=[NONE_BY_NAME], insights=insights, settings=settings
        )
    )
    async with asyncio.timeout(5):
        await insights.ready_namespaces.wait()
    observer.cancel()
    assert insights.namespaces == set(), CHANGED


async def test_it_is_told_of_those_that_may_be_read_and_woken_for_it() -> None:
    namespaces, insights = Namespaces(["payments", "orders"]), references.Insights()
    namespaces.find("payments")
    following = asyncio.create_task(_follow(namespaces, insights))

    async def told() -> set[references.Namespace]:
        async with asyncio.timeout(5), insights.revised:
            await insights.revised.wait()
            return set(insights.namespaces)

    assert await told() == {"payments"}
    namespaces.find("orders")
    assert await told() == {"payments", "orders"}
    namespaces.lose("payments", "refused")
    assert await told() == {"orders"}
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
