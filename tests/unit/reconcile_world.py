"""A reconciler in virtual time, with a cluster of dictionaries and a Parameter Store that answers what it is told."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pydantic import JsonValue

from paramsync.api.base import API_VERSION
from paramsync.api.sources import StoreRef
from paramsync.api.stores import AccessRule
from paramsync.core.access import Namespace
from paramsync.core.deletion import follows_policy
from paramsync.core.drift import Seen
from paramsync.core.identity import Identity
from paramsync.core.listing import Listed
from paramsync.core.metadata import label, texts
from paramsync.core.objects import MANAGED_BY, MANAGED_BY_LABEL, Content, Controller, Live, Owner, SecretContent
from paramsync.core.parameters import Snapshot, Stamp, Subtree
from paramsync.core.reasons import Problem
from paramsync.core.routing import TargetRef
from paramsync.core.search import Opened
from paramsync.core.stores import Store
from paramsync.kube.customs import Customs
from paramsync.kube.events import Events, Note
from paramsync.kube.targets import Targets
from paramsync.kube.wire import CustomObject
from paramsync.runtime.applying import Applying
from paramsync.runtime.conclusions import Conclusions
from paramsync.runtime.feeds.look import Urgent
from paramsync.runtime.feeds.needs import Tools
from paramsync.runtime.feeds.plaintext import Plaintext
from paramsync.runtime.feeds.registry import Feeds
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.notes import Notes
from paramsync.runtime.owning import Owning
from paramsync.runtime.reconcile import Reconciler
from paramsync.runtime.serving import Serving
from paramsync.runtime.stores import Stores
from paramsync.runtime.threads import Threads
from tests.unit.builders import NOW, UID
from tests.unit.feed_world import Load

if TYPE_CHECKING:
    from paramsync.kube.errors import ApiError

KEY = SyncKey("payments", "app")
P = ParamSpec("P")
R = TypeVar("R")


class InlineThreads(Threads):
    """Calls at once, in the loop."""

    def __init__(self) -> None:
        pass

    def start(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
        made = asyncio.get_running_loop().create_future()
        try:
            made.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  (it is raised where the result is awaited)
            made.set_exception(error)
        return made


class FakeCustoms(Customs):
    """One sync, and every status that was written to it."""

    def __init__(self, spec: JsonValue) -> None:
        self.spec = spec
        self.generation = 1
        self.uid = UID
        self.deleted_at: str | None = None
        self.annotations: dict[str, str] = {}
        self.status: JsonValue = None
        self.looks = 0
        self.writes: list[JsonValue] = []
        self.write_error: ApiError | None = None

    def sync(self, namespace: str, name: str) -> CustomObject:
        self.looks += 1
        return CustomObject.model_validate(
            {
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "uid": self.uid,
                    "resourceVersion": "1",
                    "generation": self.generation,
                    "creationTimestamp": "2026-03-01T11:00:00Z",
                    "deletionTimestamp": self.deleted_at,
                    "annotations": self.annotations,
                },
                "spec": self.spec,
                "status": self.status,
            }
        )

    def write_status(self, read: CustomObject, status: JsonValue) -> None:
        if self.write_error is not None:
            raise self.write_error
        self.status = status
        self.writes.append(status)


def controller_of(owner: Owner) -> Controller:
    return Controller(API_VERSION, "ParameterSync", owner.name, owner.uid)


class FakeTargets(Targets):
    """Targets in a dictionary; reads and writes fail as they are told. Metadata tells no more than it really does."""

    def __init__(self) -> None:
        self.objects: dict[TargetRef, Live] = {}
        self.reads: list[TargetRef] = []
        self.owner_changes: list[TargetRef] = []
        self.deleted: list[TargetRef] = []
        self.tries = 0
        self.write_error: ApiError | None = None
        self.read_error: ApiError | None = None

    def get(self, ref: TargetRef, namespace: str, *, values: bool) -> Live | None:
        if self.read_error is not None:
            raise self.read_error
        self.reads.append(ref)
        found = self.objects.get(ref)
        return found if found is None or values else replace(found, data=None, type=None, immutable=False)

    def apply(self, content: Content, live: Live | None, owner: Owner) -> Seen:
        self.tries += 1
        if self.write_error is not None:
            raise self.write_error
        stays = owner.retains and live is not None and not follows_policy(live, owner)
        assert not stays, "an apply cannot be relied on to remove an owner reference"
        assert live is None or live.data is not None, "only a full read tells the type, and what is immutable"
        version = str(int(live.resource_version) + 1) if live is not None else "10"
        there = {} if live is None else live.labels
        others = {key: text for key, text in there.items() if live is None or label(key) not in live.stated}
        self.objects[content.ref] = Live(
            content.ref,
            f"uid of {content.ref}",
            version,
            {**others, **content.labels, MANAGED_BY_LABEL: MANAGED_BY},
            dict(content.annotations),
            None if owner.retains else controller_of(owner),
            deleting=False,
            data=dict(content.data),
            owners=frozenset() if owner.retains else frozenset({owner.uid}),
            type=content.type if isinstance(content, SecretContent) else None,
            stated=frozenset(texts(content.labels, content.annotations)),
        )
        return Seen.holding(content, f"uid of {content.ref}", version)

    def take_over(self, content: Content, live: Live, owner: Owner) -> Live:
        return live

    def set_owner(self, live: Live, owner: Owner) -> Live:
        if self.write_error is not None:
            raise self.write_error
        found = self.objects[live.ref]
        assert (found.uid, found.resource_version) == (live.uid, live.resource_version)
        version, others = str(int(live.resource_version) + 1), live.owners - {owner.uid}
        controller = None if owner.retains else controller_of(owner)
        owners = others if owner.retains else others | {owner.uid}
        self.objects[live.ref] = replace(found, resource_version=version, controller=controller, owners=owners)
        self.owner_changes.append(live.ref)
        return replace(live, resource_version=version, controller=controller, owners=owners)

    def delete(self, live: Live, owner: Owner) -> None:
        del self.objects[live.ref]
        self.deleted.append(live.ref)


class FakeStores(Stores):
    """One store, which lets everybody read everything; or none."""

    def __init__(self) -> None:
        self.missing: Problem | None = None

    async def find_all(self, refs: Iterable[StoreRef], user: SyncKey) -> dict[StoreRef, Store | Problem]:
        if self.missing is not None:
            return dict.fromkeys(refs, self.missing)
        access = (AccessRule(namespaces=("*",), paths=("/",)),)
        return {ref: Store(Identity(str(ref.name) if ref.name != "default" else "eu-west-1"), access) for ref in refs}

    async def namespace(self, name: str, stores: Iterable[Store]) -> Namespace:
        return Namespace(name)

    def forget(self, user: SyncKey) -> None:
        pass


class FakeEvents(Events):
    """Every Event that was written."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def write(self, namespace: str, sync: str, uid: str, note: Note) -> None:
        self.notes.append(note)


