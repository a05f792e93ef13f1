"""The stub itself: what a test starts, puts parameters into, and points its client at."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.aws.background import in_background
from tests.aws.clients import REGION
from tests.aws.errors import ACCOUNT, AwsError, throttled
from tests.aws.standin import StandIn
from tests.load import ssm, sts
from tests.load.counts import Counts, Place
from tests.load.identities import Identities
from tests.load.pages import PageSize, full
from tests.load.parameters import Parameters
from tests.load.quota import Quotas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tests.aws.names import ParameterType
    from tests.aws.wire import Body, Call, Proceed, Reply
    from tests.load.identities import Caller


@dataclass
class Settings:
    """How the stub behaves. All but the first two may change while it runs."""

    quota: float | None = 40
    """Requests to SSM per second, of each account and Region that has no quota of its own; None for no quota."""
    clock: Callable[[], float] = time.monotonic
    """For the quotas, the arrivals and the end of sessions."""
    latency: float | Callable[[Call], float] = 0
    """Seconds between a request and its answer."""
    page_size: PageSize = full
    token_after_full: bool = False
    """Whether a full last page has a token, which leads to an empty one."""
    session_lifetime: float | None = None
    """Seconds that credentials live, whatever DurationSeconds says."""


class Stub(StandIn):
    """A running stub; all methods are for the test's thread."""

    def __init__(self, settings: Settings, clients: ExitStack) -> None:
        super().__init__(clients)
        self.settings = settings
        self.quotas = Quotas(settings.quota, settings.clock)
        self.counts = Counts(settings.clock)
        self.identities = Identities(settings.clock)
        self._parameters: dict[Place, Parameters] = {}

    def put(
        self,
        name: str,
        value: str,
        type: ParameterType = "String",  # noqa: A002 - as boto3 and AWS call it
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        modified: datetime | None = None,
    ) -> int:
        """Create the parameter, or a new version of it, and return the version.

        Raises:
            ValueError: AWS would not take this name or value, or the version to go for it has a label.
        """
        return self._at((account, region)).put(name, value, type, modified)

    def delete(self, name: str, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Delete the parameter: created again, it starts at version 1. Raises KeyError if there is none."""
        self._at((account, region)).delete(name)

    def label(self, name: str, version: int, label: str, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Attach the label to this version, and take it from another one. Raises KeyError if there is none such."""
        self._at((account, region)).label(name, version, label)

    async def _answer(self, call: Call) -> Reply:
        caller = self.identities.caller(call)
        place = (caller.account if caller else "", call.region)
        self.counts.count_request(call.action, caller.identity if caller else call.access_key)
        if call.service == "ssm":
            self.counts.count_arrival(place)
        reply = await self._ruled(call, self._core(call, caller, place))(call.body)
        if call.service == "ssm":
            self._count_answer(call, place, reply)
        return reply

    def _core(self, call: Call, caller: Caller | None, place: Place) -> Proceed:
        refusal: AwsError | None = None

        async def core(body: Body) -> Reply:
            nonlocal refusal
            settings = self.settings
            # A rule may proceed several times: that is still one request.
            if not call.reached:
                call.reached = True
                refusal = self._refusal(call, caller, place)
                latency = settings.latency
                if seconds := latency if isinstance(latency, int | float) else latency(call):
                    await asyncio.sleep(seconds)
            if refusal is not None:
                return refusal.reply(call)
            if call.service == "sts":
                return sts.answer(call, body, caller, self.identities, settings.session_lifetime)
            parameters = self._at(place)
            return ssm.answer(
                call, body, place, parameters, settings.page_size, token_after_full=settings.token_after_full
            )

        return core

    def _refusal(self, call: Call, caller: Caller | None, place: Place) -> AwsError | None:
        if call.service == "sts":
            return None
        refusal = self.identities.refusal(call, caller)
        return refusal or (None if self.quotas.take(place) else throttled())

    def _count_answer(self, call: Call, place: Place, reply: Reply) -> None:
        if reply.headers.get("x-amzn-ErrorType") == "ThrottlingException":
            self.counts.count_throttled(place)
        elif reply.ok and call.body.get("WithDecryption") and not reply.cut:
            self.counts.count_decrypted(ssm.secure_values(reply.document()))

    def _at(self, place: Place) -> Parameters:
        return self._parameters.setdefault(place, Parameters())


@contextmanager
def run_stub(settings: Settings | None = None) -> Iterator[Stub]:
    """Run a stub on a free port of the loopback.

    Raises:
        Exception: The first thing that failed in the stub itself, for instance a request that it does not know.
    """
    with ExitStack() as clients:
        stub = Stub(settings or Settings(), clients)
        with in_background(stub.serving()):
            yield stub
    if stub.failures:
        raise stub.failures[0]
