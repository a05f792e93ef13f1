"""Kopf's way to the API server: by what the token's file and the authorities' say now, not by what they said once.

Kopf itself asks for other credentials only when its own are refused, and never looks at the authorities again. So
they expire soon: it looks whenever a request begins. A watch that runs goes on for its ten minutes at most.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import kopf

from paramsync.kube.credentials import Connection, KubeconfigError

GOOD_FOR: Final = timedelta(minutes=1)
"""A request begins with credentials that were read so long ago at most."""

PAUSE: Final = 1.0
"""Seconds between two readings, while what is read is refused."""

Made = TypeVar("Made")


class Login:
    """What Kopf's login handler tells."""

    def __init__(
        self,
        connection: Callable[[], Connection],
        clock: Callable[[], float] = time.monotonic,
        date: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Nothing has been read yet.

        :param connection: reads the files. It blocks.
        :param date: by Kopf's clock.
        """
        self._connection = connection
        self._clock = clock
        self._date = date
        self._sleep = sleep
        self._next = clock()

    async def now(self, make: Callable[[kopf.ConnectionInfo], Made]) -> Made:
        """What Kopf is to use now.

        :param make: makes it of what the files say. It opens those that certificates stand in.
        :raises kopf.TemporaryError: if one of the files cannot be read, or is half written; Kopf asks again.
        """
        await self._sleep(self._next - self._clock())
        self._next = self._clock() + PAUSE
        try:
            return make(self._told(await asyncio.to_thread(self._connection)))
        except KubeconfigError as error:
            raise kopf.TemporaryError(str(error), delay=PAUSE) from None
        except OSError as error:  # ssl.SSLError is one
            what = "the authorities or the certificate for the API server cannot be read"
            raise kopf.TemporaryError(f"{what}: {error}", delay=PAUSE) from None

    def _told(self, found: Connection) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(
            server=found.server,
            ca_path=found.ca_file,
            insecure=not found.verify,
            certificate_path=found.certificate_file,
            private_key_path=found.key_file,
            scheme="Bearer" if found.token else None,
            token=found.token,
            expiration=self._date() + GOOD_FOR,
        )
