"""Blocking calls in threads of a bounded pool; waiting for a turn happens on the loop, never inside a thread."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """A named pool of threads."""

    def __init__(self, name: str, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)

    def start(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
        """Call a function in a thread, within the caller's context (so that log lines carry its ids)."""
        call = partial(contextvars.copy_context().run, partial(function, *args, **kwargs))
        return asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function in a thread, and wait for its end."""
        return await self.start(function, *args, **kwargs)

    def close(self) -> None:
        """Start no more calls; those that run go on to their end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
