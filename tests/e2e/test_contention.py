"""A second controller that takes back what the operator writes: it is named, and costs few writes."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.access import request
from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import MERGE, READY, SOON, STALLED, Scene, conditions, kstatus, message

SLOW = "24h"
"""Its own deadline is 10 minutes: the tests let the sync look at its targets by a refresh."""

RIVAL = "other-controller"
THEIRS = base64.b64encode(b"theirs").decode()
PAUSE = 0.005
"""Seconds between two looks of the other controller."""


class Rival:
    """Another controller: it sets a key of a target to its own value as soon as it sees another one."""

    def __init__(self, cluster: Cluster, path: str, *, always: bool) -> None:
        self.writes = 0
        self._cluster = cluster
        self._path = path
        self._always = always
        self._end = threading.Event()

    def run(self) -> None:
        with self._cluster.api() as client:
            while not self._end.wait(PAUSE):
                found = request(client, "GET", self._path)
                if not self._always and found.get("data", {}).get("KEY") == THEIRS:
                    continue
                body = {"metadata": {"annotations": {"turn": str(self.writes)}}, "data": {"KEY": THEIRS}}
                request(client, "PATCH", self._path, body, content_type=MERGE, query={"fieldManager": RIVAL})
                self.writes += 1

    def end(self) -> None:
        self._end.set()


@contextmanager
def rival(scene: Scene, *, always: bool = False) -> Iterator[Rival]:
    """Another controller works on the Secret.

    :param always: it writes all the time, and not only what it sees changed.
    """
    made = Rival(scene.syncs.cluster, scene.syncs.target_path("Secret", "app"), always=always)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        wait_until(lambda: made.writes > 0, "the other controller has written")
        yield made
    finally:
        made.end()
        thread.join(timeout=30)
        assert not thread.is_alive()


def written(scene: Scene, mark: int, resource: str = "secrets") -> list[AuditEntry]:
    """The operator's tries to write targets of the namespace since a mark of the audit log."""
    entries = scene.syncs.cluster.audit(mark)
    return [
        each
        for each in entries
        if each.user_agent == "paramsync"
        and each.verb not in ("get", "list", "watch")
        and (each.resource, each.target.namespace) == (resource, scene.syncs.namespace)
    ]


@pytest.fixture
def contested(scene: Scene) -> Scene:
    """A sync that has been in order for a while."""
    scene.put("app/key", "ours", "SecureString")
    scene.put("app/plain", "value")
    scene.synced(interval=SLOW)
    wait_until(lambda: scene.listings() >= 1, "a listing")
    scene.syncs.refresh("app", SOON)
    return scene


def test_one_who_takes_back_every_write_is_told_and_written_against_three_times(contested: Scene) -> None:
    scene = contested
    mark = scene.syncs.cluster.audit_mark()
    with rival(scene) as other:
        for _ in range(3):
            scene.syncs.refresh("app", SOON)
            wait_until(lambda: scene.syncs.data("Secret", "app") == {"KEY": "theirs"}, "they have taken it back")
        *_, sync = (scene.syncs.refresh("app", SOON) for _ in range(10))

        assert len(written(scene, mark)) == 3
        assert other.writes == 1 + 3
        assert conditions(sync) == STALLED
        assert kstatus(sync) == "Failed"
        assert message(sync).startswith(
            f"Secret app does not stay as it is written: {RIVAL} changes it again. It is put back every 10 minutes"
        )
        (problem,) = sync["status"]["problems"]
        assert (problem["reason"], problem["subject"]) == ("Contended", "Secret app")
        assert scene.wait_event("app", "Contended", RIVAL)
        repairs = [each["note"] for each in scene.syncs.events() if each["reason"] == "DriftRepaired"]
        assert repairs == [f"Secret app was changed by {RIVAL}: 1 key put back"] * 3

        # The other target is kept all the same.
        scene.edit("ConfigMap", "app", {"data": {"PLAIN": "edited"}})
        scene.syncs.refresh("app", SOON)
        assert scene.syncs.data("ConfigMap", "app") == {"PLAIN": "value"}
        assert len(written(scene, mark)) == 3

        # A new value is written at once.
        scene.put("app/key", "new", "SecureString")
        scene.syncs.refresh("app", SOON)
        wait_until(lambda: len(written(scene, mark)) == 4, "the new value is written")
        history = scene.history("Secret", "app", sync["metadata"]["resourceVersion"])
        assert {"KEY": "new"} in history

    assert conditions(scene.syncs.refresh("app", SOON)) == STALLED, "it is not forgotten at once"


def test_one_who_writes_all_the_time_is_told_and_hardly_written_against(contested: Scene) -> None:
    scene = contested
    mark = scene.syncs.cluster.audit_mark()
    with rival(scene, always=True) as other:
        *_, sync = (scene.syncs.refresh("app", 60) for _ in range(10))

        assert conditions(sync) == STALLED
        assert sync["status"]["conditions"][0]["reason"] == "Contended"
        assert len(written(scene, mark)) <= 3
        assert other.writes > 30
    assert written(scene, mark, "configmaps") == []


def test_two_edits_by_hand_are_no_fight(contested: Scene) -> None:
    scene = contested
    for _ in range(2):
        scene.edit("Secret", "app", {"data": {"KEY": THEIRS}})
        assert conditions(scene.syncs.refresh("app", SOON)) == READY
        assert scene.syncs.data("Secret", "app") == {"KEY": "ours"}
