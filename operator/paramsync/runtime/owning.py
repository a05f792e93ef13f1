"""The owner references of targets, as ``spec.deletionPolicy`` asks for them.

A change of the policy needs nothing from AWS: it is carried out by the targets' metadata alone, before a reconcile
reads anything else, for the targets that status recorded.
"""

from collections.abc import Sequence
from contextlib import suppress

from paramsync.api.status import ConditionType
from paramsync.core.deletion import follows_policy, is_recorded, recorded
from paramsync.core.objects import Live, Owner
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef
from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError, Stale
from paramsync.kube.events import Note
from paramsync.kube.targets import Targets

from .keys import SyncKey
from .metrics import Metrics
from .notes import Notes
from .syncs import Sync
from .threads import Threads

MOST_TRIES = 3
"""How often a target is read again because somebody wrote it in between."""


class SyncGone(Exception):  # noqa: N818
    """The sync is deleted, or about to be: nothing is written for it any more."""


class Owning:
    """Adds and removes owner references."""

    def __init__(self, customs: Customs, targets: Targets, notes: Notes, metrics: Metrics, threads: Threads) -> None:
        self._customs = customs
        self._targets = targets
        self._notes = notes
        self._metrics = metrics
        self._threads = threads
        self._followed: dict[SyncKey, tuple[str, int]] = {}

    def forget(self, key: SyncKey) -> None:
        """Drop what is remembered of a sync."""
        self._followed.pop(key, None)

    async def follow(self, sync: Sync) -> None:
        """Carry out a deletion policy that may have changed since status was last written.

        Every target is tried, also if one before it failed.

        :raises ApiError: if a target could not be read or written; it is tried again with the next reconcile.
        :raises Fenced: if this process may not write any more.
        :raises SyncGone: if the sync is being deleted.
        """
        mark = (sync.owner.uid, sync.generation)
        if not sync.follows_policy or self._followed.get(sync.key) == mark or _is_told(sync):
            return
        changed: list[TargetRef] = []
        failures: list[ApiError] = []
        for ref, uid in recorded(sync.status).items():
            try:
                if await self._follow(sync, ref, uid):
                    changed.append(ref)
            except ApiError as error:
                failures.append(error)
        if changed:
            await self._notes.write(sync.key, sync.owner.uid, _note(changed, sync.owner))
        if failures:
            raise failures[0]
        self._followed[sync.key] = mark

    async def before_apply(self, key: SyncKey, owner: Owner, live: Live) -> Live:
        """What goes before an apply to a target that exists; return what the target is then.

        An apply adds the owner reference, and cannot be relied on to remove one.

        :raises Stale: if the target is not as it was read.
        :raises ApiError: if it cannot be written, or the sync not be read.
        :raises Fenced: if this process may not write any more.
        :raises SyncGone: if the sync is being deleted.
        """
        if follows_policy(live, owner):
            return live
        if owner.retains:
            return await self._set(owner, live)
        await self._check_life(key, owner)
        return live

    async def _follow(self, sync: Sync, ref: TargetRef, uid: str) -> bool:
        """Whether the target had to be changed."""
        for _ in range(MOST_TRIES - 1):
            with suppress(Stale):
                return await self._try(sync, ref, uid)
        return await self._try(sync, ref, uid)

    async def _try(self, sync: Sync, ref: TargetRef, uid: str) -> bool:
        live = await self._threads.run(self._targets.get, ref, sync.key.namespace, values=False)
        if live is None or live.deleting or not is_recorded(live, sync.owner, uid) or follows_policy(live, sync.owner):
            return False
        if not sync.owner.retains:
            await self._check_life(sync.key, sync.owner)
        await self._set(sync.owner, live)
        return True

    async def _set(self, owner: Owner, live: Live) -> Live:
        with self._metrics.write(live.ref.kind):
            return await self._threads.run(self._targets.set_owner, live, owner)

    async def _check_life(self, key: SyncKey, owner: Owner) -> None:
        """Return if the sync is still there, asked after a target was read that is to get a reference to it.

        ``--cascade=orphan`` takes the reference from the target and then deletes the sync. A reconcile that began
        before that must not give it back: the garbage collector would take the target, for its owner is gone.
        """
        found = await self._threads.run(self._customs.sync, *key)
        if found is None or found.metadata.uid != owner.uid or found.metadata.deletion_timestamp is not None:
            raise SyncGone


def _is_told(sync: Sync) -> bool:
    """Whether status says of just this spec that all is well: the policy was carried out before that was said."""
    ready = sync.status.condition(ConditionType.READY)
    return sync.status.observed_generation == sync.generation and ready is not None and ready.status == "True"


def _note(changed: Sequence[TargetRef], owner: Owner) -> Note:
    then = "stay when the sync is deleted" if owner.retains else "are deleted with the sync"
    return Note(
        "Normal", Reason.DELETION_POLICY_CHANGED, "ChangeOwner", f"From now on {', '.join(map(str, changed))} {then}"
    )
