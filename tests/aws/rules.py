"""Rules: which requests a fault befalls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.aws.faults import Gate

if TYPE_CHECKING:
    from tests.aws.wire import Body, Call, Fault, Proceed, Reply


@dataclass(eq=False)
class Rule:
    """A fault for the requests that meet all conditions given; without conditions, for every request.

    `path` is a path or a parameter exactly, `under` one with everything below it, by components. A request for
    several parameters meets them if one of its names does. `page` counts a listing's pages from 1, and `times`
    limits how many requests the fault befalls; `hits` is their number so far.
    """

    fault: Fault
    action: str | None = None
    path: str | None = None
    under: str | None = None
    page: int | None = None
    times: int | None = None
    hits: int = 0
    removed: bool = False

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Answer the call: by the fault where the rule applies, else by what lies behind it."""
        if self.removed or self.hits == self.times or not self.matches(call):
            return await proceed(call.body)
        self.hits += 1
        return await self.fault(call, proceed)

    def matches(self, call: Call) -> bool:
        """Return whether the call meets the conditions."""
        return (
            self.action in {None, call.action}
            and self.page in {None, call.page}
            and (self.path is None or self.path in call.names)
            and (self.under is None or any(_within(name, self.under) for name in call.names))
        )

    def remove(self) -> None:
        """Apply to no further request, and let go on what is held at a gate."""
        self.removed = True
        if isinstance(self.fault, Gate):
            self.fault.release()


def before(fault: Fault, call: Call, proceed: Proceed) -> Proceed:
    """Return what passes a body of this call to `fault`, with `proceed` behind it."""

    async def step(body: Body) -> Reply:
        # The call itself where nothing changed it, so that a gate hands out the one on record.
        return await fault(call if body is call.body else replace(call, body=body), proceed)

    return step


def _within(name: str, path: str) -> bool:
    return name == path or name.startswith(path.rstrip("/") + "/")
