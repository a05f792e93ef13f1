"""The reader: page by page until the last one, once more if they do not fit, and every request in its turn."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar

import pytest

from paramsync.aws.budget import Budget, Budgets
from paramsync.aws.errors import IdentityRejected, SourceError, TokenRejected, Undecryptable
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import Identity
from paramsync.core.listing import Page
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Parameter, Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.search import Opened
from paramsync.runtime.feeds import reading
from paramsync.runtime.feeds.reading import ATTEMPTS, NEW_CREDENTIALS, Reader
from paramsync.runtime.metrics import Metrics

from .builders import ACCOUNT, parameter, secure, subtree
from .parameter_store import clock
from .reconcile_world import InlineThreads
from .virtual_time import in_virtual_time

DECRYPTIONS = "paramsync_decryptions_total"
P = ParamSpec("P")
R = TypeVar("R")

A, B, C = (parameter(f"/prod/pay/{name}") for name in "abc")
THROTTLED = SourceError(Reason.THROTTLED, "AWS throttles requests for /prod/pay")
UNAVAILABLE = SourceError(Reason.SOURCE_UNAVAILABLE, "no answer in time")
DENIED = SourceError(Reason.ACCESS_DENIED, "AWS denies it")
KMS = Undecryptable(Reason.DECRYPTION_FAILED, "AWS denies kms:Decrypt")
EXPIRED = IdentityRejected(Reason.ACCESS_DENIED, "AWS does not accept the credentials")
TOKEN = TokenRejected(Reason.SOURCE_UNAVAILABLE, "a token is not accepted")


def page(*parameters: Parameter, token: str | None = None) -> Page:
    return Page(parameters, token, ACCOUNT if parameters else None)


class FakeClients(Clients):
    """Ready once they are prepared."""

    def __init__(self) -> None:
        self.prepared: list[Identity] = []
        self.released: list[Identity] = []
        self.error: SourceError | None = None

    def is_ready(self, identity: Identity) -> bool:
        return identity in self.prepared

    def prepare(self, identity: Identity) -> str | None:
        if self.error is not None:
            raise self.error
        self.prepared.append(identity)
        return ACCOUNT

    def release(self, identity: Identity) -> None:
        self.released.append(identity)


@dataclass
class Desk:
    """A reader whose requests are answered one after the other, as it was told."""

    monkeypatch: pytest.MonkeyPatch
    clients: FakeClients = field(default_factory=FakeClients)
    metrics: Metrics = field(default_factory=Metrics)
    asked: list[tuple[str | None, bool]] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    admitted: list[int] = field(default_factory=list)
    answers: Iterator[Page | Opened | Exception] = field(default_factory=lambda: iter(()))
    reader: Reader = field(init=False)
    budgets: Budgets = field(init=False)

    def __post_init__(self) -> None:
        self.budgets = Budgets(lambda account, region: 20)
        self.reader = Reader(self.clients, self.budgets, InlineThreads(), self.metrics, lambda: 0.0)
        self.monkeypatch.setattr(reading, "list_page", self.list_page)
        self.monkeypatch.setattr(reading, "decrypt", self.decrypt)

    def script(self, *answers: Page | Opened | Exception) -> None:
        self.answers = iter(answers)

    def list_page(self, _: Clients, subtree: Subtree, token: str | None, ticket: Ticket, *, decrypt: bool) -> Page:
        self.asked.append((token, decrypt))
        answer = self.answer(ticket)
        assert isinstance(answer, Page)
        return answer

    def decrypt(self, _: Clients, subtree: Subtree, stamps: Sequence[Stamp], ticket: Ticket) -> Opened:
        answer = self.answer(ticket)
        assert isinstance(answer, Opened)
        return answer

    def answer(self, ticket: Ticket) -> Page | Opened:
        self.tickets.append(ticket)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def read(self, *, decrypt: bool = False, urgent: bool = False) -> list[str]:
        listed = await self.reader.read(subtree(), decrypt=decrypt, urgent=lambda: urgent, admit=self.admitted.append)
        return [name.removeprefix("/prod/pay/") for name in listed.parameters]

    def counted(self, outcome: str) -> float | None:
        labels = {"operation": "GetParametersByPath", "outcome": outcome, "store": "operator"}
        return self.metrics.registry.get_sample_value("paramsync_ssm_requests_total", labels)

    @property
    def budget(self) -> Budget:
        return self.reader.budget(subtree().identity)


def series(desk: Desk, name: str) -> list[tuple[dict[str, str], float]]:
    """Labels and values of a metric's samples of that name."""
    families = desk.metrics.registry.collect()
    return [(each.labels, each.value) for family in families for each in family.samples if each.name == name]


