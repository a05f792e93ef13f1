"""Remembers when targets were repaired, so that none is written for ever against somebody else."""

from collections.abc import Callable, Iterable

from paramsync.core import contention
from paramsync.core.contention import Repairs
from paramsync.core.objects import Content
from paramsync.core.reasons import Problem
from paramsync.core.repairs import Repair
from paramsync.core.routing import TargetRef

from .keys import SyncKey


class Fights:
    """The repairs of targets by sync, as long as they matter. A restart forgets them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Remember nothing.

        :param clock: in seconds; it only goes forward.
        """
        self._clock = clock
        self._repairs: dict[SyncKey, dict[TargetRef, Repairs]] = {}

    def must_wait(self, key: SyncKey, content: Content) -> bool:
        """Whether a target that is not intact is left as it is for now."""
        return contention.must_wait(self._known(key, content.ref), content.revision, self._clock())

    def written(self, key: SyncKey, content: Content, repair: Repair | None, deadline: float) -> None:
        """Remember that a target was written, and what that put back.

        :param deadline: the sync's own deadline, in seconds.
        """
        known = self._known(key, content.ref)
        self._keep(key, content.ref, contention.after_write(known, repair, content.revision, self._clock(), deadline))

    def intact(self, key: SyncKey, ref: TargetRef, deadline: float) -> None:
        """Remember that a target was found as it should be."""
        self._keep(key, ref, contention.after_look(self._known(key, ref), self._clock(), deadline))

    def problems(self, key: SyncKey, refs: Iterable[TargetRef]) -> tuple[Problem, ...]:
        """What there is to say of these targets of a sync."""
        known = self._repairs.get(key, {})
        found = (contention.problem(ref, known[ref]) for ref in refs if ref in known)
        return tuple(each for each in found if each is not None)

    def drop(self, key: SyncKey, ref: TargetRef) -> None:
        """Drop what is remembered of a target that the spec no longer names."""
        self._keep(key, ref, None)

    def forget(self, key: SyncKey) -> None:
        """Drop what is remembered of a sync that is gone."""
        self._repairs.pop(key, None)

    def _known(self, key: SyncKey, ref: TargetRef) -> Repairs | None:
        return self._repairs.get(key, {}).get(ref)

    def _keep(self, key: SyncKey, ref: TargetRef, known: Repairs | None) -> None:
        repairs = self._repairs.get(key, {})
        if known is not None:
            self._repairs[key] = {**repairs, ref: known}
        elif ref in repairs:
            del repairs[ref]
            if not repairs:
                del self._repairs[key]
