"""A feed: the one poller of a subtree, shared by all syncs that may read it.

It holds what is published of the subtree and the error, if any, and wakes its syncs only when something that
they select changed, or when the subtree failed or recovered.
"""

import asyncio
import contextvars
import logging
from dataclasses import replace
from datetime import datetime

from paramsync.aws.errors import SourceError
from paramsync.core.known import news
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason
from paramsync.core.store_status import Answer
from paramsync.core.want import Want
from paramsync.runtime.keys import SyncKey

from .look import Look
from .needs import Asked, Load, Reading, Tools
from .state import NEVER, Attempt, Standing, State
from .subscriptions import Confirmed, Selections, Subscriptions

log = logging.getLogger(__name__)


class Feed:
    """The poller of one subtree."""

    def __init__(self, subtree: Subtree, tools: Tools) -> None:
        self._subtree = subtree
        self._tools = tools
        self._state = State()
        self._subscriptions = Subscriptions(subtree)
        self._alarm: asyncio.Future[None] | None = None
        self._load: Load | None = None
        self._look = Look(
            tools.ssm,
            subtree,
            tools.now,
            _clock,
            lambda size: tools.plaintext.admit(subtree, size),
            lambda: self._subscriptions.is_urgent,
        )
        # A context of its own: a feed does not belong to the reconcile that needed it first.
        loop, context = asyncio.get_running_loop(), contextvars.Context()
        self._task = loop.create_task(self._run(), name=f"feed {subtree.path}", context=context)

    @property
    def is_needed(self) -> bool:
        """Whether any sync needs it."""
        return bool(self._subscriptions)

    @property
    def standing(self) -> Standing:
        """How the subtree stands."""
        error = self._state.error
        return Standing(self._subtree, self._listed_at, None if error is None else error.reason)

    @property
    def _listed_at(self) -> datetime | None:
        return self._state.known.began if self._state.known is not None else None

    @property
    def _confirmed(self) -> Confirmed | None:
        known = self._state.known
        return (known.seen.confirmed, known.seen.absence_confirmed) if known is not None else None

    @property
    def answer(self) -> Answer | None:
        """How the last look ended; None if there was none."""
        return self._state.answer(self._subtree.path, self._tools.now())

    def subscribe(self, sync: SyncKey, selections: Selections, asked: Asked) -> Reading:
        """Say what a sync needs, and get what there is."""
        awake_since = self._tools.awake_since()
        is_outdated = awake_since is not None and awake_since != self._state.awake_since
        if awake_since is not None and is_outdated:
            asked = asked.after(awake_since)
        state, before = self._state, self._subscriptions.put(sync, selections, asked)
        mine = self._subscriptions[sync]
        if before is not None and before.selections != selections:
            self._drop_unwanted()
            self._try_with_less()
        if state.ended is not None and (before is None or before.interval > asked.interval):
            self.poll_in(self._pause())
        if state.ended is not None and state.ended.serves(selections, asked.not_before):
            reading = self._reading(selections, asked, is_outdated=is_outdated)
            mine.waits = reading is None
        else:
            reading, mine.waits = None, True
            self._ask_for(selections, asked.not_before)
        return reading or Reading(None, None, self._listed_at)

    def _reading(self, selections: Selections, asked: Asked, *, is_outdated: bool) -> Reading | None:
        """What there is, unless it is about to be settled.

        :param is_outdated: whether what is known was not read anew since the process was paused.
        """
        known, error = self._state.known, self._state.error
        if known is None or not all(map(known.want.serves, selections)):
            return Reading(None, error, self._listed_at)
        lacks = any(self._subscriptions.needs_value(selections, name) for name in known.unopened)
        if error is not None and (lacks or is_outdated):
            return Reading(None, error, self._listed_at)
        if lacks or (error is None and asked.not_before is not None and known.seen.is_pending):
            return None
        return Reading(
            known.snapshot,
            error,
            known.began,
            known.changed,
            known.seen.is_pending,
            self._tools.load(self._subtree).stretch,
            known.lasted,
        )

    def confirm(self, sync: SyncKey, seen: Confirmed) -> None:
        """Let a sync wait until what it saw has been confirmed by a further listing.

        :param seen: what was confirmed of the snapshot that it saw; a listing may have ended since.
        """
        if seen == (True, True):
            return
        self._subscriptions[sync].confirms = seen
        if self._confirmed not in (None, seen):
            self._wake(frozenset())
        elif self._state.known is not None and self._state.error is None:
            self._poll_at(self._state.known.seen.full_confirmation_at)

    def pace(self, sync: SyncKey, interval: float) -> None:
        """Change the interval that a sync asks for."""
        self._subscriptions[sync].interval = interval
        self.poll_in(self._pause())

    def leave(self, sync: SyncKey) -> None:
        """A sync needs this no more; plaintext that only it wanted is dropped."""
        self._subscriptions.remove(sync)
        self._drop_unwanted()
        if self.is_needed:
            self._try_with_less()

    def retry_sealed(self) -> None:
        """Let the next look try again what could not be decrypted."""
        self._state.unseals = True

    def poll_in(self, seconds: float) -> None:
        """Poll after so many seconds, or earlier if that is planned."""
        self._poll_at(_clock() + seconds)

    def stop(self) -> asyncio.Task[None]:
        """Stop polling and drop what was read; the task that is ending."""
        self._state = State()
        self._look.keep(Want())
        self._tools.plaintext.record(self._subtree, 0)
        if self._load is not None:
            self._load.unplan(self._subtree)
        self._task.cancel()
        return self._task

    def _poll_at(self, moment: float) -> None:
        self._state.list_at = min(self._state.list_at, moment)
        self._ring()

    def _ring(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    def _ask_for(self, selections: Selections, not_before: datetime | None) -> None:
        state = self._state
        if state.running is not None and state.running.serves(selections, not_before):
            return
        # What is listed, or about to be, need only be decrypted.
        is_listed = state.running is not None or (state.known is not None and state.error is None)
        if not_before is None and is_listed:
            state.open_at = _clock()
            self._ring()
        else:
            self.poll_in(0)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while self._state.due > loop.time():
                self._alarm = loop.create_future()
                timer = loop.call_at(self._state.due, self._ring)
                try:
                    await self._alarm
                finally:
                    timer.cancel()
            self._alarm = None
            await self._poll()

    async def _poll(self) -> None:
        state, told, old = self._state, self._state.told, self._state.ended
        if state.known is not None and state.unseals:
            state.known, state.unseals = state.known.unsealed(), False
        before = state.known
        # After a failure it is listed, whoever asks: to decrypt what was listed before would pass that off as new.
        relist = state.list_at <= _clock() or before is None or state.error is not None
        state.open_at = NEVER
        if relist:
            state.list_at = NEVER
        want, began = self._subscriptions.want, _clock()
        attempt = state.running = Attempt(self._tools.now() if relist or old is None else old.began, want)
        try:
            state.succeeded(await self._look.at(before, want, relist=relist))
            state.woken(self._tools.awake_since(), _clock())
        except SourceError as error:
            state.failed(error, self._tools.now())
        except Exception as defect:
            log.exception("a feed failed by a defect", extra={"path": self._subtree.path})
            what = f"a defect of the operator ({type(defect).__name__}); see its log"
            text = f"Reading {self._subtree.path} failed by {what}"
            state.failed(SourceError(Reason.INTERNAL_ERROR, text), self._tools.now())
        state.ended, state.running = attempt, None
        state.idle_until = _clock() + self._tools.shortest_pause
        self._drop_unwanted()
        self._log(told)
        is_failure_news = told != state.told or old is None
        self._wake(None if is_failure_news else news(before, state.known))
        self._schedule(_clock() if state.error is not None else began)

    def _schedule(self, since: float) -> None:
        known = self._state.known
        self._poll_at(since + self._pause())
        if known is None or self._state.error is not None:
            return
        load = self._tools.load(self._subtree)
        if self._load not in (None, load):
            self._load.unplan(self._subtree)  # the account has become known, and with it whose budget it is
        self._load = load
        load.plan(self._subtree, known.pages, self._subscriptions.interval)
        self._state.open_at = min(self._state.open_at, known.retry_at(self._subscriptions.want))
        if known.seen.look_again_at is not None:
            self._poll_at(known.seen.look_again_at)
        if self._subscriptions.wants_confirmation and self._confirmed != (True, True):
            self._poll_at(known.seen.full_confirmation_at)

    def _log(self, told: tuple[str, str] | None) -> None:
        error = self._state.error
        if error is not None and self._state.told != told:
            log.warning("a path cannot be read", extra={"path": self._subtree.path, "what": str(error)})
        elif error is None and told is not None:
            log.info("a path can be read again", extra={"path": self._subtree.path})
        else:
            log.debug("a path was looked at", extra={"path": self._subtree.path, "is_read": error is None})

    def _wake(self, changed: frozenset[str] | None) -> None:
        for sync, urgent in self._subscriptions.called(changed, self._confirmed):
            self._tools.wake(sync, urgent=urgent)

    def _drop_unwanted(self) -> None:
        state, want = self._state, self._subscriptions.want
        if state.ended is not None and state.ended.want != want:
            state.ended = replace(state.ended, want=state.ended.want.served_of(want))
        if state.known is not None and not (state.known.want == state.kept_for == want):
            state.known = state.known.keeping(want)
        state.kept_for = want
        if state.running is None:  # what a look is about to hold is counted while it runs
            self._look.keep(Want() if state.is_too_much else want)
            held = state.known.secure_bytes if state.known is not None else 0
            self._tools.plaintext.record(self._subtree, held + self._look.held)

    def _try_with_less(self) -> None:
        """Where the values were too much, another want is tried at once: perhaps it is a smaller one."""
        state = self._state
        if state.ended is not None and state.is_too_much:
            state.ended = replace(state.ended, want=Want())
            self.poll_in(0)

    def _pause(self) -> float:
        stretched = self._subscriptions.interval * self._tools.load(self._subtree).stretch
        return self._state.pause(stretched, self._tools.chance)


def _clock() -> float:
    return asyncio.get_running_loop().time()
