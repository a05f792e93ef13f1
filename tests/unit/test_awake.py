"""A process that was paused reads again before it writes: meanwhile somebody else may have gone on."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.drift import Seen
from paramsync.core.objects import Content, Live, Owner
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef
from paramsync.core.values import KeyValue
from paramsync.runtime.awake import BEAT, LONGEST_GAP, Awake

from .builders import CONFIG_MAP, NOW, parameter, secure, snapshot
from .reconcile_world import FakeTargets, World
from .virtual_time import in_virtual_time

MINUTE = 60.0
ADDED = parameter("/prod/pay/added", "new")
Answer = Callable[[str], Snapshot | Exception]


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


def test_signs_of_life_are_no_pause() -> None:
    clock = Clock()
    awake = Awake(lambda: NOW, clock)
    for _ in range(100):
        assert awake.since() is None
        clock.at += BEAT
    clock.at += LONGEST_GAP - BEAT - 0.1
    assert awake.since() is None


def test_whoever_asks_first_gets_to_know_of_a_pause_and_all_others_too(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    awake = Awake(lambda: NOW, clock)
    awake.since()
    clock.at += LONGEST_GAP
    with caplog.at_level(logging.WARNING):
        assert awake.since() == NOW
    assert [vars(record)["seconds"] for record in caplog.records] == [LONGEST_GAP]
    clock.at += BEAT
    assert awake.since() == NOW


class Watched(FakeTargets):
    """Keeps every content that the ConfigMap got, and lets something happen before a read."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: list[Mapping[str, KeyValue]] = []
        self.before_read: Callable[[], None] = lambda: None

    def get(self, ref: TargetRef, namespace: str, *, values: bool) -> Live | None:
        self.before_read()
        return super().get(ref, namespace, values=values)

    def apply(self, content: Content, live: Live | None, owner: Owner) -> Seen:
        if content.ref == CONFIG_MAP:
            self.contents.append(content.data)
        return super().apply(content, live, owner)


def host(version: int, *more: Parameter) -> Answer:
    """A host of some version, a secret, and further parameters."""
    made = parameter("/prod/pay/host", f"v{version}", version=version)
    return lambda path: snapshot(secure(), made, *more, path=path)


def down(path: str) -> Exception:
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"Reading {path} from AWS failed: no answer in time")


async def going_on(answer: Answer, *, beside: World | None = None) -> tuple[World, Watched]:
    """An operator that has brought the targets to what it reads; perhaps those that another one has written."""
    world, targets = World(answer), Watched()
    if beside is not None:
        world.customs = beside.customs
        targets.objects = beside.targets.objects
    world.targets = targets
    world.restart()
    await world.run(2 * MINUTE)
    return world, targets


def wake(world: World, answer: Answer) -> None:
    """Resume an operator that was paused, and let it read something else from now on."""
    world.answer = answer
    world.awake_since = world.now()


async def contents_after_a_pause(before: Answer, meanwhile: Answer, after: Answer) -> list[Mapping[str, KeyValue]]:
    """What an operator writes in two minutes if another one went on with something else while it was paused."""
    world, targets = await going_on(before)
    await going_on(meanwhile, beside=world)
    targets.contents.clear()
    wake(world, after)
    await world.run(2 * MINUTE)
    return targets.contents


@in_virtual_time
async def test_no_value_is_written_that_was_overwritten_meanwhile() -> None:
    assert await contents_after_a_pause(host(1), host(2), host(2)) == []


@in_virtual_time
async def test_no_key_goes_that_came_meanwhile() -> None:
    assert await contents_after_a_pause(host(1), host(1, ADDED), host(1, ADDED)) == []


@in_virtual_time
async def test_no_key_comes_back_that_went_meanwhile() -> None:
    assert await contents_after_a_pause(host(1, ADDED), host(1), host(1)) == []


@in_virtual_time
async def test_the_newest_value_is_written_and_none_before_it() -> None:
    assert await contents_after_a_pause(host(1), host(2), host(3)) == [{"HOST": "v3"}]


@in_virtual_time
async def test_an_edit_is_repaired_with_what_is_read_now() -> None:
    world, targets = await going_on(host(1))
    live = targets.objects[CONFIG_MAP]
    targets.objects[CONFIG_MAP] = replace(live, resource_version="11", data={"HOST": "by hand"})
    targets.contents.clear()
    wake(world, host(2))
    await world.run(MINUTE)
    assert targets.contents == [{"HOST": "v2"}]


@in_virtual_time
async def test_a_pause_between_two_reads_is_noticed() -> None:
    world, targets = await going_on(host(1))
    await going_on(host(2), beside=world)
    targets.contents.clear()

    def pause() -> None:
        targets.before_read = lambda: None
        wake(world, host(2))

    targets.before_read = pause
    await world.run(MINUTE)
    assert world.awake_since is not None
    assert targets.contents == []


@in_virtual_time
async def test_in_an_outage_after_a_pause_nothing_is_written() -> None:
    assert await contents_after_a_pause(host(1), host(2), down) == []


@in_virtual_time
async def test_what_came_and_went_meanwhile_is_missing_for_45_seconds_before_it_goes() -> None:
    world, targets = await going_on(host(1))
    await going_on(host(1, ADDED), beside=world)
    targets.contents.clear()
    wake(world, host(1))
    await world.run(44)
    assert targets.contents == []
    await world.run(MINUTE)
    assert targets.contents == [{"HOST": "v1"}]