class World:
    """The reconciler of one sync. ``answer`` is what a listing of a path gives: parameters, or an error."""

    def __init__(self, answer: Callable[[str], Snapshot | Exception], **spec: JsonValue) -> None:
        self.answer = answer
        self.polls: list[float] = []
        self.jumped = timedelta(0)
        """By how much somebody has set the clock of the node."""

        self.load = Load()
        self.customs = FakeCustoms({"sources": [{"path": "/prod/pay"}], "interval": "60s", **spec})
        self.targets = FakeTargets()
        self.stores = FakeStores()
        self.notes = FakeEvents()
        self.woken: list[SyncKey] = []
        self.awake_since: datetime | None = None
        self.restart()

    def restart(self) -> None:
        """Begin anew, knowing nothing but what the cluster holds."""
        self._jumped_before = self.jumped
        threads, metrics = InlineThreads(), Metrics()
        self.metrics = metrics
        notes = Notes(self.notes, metrics, threads, asyncio.get_running_loop().time)
        owning = Owning(self.customs, self.targets, notes, metrics, threads)
        tools = Tools(self, lambda _: self.load, self._wake, Plaintext(2**20), self.steady, lambda: 0.0)
        self.feeds = Feeds(replace(tools, awake_since=lambda: self.awake_since))
        self.serving = Serving()
        self.reconciler = Reconciler(
            self.customs,
            self.stores,
            self.feeds,
            self.serving,
            owning,
            Applying(self.targets, owning, metrics, threads),
            Conclusions(self.customs, notes, metrics, threads),
            threads,
            self._wake,
            steady=self.steady,
            now=self.now,
            chance=lambda: 0.0,
            awake_since=lambda: self.awake_since,
        )
        self._due = asyncio.Event()

    def steady(self) -> datetime:
        """A clock that nobody can set; it began with what the clock of the node said at the start."""
        return NOW + timedelta(seconds=asyncio.get_running_loop().time()) + self._jumped_before

    def now(self) -> datetime:
        """What the clock of the node says."""
        return self.steady() - self._jumped_before + self.jumped

    async def run(self, seconds: float) -> None:
        """Let so much time pass, as the queue and one worker would."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        self._due.set()
        again = 0.0
        while loop.time() < end:
            try:
                async with asyncio.timeout(min(again, end - loop.time())):
                    await self._due.wait()
            except TimeoutError:
                if loop.time() >= end:
                    return
            self._due.clear()
            again = await self.reconciler.reconcile(KEY) or 1.0

    def condition(self, kind: str) -> str | None:
        """``status reason`` of a condition."""
        status = self.customs.status
        assert isinstance(status, dict)
        conditions = status["conditions"]
        assert isinstance(conditions, list)
        found = [each for each in conditions if isinstance(each, dict) and each["type"] == kind]
        return f"{found[0]['status']} {found[0]['reason']}" if found else None

    @property
    def observed_generation(self) -> object:
        """The generation that status speaks of."""
        return self.customs.status.get("observedGeneration") if isinstance(self.customs.status, dict) else None

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        self.polls.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.05)
        answer = self.answer(subtree.path)
        if isinstance(answer, Exception):
            raise answer
        return Listed(answer.parameters, answer.account, 1)

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: Urgent) -> Opened:
        answer = self.answer(subtree.path)
        if isinstance(answer, Exception):
            raise answer
        values = {each.stamp: each.value for each in answer.parameters.values() if each.stamp in stamps}
        return Opened(values, frozenset(stamps) - values.keys())

    def _wake(self, key: SyncKey, *, urgent: bool) -> None:
        self.woken.append(key)
        self._due.set()
