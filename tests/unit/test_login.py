"""What Kopf is told when it asks how to reach the API server."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import certifi
import kopf
import pytest

from paramsync.kube.credentials import Connection, KubeconfigError
from paramsync.runtime.kopf_watch import session
from paramsync.runtime.login import GOOD_FOR, PAUSE, Login
from tests.unit.builders import NOW


class Files:
    """Where the credentials stand, and a clock that goes on only while somebody sleeps."""

    def __init__(self, *tokens: str | None) -> None:
        self._tokens = list(tokens)
        self.authorities = Path("/ca.crt")
        self.at = 0.0
        self.read_at: list[float] = []
        self.login = Login(self.connection, lambda: self.at, lambda: NOW, self.sleep)

    def connection(self) -> Connection:
        self.read_at.append(self.at)
        token = self._tokens.pop(0)
        if token is None:
            raise KubeconfigError("the token cannot be read")
        return Connection("https://api", str(self.authorities), True, None, None, token or None)

    def write(self, share: float) -> None:
        """Write so much of the authorities."""
        self.authorities.write_text(first_authority(share))

    async def now(self) -> kopf.ConnectionInfo:
        return await self.login.now(lambda told: told)

    async def sleep(self, seconds: float) -> None:
        self.at += max(seconds, 0)


async def test_the_files_are_read_each_time_and_are_good_for_a_while() -> None:
    files = Files("one", "two")
    first = await files.now()
    assert (first.token, first.scheme, first.ca_path, first.insecure) == ("one", "Bearer", "/ca.crt", False)
    assert first.expiration == NOW + GOOD_FOR
    assert timedelta(minutes=2) >= GOOD_FOR, "the shortest token is renewed so long before its end"
    assert (await files.now()).token == "two"


async def test_a_certificate_needs_no_token() -> None:
    found = await Files("").now()
    assert (found.token, found.scheme) == (None, None)


async def test_while_they_are_refused_they_are_read_with_a_pause() -> None:
    files = Files("bad", "bad", "bad")
    for _ in range(3):
        await files.now()
    assert files.read_at == [0, PAUSE, 2 * PAUSE]


async def test_who_came_long_after_does_not_wait() -> None:
    files = Files("one", "two")
    await files.now()
    files.at = 60
    await files.now()
    assert files.read_at == [0, 60]


async def test_what_cannot_be_read_is_asked_for_again() -> None:
    files = Files(None, "one")
    with pytest.raises(kopf.TemporaryError, match="the token cannot be read") as error:
        await files.now()
    assert error.value.delay == PAUSE
    assert (await files.now()).token == "one"


def first_authority(share: float) -> str:
    """So much of the text that one authority is, from its beginning."""
    text, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    return text + end if share == 1 else text[: int(len(text) * share)]


@pytest.mark.parametrize("share", [None, 0, 0.5], ids=["not there", "empty", "half written"])
async def test_authorities_that_are_being_replaced_are_asked_for_again_as_soon(
    tmp_path: Path, share: float | None
) -> None:
    files, begin = Files("one", "two"), partial(session, refused=lambda namespace, why: None, gone=asyncio.Event())
    files.authorities = tmp_path / "ca.crt"
    if share is not None:
        files.write(share)
    with pytest.raises(kopf.TemporaryError, match="certificate for the API server cannot be read: ") as error:
        await files.login.now(begin)
    assert error.value.delay == PAUSE

    files.write(1)
    begun = await files.login.now(begin)
    assert begun.aiohttp_session.headers["Authorization"] == "Bearer two"
    await begun.aiohttp_session.close()
