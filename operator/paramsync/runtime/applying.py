"""From snapshots to targets: read what is live, plan, and carry out the plan.

The order of writing is the plan's: what gains keys first, what loses them after that succeeded, targets that
the spec no longer names last. Killed between any two, the next run converges.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core import schedule
from paramsync.core.deletion import is_recorded
from paramsync.core.drift import Seen, is_intact, is_untouched
from paramsync.core.objects import Content, Live, Owner
from paramsync.core.parameters import Snapshot
from paramsync.core.plan import Plan
from paramsync.core.planning import plan
from paramsync.core.record import Record
from paramsync.core.repairs import repair_of
from paramsync.core.report import Written
from paramsync.core.routing import TargetRef, routes
from paramsync.kube.errors import ApiError, Stale
from paramsync.kube.targets import Targets

from .applied import Applied
from .fights import Fights
from .keys import SyncKey
from .metrics import Metrics
from .owning import Owning
from .threads import Threads


@dataclass(frozen=True, slots=True)
class _Run:
    """Whose targets are kept, and what was known of them before."""

    key: SyncKey
    owner: Owner
    record: Record
    deadline: float
    """The sync's own deadline, in seconds."""


class Applying:
    """Carries out plans. Remembers of each target what it was when it was last written or found intact."""

    def __init__(
        self,
        targets: Targets,
        owning: Owning,
        metrics: Metrics,
        threads: Threads,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self._targets = targets
        self._owning = owning
        self._metrics = metrics
        self._threads = threads
        self._seen: dict[SyncKey, dict[TargetRef, Seen]] = {}
        self._fights = Fights(clock)

    def forget(self, key: SyncKey) -> None:
        """Drop what is remembered of a sync's targets."""
        self._seen.pop(key, None)
        self._fights.forget(key)

    async def apply(
        self,
        key: SyncKey,
        owner: Owner,
        spec: ParameterSyncSpec,
        snapshots: Sequence[Snapshot],
        record: Record,
        *,
        hold_changes: bool = False,
        is_current: Callable[[], bool] = lambda: True,
    ) -> Applied:
        """Plan and carry out the plan, as far as it goes.

        :param hold_changes: whether a plan that changes what any key holds is not carried out yet.
        :param is_current: asked when the targets have been read, whether the snapshots still do. From then on, the
            preconditions of the writes refuse what is planned if anybody changes a target.
        :raises ApiError: if the targets cannot be read; nothing is written then.
        :raises Fenced: if this process may not write any more.
        :raises SyncGone: if the sync turned out to be deleted, or about to be.
        """
        refs = {each.ref for each in routes(spec, owner.name)} | record.targets
        live = {ref: await self._read(key, ref) for ref in sorted(refs)}
        # In a thread: a plan of many keys takes longer than the Lease may wait for the loop.
        made = await self._threads.run(plan, owner, spec, snapshots, live, record)
        while unread := made.needs_values or self._unread(key, owner, made, live):
            live |= {ref: await self._get(key, ref, values=True) for ref in unread}
            made = await self._threads.run(plan, owner, spec, snapshots, live, record)
        if not is_current():
            return Applied(made, held=True)
        # What takes 45 seconds to settle is kept key by key; what another listing settles in 3, all of it waits for.
        # And so does a sync of which something is held: it would seem to be well until its losses have settled again.
        is_settling = record.is_held or not all(snapshot.settled for snapshot in snapshots)
        is_unsettled = made.waits or (made.unsettled and is_settling)
        if not made.problems and (is_unsettled or (hold_changes and made.changes)):
            return Applied(made, held=True)
        if spec.only_plans:
            return Applied(made, only_planned=True)
        if made.is_stopped:
            return Applied(made)
        run = _Run(key, owner, record, schedule.own_deadline(spec.interval_seconds))
        done = await self._carry_out(run, made, live)
        return replace(done, contended=self._fights.problems(key, live))

    def _unread(
        self, key: SyncKey, owner: Owner, made: Plan, live: Mapping[TargetRef, Live | None]
    ) -> frozenset[TargetRef]:
        """The targets to be written of which only the metadata is known: it tells neither the type of a Secret nor
        whether an object is immutable."""
        seen = self._seen.get(key, {})
        bare = {ref: found for ref, found in live.items() if found is not None and found.data is None}
        return frozenset(
            each.ref
            for each in made.contents
            if each.ref in bare and not is_intact(each, bare[each.ref], seen.get(each.ref), owner)
        )

    async def _carry_out(self, run: _Run, made: Plan, live: Mapping[TargetRef, Live | None]) -> Applied:
        done = Applied(made)
        try:
            for content in made.contents:
                written = await self._keep(run, content, live[content.ref], is_given=content.ref in made.adopted)
                done = replace(done, written=(*done.written, written))
            for ref in made.dropped:
                done = await self._drop(done, run, ref)
        except ApiError as error:
            return replace(done, error=error)
        return done

    async def _keep(self, run: _Run, content: Content, live: Live | None, *, is_given: bool) -> Written:
        """Write a target if it is not intact, unless somebody fights over it.

        :param is_given: whether it is an object of somebody else's that was given to the sync.
        """
        key, ref = run.key, content.ref
        seen = self._seen.setdefault(key, {})
        last = seen.get(ref)
        if live is not None and is_intact(content, live, last, run.owner):
            seen[ref] = Seen.holding(content, live.uid, live.resource_version)
            self._fights.intact(key, ref, run.deadline)
            return Written(content, live.uid, changed=False)
        known = live or last
        if known is not None and not is_given and self._fights.must_wait(key, content):
            return Written(content, known.uid, changed=False)
        repair = None if is_given else repair_of(content, live, last, run.record.revisions.get(ref), run.owner)
        try:
            if live is not None:
                live = await self._owning.before_apply(key, run.owner, live)
            if live is not None and is_given:
                with self._metrics.write(ref.kind):
                    live = await self._threads.run(self._targets.take_over, content, live, run.owner)
            with self._metrics.write(ref.kind):
                seen[ref] = await self._threads.run(self._targets.apply, content, live, run.owner)
        except Stale:
            # Somebody was faster, or changed at once what was written: both are how a fight looks.
            self._fights.written(key, content, repair, run.deadline)
            raise
        self._fights.written(key, content, repair, run.deadline)
        if repair is not None:
            self._metrics.repaired(ref.kind, repair.drift)
        return Written(content, seen[ref].uid, changed=True, repair=repair)

    async def _drop(self, done: Applied, run: _Run, ref: TargetRef) -> Applied:
        """Delete a target that the spec no longer names, if it is there and still the one that was written."""
        key = run.key
        self._seen.get(key, {}).pop(ref, None)
        self._fights.drop(key, ref)
        live = await self._get(key, ref, values=False)
        if live is None or live.deleting:
            return done
        if not is_recorded(live, run.owner, run.record.uids[ref]):
            return replace(done, left=(*done.left, ref))
        with self._metrics.write(ref.kind):
            await self._threads.run(self._targets.delete, live, run.owner)
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