class Slow(InlineThreads):
    """Threads in which nothing ends before a gate is open."""

    def __init__(self, gate: asyncio.Event) -> None:
        self._gate = gate

    def start(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
        async def later() -> R:
            await self._gate.wait()
            return function(*args, **kwargs)

        return asyncio.ensure_future(later())


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


@pytest.mark.parametrize(
    ("answers", "tokens", "names"),
    [
        ([page()], [None], ""),
        ([page(A, B)], [None], "ab"),
        ([page(A, token="1"), page(B, token="2"), page(C)], [None, "1", "2"], "abc"),
        ([page(token="1"), page(A, token="2"), page()], [None, "1", "2"], "a"),
    ],
    ids=["empty", "one page", "three pages", "empty pages"],
)
def test_each_page_is_asked_for_with_the_token_of_the_one_before(
    desk: Desk, answers: list[Page], tokens: list[str | None], names: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(*answers)
        assert await desk.read() == list(names)
        assert [token for token, _ in desk.asked] == tokens
        assert desk.counted("ok") == len(tokens)

    check()


@pytest.mark.parametrize("decrypt", [True, False])
def test_every_page_is_decrypted_or_none(desk: Desk, decrypt: bool) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(page(A, token="1"), page(B))
        await desk.read(decrypt=decrypt)
        assert [each for _, each in desk.asked] == [decrypt, decrypt]

    check()


@pytest.mark.parametrize("error", [DENIED, KMS], ids=["denied", "not decryptable"])
def test_what_needs_a_person_ends_it_at_once(desk: Desk, error: SourceError) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(page(A, token="1"), error)
        with pytest.raises(SourceError) as raised:
            await desk.read()
        assert raised.value is error
        assert len(desk.asked) == 2
        assert (desk.counted("ok"), desk.counted(error.reason)) == (1, 1)

    check()


@pytest.mark.parametrize(
    ("error", "tries"), [(THROTTLED, 8), (UNAVAILABLE, 2), (EXPIRED, 2)], ids=["throttled", "unavailable", "expired"]
)
def test_one_page_is_asked_for_again_without_the_pages_before_it(desk: Desk, error: SourceError, tries: int) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(page(A, token="1"), *[error] * (tries - 1), page(B))
        assert await desk.read() == ["a", "b"]
        assert [token for token, _ in desk.asked] == [None] + ["1"] * tries
        assert len({id(ticket) for ticket in desk.tickets}) == tries + 1, "every try takes its turn"
        desk.script(*[error] * tries)
        with pytest.raises(SourceError):
            await desk.read()

    check()


def test_credentials_that_are_not_accepted_have_time_to_be_replaced(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(EXPIRED, page(A))
        assert await desk.read() == ["a"]
        assert clock() == NEW_CREDENTIALS

    check()


def test_what_is_under_way_ends_before_an_identity_is_given_up(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        gate = asyncio.Event()

        desk.reader._threads = Slow(gate)
        desk.clients.prepared.append(subtree().identity)
        desk.script(THROTTLED)
        reading = asyncio.create_task(desk.read())
        await asyncio.sleep(0.1)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        desk.reader.release(subtree().identity)
        assert desk.clients.released == []
        gate.set()
        await asyncio.sleep(0.1)
        assert desk.clients.released == [subtree().identity]
        assert series(desk, "paramsync_ssm_requests_total") == [], "what nobody waited for leaves no series behind"

    check()


def test_an_identity_that_is_needed_again_meanwhile_is_kept(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        gate = asyncio.Event()

        desk.reader._threads = Slow(gate)
        desk.clients.prepared.append(subtree().identity)
        desk.script(page(A), page(A))
        first = asyncio.create_task(desk.read())
        await asyncio.sleep(0.001)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        desk.reader.release(subtree().identity)
        again = asyncio.create_task(desk.read())
        await asyncio.sleep(0.001)
        gate.set()
        assert await again == ["a"]
        assert desk.clients.released == []
        assert len(desk.budgets.all()) == 1

    check()


def test_a_client_that_is_ready_before_its_account_is_known_takes_no_other_budget(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.clients.prepared.append(subtree().identity)
        desk.script(page(A))
        await desk.read()
        assert desk.budgets.all().keys() == {(ACCOUNT, "eu-west-1")}

    check()


def test_a_request_that_nobody_waits_for_any_more_is_counted_by_how_it_ended(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        gate = asyncio.Event()
        desk.script(page(A), page(A))
        await desk.read()
        desk.reader._threads = Slow(gate)
        abandoned = asyncio.create_task(desk.read())
        await asyncio.sleep(0.1)
        abandoned.cancel()
        await asyncio.gather(abandoned, return_exceptions=True)
        assert desk.counted("ok") == 1
        gate.set()
        await asyncio.sleep(0.1)
        assert (desk.counted("ok"), desk.counted("error")) == (2, None)

    check()


def test_the_wait_for_the_budget_is_measured(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(*[page(A)] * 5)
        for _ in range(5):
            await desk.read()
        place = {"account": ACCOUNT, "region": "eu-west-1"}
        assert series(desk, "paramsync_api_budget_wait_seconds_count") == [(place, 5.0)]
        ((_, waited),) = series(desk, "paramsync_api_budget_wait_seconds_sum")
        assert waited > 0.1
        assert abs(waited - asyncio.get_running_loop().time()) < 0.06, "nothing else takes time here"

    check()


def test_the_series_of_a_store_stay_while_another_identity_has_them(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        other = replace(subtree(), identity=replace(subtree().identity, region="eu-north-1"))
        desk.script(page(A), page(A))
        for each in (subtree(), other):
            await desk.reader.read(each, decrypt=False, urgent=lambda: False, admit=desk.admitted.append)
            await asyncio.sleep(0.1)
        desk.reader.release(subtree().identity)
        assert [value for _, value in series(desk, "paramsync_ssm_requests_total")] == [2]
        waits = "paramsync_api_budget_wait_seconds_count"
        assert series(desk, waits) == [({"account": ACCOUNT, "region": "eu-north-1"}, 1)]
        desk.reader.release(other.identity)
        assert series(desk, "paramsync_ssm_requests_total") == series(desk, waits) == []

    check()


def test_throttling_slows_the_budget_down(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(THROTTLED, page())
        await desk.read()
        assert desk.budget.throttles == 1
        assert 10 <= desk.budget.rate < 20

    check()


def test_a_defect_is_counted_too(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await desk.read()
        assert desk.counted("error") == 1

    check()


@pytest.mark.parametrize("broken", [page(A, B), TOKEN], ids=["a name twice", "a rejected token"])
def test_a_listing_that_breaks_starts_over(desk: Desk, broken: Page | Exception) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(page(A, token="1"), broken, page(A, token="3"), page(B))
        assert await desk.read() == ["a", "b"]
        assert [token for token, _ in desk.asked] == [None, "1", None, "3"]
        desk.script(*[page(A, token="1"), broken] * ATTEMPTS)
        with pytest.raises(SourceError, match="do not belong together") as raised:
            await desk.read()
        assert raised.value.reason is Reason.SOURCE_UNAVAILABLE
        assert len(desk.asked) == 4 + 2 * ATTEMPTS, "but not for ever"

    check()


def test_decrypted_bytes_are_told_page_by_page(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.script(page(secure("/prod/pay/x", "1234"), token="1"), page(secure("/prod/pay/y", "123")))
        await desk.read(decrypt=True)
        assert desk.admitted == [4, 7]

    check()


def test_an_identity_is_had_before_the_turn_is_taken(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        desk.clients.error = DENIED
        with pytest.raises(SourceError):
            await desk.read()
        assert desk.tickets == []
        desk.clients.error = None
        desk.script(page(A, token="1"), page(B))
        await desk.read()
        assert desk.clients.prepared == [subtree().identity]
        assert desk.budgets.all().keys() == {(ACCOUNT, "eu-west-1")}
        await asyncio.sleep(0)
        desk.reader.release(subtree().identity)
        assert desk.clients.released == [subtree().identity]

    check()


def test_values_that_come_with_a_listing_are_counted_also_if_it_breaks_off(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        first = Page((secure("/prod/pay/a"), parameter("/prod/pay/b")), "more", ACCOUNT)
        desk.script(first, DENIED)
        with pytest.raises(SourceError):
            await desk.read(decrypt=True)
        sealed = Page((secure("/prod/pay/a", value=None),), None, ACCOUNT)
        desk.script(sealed)
        await desk.read()
        labels = {"operation": "GetParametersByPath"}
        assert desk.metrics.registry.get_sample_value(DECRYPTIONS, labels) == 1

    check()


def test_values_of_single_versions_are_counted(desk: Desk) -> None:
    @in_virtual_time
    async def check() -> None:
        made = secure()
        desk.script(Opened({made.stamp: made.value}))
        opened = await desk.reader.open(subtree(), [made.stamp], urgent=lambda: True)
        assert opened.values == {made.stamp: made.value}
        assert desk.metrics.registry.get_sample_value(DECRYPTIONS, {"operation": "GetParameters"}) == 1

    check()
