"""From snapshots to targets: read what is live, plan, and carry out the plan.

The order of writing is the plan's: what gains keys first, what loses them after that succeeded, targets that
the spec no longer names last. Killed between any two, the next run converges.
"""

from collections.abc import Sequence
from dataclasses import replace

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.deletion import is_recorded
from paramsync.core.drift import Seen, is_intact, is_untouched
from paramsync.core.objects import Live, Owner
from paramsync.core.parameters import Snapshot
from paramsync.core.plan import Plan, plan
from paramsync.core.record import Record
from paramsync.core.report import Written
from paramsync.core.routing import TargetRef, routes
from paramsync.kube.errors import ApiError
from paramsync.kube.targets import Targets

from .applied import Applied
from .keys import SyncKey
from .metrics import Metrics
from .owning import Owning
from .threads import Threads


class Applying:
    """Carries out plans. Remembers of each target what it was when it was last written or found intact."""

    def __init__(self, targets: Targets, owning: Owning, metrics: Metrics, threads: Threads) -> None:
        self._targets = targets
        self._owning = owning
        self._metrics = metrics
        self._threads = threads
        self._seen: dict[SyncKey, dict[TargetRef, Seen]] = {}

    def forget(self, key: SyncKey) -> None:
        """Drop what is remembered of a sync's targets."""
        self._seen.pop(key, None)

    async def apply(
        self,
        key: SyncKey,
        owner: Owner,
        spec: ParameterSyncSpec,
        snapshots: Sequence[Snapshot],
        record: Record,
        *,
        hold_changes: bool = False,
    ) -> Applied:
        """Plan and carry out the plan, as far as it goes.

        :param hold_changes: whether a plan that changes what any key holds is not carried out yet.
        :raises ApiError: if the targets cannot be read; nothing is written then.
        :raises Fenced: if this process may not write any more.
        :raises SyncGone: if the sync turned out to be deleted, or about to be.
        """
        refs = {each.ref for each in routes(spec, owner.name)} | record.targets
        live = {ref: await self._read(key, ref) for ref in sorted(refs)}
        made = plan(owner, spec, snapshots, live, record)
        while made.needs_values:
            live |= {ref: await self._get(key, ref, values=True) for ref in made.needs_values}
            made = plan(owner, spec, snapshots, live, record)
        # What takes 45 seconds to settle is kept key by key; what another listing settles in 3, all of it waits for.
        is_unsettled = made.waits or (made.unsettled and not all(snapshot.settled for snapshot in snapshots))
        if not made.problems and (is_unsettled or (hold_changes and made.changes)):
            return Applied(made, held=True)
        if spec.only_plans:
            return Applied(made, only_planned=True)
        return await self._carry_out(key, owner, made, live, record)

    async def _carry_out(
        self, key: SyncKey, owner: Owner, made: Plan, live: dict[TargetRef, Live | None], record: Record
    ) -> Applied:
        done = Applied(made)
        if made.is_stopped:
            return done
        seen = self._seen.setdefault(key, {})
        try:
            for content in made.contents:
                before = live[content.ref]
                intact = is_intact(content, before, seen.get(content.ref), owner)
                if before is not None and intact:
                    seen[content.ref] = Seen(before.uid, before.resource_version, content.revision)
                else:
                    before = before and await self._owning.before_apply(key, owner, before)
                    if before is not None and content.ref in made.adopted:
                        before = await self._threads.run(self._targets.take_over, content, before, key.namespace)
                    seen[content.ref] = await self._threads.run(
                        self._targets.apply, content, before, owner, key.namespace
                    )
                    self._metrics.wrote(content.ref.kind)
                written = Written(content, seen[content.ref].uid, changed=not intact)
                done = replace(done, written=(*done.written, written))
            for ref in made.dropped:
                done = await self._drop(done, key, ref, owner, record.uids[ref])
        except ApiError as error:
            return replace(done, error=error)
        return done

    async def _drop(self, done: Applied, key: SyncKey, ref: TargetRef, owner: Owner, uid: str) -> Applied:
        """Delete a target that the spec no longer names, if it is there and still the one that was written."""
        self._seen.get(key, {}).pop(ref, None)
        live = await self._get(key, ref, values=False)
        if live is None or live.deleting:
            return done
        if not is_recorded(live, owner, uid):
            return replace(done, left=(*done.left, ref))
        await self._threads.run(self._targets.delete, live, key.namespace)
        self._metrics.wrote(ref.kind)
        return replace(done, dropped=(*done.dropped, ref))

    async def _read(self, key: SyncKey, ref: TargetRef) -> Live | None:
        """A target: its metadata alone if nobody touched it since it was last seen, with its values otherwise."""
        seen = self._seen.get(key, {}).get(ref)
        if seen is not None:
            live = await self._get(key, ref, values=False)
            if live is None or is_untouched(live, seen):
                return live
        return await self._get(key, ref, values=True)

    async def _get(self, key: SyncKey, ref: TargetRef, *, values: bool) -> Live | None:
        return await self._threads.run(self._targets.get, ref, key.namespace, values=values)
