"""What Kopf is told when it asks how to reach the API server."""

from datetime import timedelta

import kopf
import pytest

from paramsync.kube.credentials import Connection, KubeconfigError
from paramsync.runtime.login import GOOD_FOR, PAUSE, Login
from tests.unit.builders import NOW


class Files:
    """Where the credentials stand, and a clock that goes on only while somebody sleeps."""

    def __init__(self, *tokens: str | None) -> None:
        self._tokens = list(tokens)
        self.at = 0.0
        self.read_at: list[float] = []
        self.login = Login(self.connection, lambda: self.at, lambda: NOW, self.sleep)

    def connection(self) -> Connection:
        self.read_at.append(self.at)
        token = self._tokens.pop(0)
        if token is None:
            raise KubeconfigError("the token cannot be read")
        return Connection("https://api", "/ca.crt", True, None, None, token or None)

    async def sleep(self, seconds: float) -> None:
        self.at += max(seconds, 0)


async def test_the_files_are_read_each_time_and_are_good_for_a_while() -> None:
    files = Files("one", "two")
    first = await files.login.now()
    assert (first.token, first.scheme, first.ca_path, first.insecure) == ("one", "Bearer", "/ca.crt", False)
    assert first.expiration == NOW + GOOD_FOR
    assert timedelta(minutes=2) >= GOOD_FOR, "the shortest token is renewed so long before its end"
    assert (await files.login.now()).token == "two"


async def test_a_certificate_needs_no_token() -> None:
    found = await Files("").login.now()
    assert (found.token, found.scheme) == (None, None)


async def test_while_they_are_refused_they_are_read_with_a_pause() -> None:
    files = Files("bad", "bad", "bad")
    for _ in range(3):
        await files.login.now()
    assert files.read_at == [0, PAUSE, 2 * PAUSE]


async def test_who_came_long_after_does_not_wait() -> None:
    files = Files("one", "two")
    await files.login.now()
    files.at = 60
    await files.login.now()
    assert files.read_at == [0, 60]


async def test_what_cannot_be_read_is_asked_for_again() -> None:
    files = Files(None, "one")
    with pytest.raises(kopf.TemporaryError, match="the token cannot be read") as error:
        await files.login.now()
    assert error.value.delay == PAUSE
    assert (await files.login.now()).token == "one"
