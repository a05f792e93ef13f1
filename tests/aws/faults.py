"""What can happen to a request besides an AWS error: see `errors` for those and `listings` for pages."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.aws.errors import AwsError, kms_denied
from tests.aws.wire import Body, Call, DroppedError, Fault, Proceed, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to use the network.</body></html>"


def html(status: int = 200) -> Fault:
    """Something on the way, and not AWS, answers with a page for people.

    boto3 takes it, with status 200, for a success in which every field is missing.
    """

    async def fault(call: Call, proceed: Proceed) -> Reply:
        return Reply(status, PAGE, "text/html")

    return fault


def delay(seconds: float) -> Fault:
    """The answer comes later. The emulator is asked after the delay, even if the client has gone by then."""

    async def fault(call: Call, proceed: Proceed) -> Reply:
        await asyncio.sleep(seconds)
        return await proceed(call.body)

    return fault


def drop() -> Fault:
    """The connection closes before an answer; the emulator sees nothing."""

    async def fault(call: Call, proceed: Proceed) -> Reply:
        raise DroppedError

    return fault


def cut() -> Fault:
    """The answer announces its whole length, and the connection closes after half of it.

    boto3 does not compare the length: it takes this too for a success in which every field is missing.
    """

    async def fault(call: Call, proceed: Proceed) -> Reply:
        return replace(await proceed(call.body), cut=True)

    return fault


def edit(function: Callable[[Body], Body]) -> Fault:
    """A successful answer says what `function` makes of it; it gets a document that it may change in place."""

    async def fault(call: Call, proceed: Proceed) -> Reply:
        reply = await proceed(call.body)
        return reply.holding(function(reply.document())) if reply.ok else reply

    return fault


def undecryptable(*names: str, error: AwsError | None = None) -> Fault:
    """A call that would decrypt one of these SecureStrings fails as a whole, by default as KMS denies it."""

    async def fault(call: Call, proceed: Proceed) -> Reply:
        reply = await proceed(call.body)
        if not (reply.ok and call.body.get("WithDecryption")):
            return reply
        document = reply.document()
        found = document.get("Parameters", []) + [document[key] for key in ("Parameter",) if key in document]
        bad = any(item["Type"] == "SecureString" and item["Name"] in names for item in found)
        return (error or kms_denied()).reply(call) if bad else reply

    return fault


class Gate:
    """Holds each request until `release`; then they, and later ones, go on as if there had been no gate.

    Its methods block: a test that runs on a loop calls them with `asyncio.to_thread`.
    """

    def __init__(self) -> None:
        self._arrived: queue.SimpleQueue[Call] = queue.SimpleQueue()
        # This kind of future can be set by the test's thread and awaited on the proxy's loop.
        self._released: Future[None] = Future()

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        self._arrived.put(call)
        await asyncio.shield(asyncio.wrap_future(self._released))
        return await proceed(call.body)

    def arrived(self, timeout: float = 5) -> Call:
        """Wait for the next request at the gate, each of which is returned once.

        Raises:
            AssertionError: None came within `timeout` seconds.
        """
        try:
            return self._arrived.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no request arrived at the gate within {timeout} s") from None

    def release(self) -> None:
        """Let everything through, from now on."""
        if not self._released.done():
            self._released.set_result(None)


def hang() -> Gate:
    """No answer, until the rule is removed (the request then goes on) or the proxy stops."""
    return Gate()
