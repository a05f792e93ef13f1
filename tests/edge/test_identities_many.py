"""A thousand identities that come and go leave nothing behind, and those that stay are small."""

import gc
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramsync.core.identity import Identity, ServiceAccount
from tests.aws.canned import Canned, run_canned
from tests.cluster.waiting import wait_until
from tests.edge.identities import OTHER_ACCOUNT, ROLE, TOKEN, Clock, bare, clients_with, identity, read, static_keys

PAGE_MIB = resource.getpagesize() / 2**20


@pytest.fixture(scope="module")
def server() -> Iterator[Canned]:
    with run_canned() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Canned) -> None:
    bare(monkeypatch, tmp_path)
    static_keys(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)


def memory() -> float:
    """MiB of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MIB


def sockets() -> int:
    """How many are open once the server, which is in this process, has closed its ends."""
    last = [-1] * 5

    def settled() -> bool:
        last.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        return len(set(last[-5:])) == 1

    wait_until(settled, "the number of open sockets to stay")
    return last[-1]


def tenant(server: Canned, number: int) -> Identity:
    account = ServiceAccount(f"team-{number}", "reader", f"arn:aws:iam::{OTHER_ACCOUNT}:role/reader-{number}")
    return identity(server.url, service_account=account, role=ROLE)


def test_a_thousand_come_and_go(server: Canned) -> None:
    with clients_with(Clock(), lambda _: TOKEN) as clients:

        def come_and_go(numbers: range) -> None:
            for number in numbers:
                who = tenant(server, number)
                assert clients.prepare(who) == OTHER_ACCOUNT
                read(clients, who)
                clients.release(who)
            server.calls.clear()

        come_and_go(range(200))
        before, open_before = memory(), sockets()
        come_and_go(range(200, 1200))
        grown = memory() - before
        assert len(clients) == 0
        assert sockets() <= open_before + 2
        assert grown < 10, f"{grown:.1f} MiB after 1,000 identities, which would take 330 MiB"


def test_those_that_stay_are_small(server: Canned) -> None:
    with clients_with(Clock(), lambda _: TOKEN) as clients:
        stay = [tenant(server, number) for number in range(120)]
        for who in stay[:20]:
            clients.prepare(who)
        before, open_before = memory(), sockets()
        for who in stay[20:]:
            clients.prepare(who)
        each = (memory() - before) / 100
        print(f"{each:.2f} MiB for each identity")
        assert each < 0.6, f"{each:.2f} MiB for each identity; a session of its own with its own models takes 12"
        assert sockets() == open_before, "STS is not kept connected"
        assert len(clients) == 120
        assert server.count("AssumeRole") == server.count("AssumeRoleWithWebIdentity")
    assert len(clients) == 0


@pytest.fixture
def no_collection() -> Iterator[None]:
    """What is not closed stays open, because nobody collects it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_connections_close_with_their_identity(server: Canned) -> None:
    with clients_with(Clock(), lambda _: TOKEN) as clients:
        clients.prepare(tenant(server, 0))
        before = sockets()
        who = tenant(server, 1)
        clients.prepare(who)
        assert sockets() == before, "STS is not kept connected"
        for end in (clients.release, clients.discard):
            client = clients.client(who)
            client.get_parameters_by_path(Path="/prod/pay")
            assert sockets() > before
            end(who)
            assert sockets() == before
