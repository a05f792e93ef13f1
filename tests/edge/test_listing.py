"""Listing a subtree with boto3: all of it, with every value in its class, or an error that says why not."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from paramsync.api.sync import ParameterType
from paramsync.aws.budget import Budgets
from paramsync.aws.errors import SourceError
from paramsync.aws.identities import clients as aws_clients
from paramsync.aws.identities.clients import Clients
from paramsync.aws.listing import PAGE_SIZE, list_page
from paramsync.core.identity import Identity
from paramsync.core.listing import Listed
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason
from paramsync.core.values import NOT_OPENED, Sealed, SecureValue
from paramsync.runtime.feeds import reading
from paramsync.runtime.feeds.reading import ATTEMPTS, TRIES, Reader
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.threads import Threads
from tests.aws import errors, faults, listings
from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.aws.wire import Body, Fault

REGION = "eu-west-1"
PATH = "/prod/pay"


@contextmanager
def clients_of(account: str, patience: float = 60) -> Iterator[Clients]:
    """Clients with the credentials of an account of the emulator's, whose first answer may take long."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr(aws_clients, "READ_TIMEOUT", patience)
        environment.setenv("AWS_ACCESS_KEY_ID", f"AKIA{account}")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
        environment.setenv("NO_PROXY", "127.0.0.1")
        made = Clients(2)
        yield made
        made.close()


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with clients_of(errors.ACCOUNT) as made:
        yield made


@dataclass(frozen=True)
class Whole:
    """Reads whole subtrees."""

    reader: Reader

    async def __call__(self, subtree: Subtree, *, decrypt: bool) -> Listed:
        return await self.reader.read(subtree, decrypt=decrypt, urgent=lambda: False, admit=lambda _: None)


@contextmanager
def reader_of(clients: Clients) -> Iterator[Whole]:
    threads = Threads("reader", 2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "LONGEST_PAUSE", 0.0)
        yield Whole(Reader(clients, Budgets(lambda account, region: 10_000), threads, Metrics()))
    threads.close()


@pytest.fixture
def reader(clients: Clients) -> Iterator[Whole]:
    with reader_of(clients) as made:
        yield made


def subtree(proxy: Proxy, path: str = PATH, *, recursive: bool = True) -> Subtree:
    return Subtree(Identity(REGION, proxy.url), path, recursive)


def fill(ssm: Emulator, count: int, path: str = PATH) -> set[str]:
    names = [f"{path}/p{number:03}" for number in range(count)]
    for name in names:
        ssm.put(name, f"value of {name}")
    return set(names)


def listed(proxy: Proxy) -> list[Body]:
    return [call.body for call in proxy.calls("GetParametersByPath")]


async def failure(reader: Whole, proxy: Proxy, path: str = PATH) -> SourceError:
    """The error of a listing, which is the same again the next time."""
    found = []
    for _ in range(2):
        with pytest.raises(SourceError) as raised:
            await reader(subtree(proxy, path), decrypt=True)
        found.append(raised.value)
        proxy.forget() if len(found) == 1 else None
    assert (found[0].reason, str(found[0])) == (found[1].reason, str(found[1]))
    return found[0]


class TestComplete:
    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25, 100])
    async def test_whatever_the_number(self, ssm: Emulator, proxy: Proxy, reader: Whole, count: int) -> None:
        names = fill(ssm, count)
        snapshot = await reader(subtree(proxy), decrypt=True)

        assert set(snapshot.parameters) == names
        assert all(each.value == f"value of {name}" for name, each in snapshot.parameters.items())
        assert len(listed(proxy)) == count // PAGE_SIZE + 1, "a full last page has a token here, as AWS may give one"
        assert snapshot.pages == len(listed(proxy))

    @pytest.mark.parametrize(
        "sizes",
        [[3, 10], [1] * 13, [0, 0, 0, 10, 3], [3, 0, 10, 0], [10, 3, 0], [0] * 5],
        ids=["short first", "all short", "empty first", "empty between", "empty last", "all empty, then the rest"],
    )
    async def test_whatever_the_pages(self, ssm: Emulator, proxy: Proxy, reader: Whole, sizes: list[int]) -> None:
        names = fill(ssm, 13)
        proxy.add(listings.pages(sizes))

        snapshot = await reader(subtree(proxy), decrypt=True)

        assert set(snapshot.parameters) == names
        assert len(listed(proxy)) >= len(sizes)

    async def test_a_full_last_page_may_have_a_token(self, ssm: Emulator, proxy: Proxy, reader: Whole) -> None:
        names = fill(ssm, 10)
        proxy.add(listings.pages([10, 0]))
        snapshot = await reader(subtree(proxy), decrypt=True)
        assert set(snapshot.parameters) == names
        assert len(listed(proxy)) == 2

    async def test_names_types_versions_and_dates(self, ssm: Emulator, proxy: Proxy, reader: Whole) -> None:
        before = datetime.now(UTC)
        ssm.put(f"{PATH}/host", "old")
        ssm.put(f"{PATH}/host", "db.internal")
        ssm.put(f"{PATH}/hosts", "a,b", "StringList")

        snapshot = await reader(subtree(proxy), decrypt=True)

        stamps = {name: each.stamp for name, each in snapshot.parameters.items()}
        assert stamps[f"{PATH}/host"].version == 2
        assert stamps[f"{PATH}/hosts"].version == 1
        assert stamps[f"{PATH}/hosts"].type is ParameterType.STRING_LIST
        for name, stamp in stamps.items():
            assert stamp.name == name
            assert stamp.modified.tzinfo is UTC
            assert abs((stamp.modified - before).total_seconds()) < 60


class TestOrNothing:
    @pytest.mark.parametrize("page", [1, 2, 3, 4])
    async def test_one_failing_page(self, ssm: Emulator, proxy: Proxy, reader: Whole, page: int) -> None:
        fill(ssm, 31)
        proxy.add(errors.throttled(), page=page)

        error = await failure(reader, proxy)

        assert error.reason is Reason.THROTTLED
        assert len(listed(proxy)) == page - 1 + TRIES[Reason.THROTTLED], "the pages before it are not asked for again"

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            (faults.cut(), "Reading /prod/pay failed: AWS's answer is not understood at Parameters"),
            (faults.html(200), "Reading /prod/pay failed: AWS's answer is not understood at Parameters"),
            (
                faults.html(503),
                "Reading /prod/pay from AWS failed: an error that AWS does not document for this",
            ),
            (
                faults.drop(),
                "Reading /prod/pay from AWS failed: the connection was closed before the answer was complete",
            ),
            (errors.internal(), "Reading /prod/pay from AWS failed: InternalServerError"),
        ],
        ids=["truncated", "html 200", "html 503", "dropped", "internal"],
    )
    @pytest.mark.parametrize("page", [1, 2])
    async def test_one_broken_page(
        self, ssm: Emulator, proxy: Proxy, reader: Whole, page: int, fault: Fault, message: str
    ) -> None:
        fill(ssm, 11)
        proxy.add(fault, page=page)

        error = await failure(reader, proxy)

        assert (error.reason, str(error)) == (Reason.SOURCE_UNAVAILABLE, message)
        assert len(listed(proxy)) == page + 1, "boto3 tries once, the reader twice; the next try is the feed's"

    async def test_no_answer_in_time(self, proxy: Proxy) -> None:
        proxy.add(faults.hang())
        with clients_of(errors.ACCOUNT, patience=0.3) as impatient, reader_of(impatient) as reader:
            error = await failure(reader, proxy)
        assert error.reason is Reason.SOURCE_UNAVAILABLE
        assert str(error) == "Reading /prod/pay from AWS failed: no answer in time"
        assert len(listed(proxy)) == 2

    @pytest.mark.parametrize(
        "endpoint", ["http://127.0.0.1:1", "http://ssm.nowhere.invalid"], ids=["closed", "no name"]
    )
    async def test_nobody_there(self, reader: Whole, endpoint: str) -> None:
        nowhere = Subtree(Identity(REGION, endpoint), PATH)
        with pytest.raises(SourceError, match=r"failed: the endpoint cannot be reached$") as raised:
            await reader(nowhere, decrypt=True)
        assert raised.value.reason is Reason.SOURCE_UNAVAILABLE

    @pytest.mark.parametrize(
        "fault",
        [listings.repeat_token(), listings.pages([5, 5], overlap=1), errors.invalid_next_token()],
        ids=["repeated token", "names on two pages", "rejected token"],
    )
    async def test_pages_that_never_fit_together(
        self, ssm: Emulator, proxy: Proxy, reader: Whole, fault: Fault
    ) -> None:
        fill(ssm, 12)
        proxy.add(fault)

        error = await failure(reader, proxy)

        assert error.reason is Reason.SOURCE_UNAVAILABLE
        assert str(error) == (
            "The pages that AWS lists below /prod/pay do not belong together; the listing starts over"
        )
        assert [body.get("NextToken") for body in listed(proxy)].count(None) == ATTEMPTS

    async def test_a_listing_of_nothing_without_an_end(self, proxy: Proxy, reader: Whole) -> None:
        proxy.add(listings.repeat_token())
        async with asyncio.timeout(60):
            assert "do not belong together" in str(await failure(reader, proxy))
        assert len(listed(proxy)) == 2 * ATTEMPTS

    async def test_pages_that_fit_the_next_time(self, ssm: Emulator, proxy: Proxy, reader: Whole) -> None:
        names = fill(ssm, 12)
        proxy.add(listings.pages([5, 5], overlap=1), times=2)
        assert set((await reader(subtree(proxy), decrypt=True)).parameters) == names

    @pytest.mark.parametrize(
        ("field", "value", "place"),
        [
            ("Type", "Binary", "Parameters.0.Type"),
            ("Name", None, "Parameters.0.Name"),
            ("Value", None, "Parameters.0.Value"),
            ("Version", None, "Parameters.0.Version"),
            ("LastModifiedDate", None, "Parameters.0.LastModifiedDate"),
        ],
    )
    async def test_a_parameter_that_is_not_understood(
        self, ssm: Emulator, proxy: Proxy, reader: Whole, field: str, value: str | None, place: str
    ) -> None:
        ssm.put(f"{PATH}/password", "hunter2", "SecureString")

        def spoil(document: Body) -> Body:
            document["Parameters"][0].pop(field)
            document["Parameters"][0].update({field: value} if value else {})
            return document

        proxy.add(faults.edit(spoil))
        error = await failure(reader, proxy)
        assert str(error) == f"Reading /prod/pay failed: AWS's answer is not understood at {place}"
        assert error.__cause__ is None
        assert "hunter2" not in repr(error)

    async def test_a_name_of_another_path(self, ssm: Emulator, proxy: Proxy, reader: Whole) -> None:
        fill(ssm, 2)

        def move(document: Body) -> Body:
            document["Parameters"][0]["Name"] = "/prod/payroll/salary"
            return document

        proxy.add(faults.edit(move))
        assert "do not belong together" in str(await failure(reader, proxy))


class TestPaths:
    NAMES = ("/a", "/a/b", "/a/b/c", "/a/bc", "/ab", "/ab/c", "/A/b", "/z")

    @pytest.mark.parametrize(
        ("path", "recursive", "found"),
        [
            ("/a", True, {"/a/b", "/a/b/c", "/a/bc"}),
            ("/a", False, {"/a/b", "/a/bc"}),
            ("/a/b", True, {"/a/b/c"}),
            ("/ab", True, {"/ab/c"}),
            ("/z", True, set()),
            ("/none", True, set()),
            ("/", True, set(NAMES)),
            ("/", False, {"/a", "/ab", "/z"}),
        ],
    )
    async def test_what_a_path_covers(
        self, ssm: Emulator, proxy: Proxy, reader: Whole, path: str, recursive: bool, found: set[str]
    ) -> None:
        for name in self.NAMES:
            ssm.put(name, "x")
        snapshot = await reader(subtree(proxy, path, recursive=recursive), decrypt=False)
        assert set(snapshot.parameters) == found

    @pytest.mark.parametrize("path", ["/", "/a", "/a/b.c-d_e/F"])
    @pytest.mark.parametrize("recursive", [True, False])
    @pytest.mark.parametrize("decrypt", [True, False])
    async def test_a_path_is_sent_as_it_is_written(
        self, proxy: Proxy, reader: Whole, path: str, recursive: bool, decrypt: bool
    ) -> None:
        await reader(subtree(proxy, path, recursive=recursive), decrypt=decrypt)
        assert listed(proxy) == [
            {"Path": path, "Recursive": recursive, "WithDecryption": decrypt, "MaxResults": PAGE_SIZE}
        ]

    async def test_nothing_else_is_ever_asked(self, ssm: Emulator, proxy: Proxy, reader: Whole) -> None:
        fill(ssm, 21)
        await reader(subtree(proxy), decrypt=True)
        proxy.add(errors.denied())
        await failure(reader, proxy)
        assert {(call.service, call.action) for call in proxy.calls()} == {("ssm", "GetParametersByPath")}

    async def test_the_pages_of_a_listing_are_asked_alike(self, ssm: Emulator, proxy: Proxy, reader: Whole) -> None:
        fill(ssm, 21)
        await reader(subtree(proxy, recursive=False), decrypt=True)
        without_token = [{key: value for key, value in body.items() if key != "NextToken"} for body in listed(proxy)]
        assert len(without_token) == 3
        assert without_token[0] == without_token[1] == without_token[2]


class TestValues:
    def page(self, clients: Clients, proxy: Proxy, *, decrypt: bool) -> dict[str, Any]:
        """The values of the first page, by relative name."""
        asked = subtree(proxy)
        page = list_page(clients, asked, None, Ticket(), decrypt=decrypt)
        assert "hunter2" not in repr(page)
        return {asked.relative_name(each.stamp.name): each.value for each in page.parameters}

    def test_a_ticket_knows_when_its_request_went_out(self, proxy: Proxy, clients: Clients) -> None:
        ticket, before = Ticket(), time.monotonic()
        list_page(clients, subtree(proxy), None, ticket, decrypt=True)
        assert ticket.sent_at is not None
        assert before < ticket.sent_at < time.monotonic()
        nowhere, unsent = Subtree(Identity("nowhere at all", proxy.url), PATH), Ticket()
        with pytest.raises(SourceError):
            list_page(clients, nowhere, None, unsent, decrypt=True)
        assert unsent.sent_at is None

    def test_they_are_in_their_class_from_the_answer_on(self, ssm: Emulator, proxy: Proxy, clients: Clients) -> None:
        ssm.put(f"{PATH}/host", "db.internal")
        ssm.put(f"{PATH}/hosts", "a,b", "StringList")
        ssm.put(f"{PATH}/password", "hunter2", "SecureString")

        assert self.page(clients, proxy, decrypt=True) == {
            "host": "db.internal",
            "hosts": "a,b",
            "password": SecureValue(b"hunter2"),
        }

    def test_what_was_not_decrypted_is_sealed(self, ssm: Emulator, proxy: Proxy, clients: Clients) -> None:
        ssm.put(f"{PATH}/host", "db.internal")
        ssm.put(f"{PATH}/password", "hunter2", "SecureString")

        assert self.page(clients, proxy, decrypt=False) == {
            "host": "db.internal",
            "password": NOT_OPENED,
        }

    @pytest.mark.parametrize("value", [" x ", "a\nb\r\n", "ключ 🔑", "x" * 4096, "{{ssm:/a}}", "\0\x7f"])
    def test_a_value_is_what_it_is(self, ssm: Emulator, proxy: Proxy, clients: Clients, value: str) -> None:
        ssm.put(f"{PATH}/host", value)
        ssm.put(f"{PATH}/password", value, "SecureString")
        assert self.page(clients, proxy, decrypt=True) == {"host": value, "password": SecureValue.of(value)}

    def test_a_value_that_is_no_unicode_is_sealed(self, ssm: Emulator, proxy: Proxy, clients: Clients) -> None:
        ssm.put(f"{PATH}/good", "x")
        ssm.put(f"{PATH}/host", "x")
        ssm.put(f"{PATH}/password", "x", "SecureString")

        def spoil(document: Body) -> Body:
            for each in document["Parameters"]:
                each["Value"] = "x" if each["Name"].endswith("good") else "hunter2\ud800"
            return document

        proxy.add(faults.edit(spoil))
        found = self.page(clients, proxy, decrypt=True)
        assert found.pop("good") == "x"
        assert found == {
            name: Sealed(
                Reason.INVALID_VALUE, f"Parameter {PATH}/{name} has a value that is not valid Unicode; write it again"
            )
            for name in ("host", "password")
        }

    @pytest.mark.parametrize("account", ["444455556666", errors.ACCOUNT])
    def test_the_account_is_the_arns(self, ssm: Emulator, proxy: Proxy, account: str) -> None:
        ssm.put(f"{PATH}/host", "x", account=account)
        with clients_of(account) as clients:
            assert list_page(clients, subtree(proxy), None, Ticket(), decrypt=True).account == account

    @pytest.mark.parametrize(
        ("arn", "account"),
        [
            ("arn:aws-cn:ssm:cn-north-1:444455556666:parameter/prod/pay/host", "444455556666"),
            ("arn:aws-us-gov:ssm:us-gov-west-1:444455556666:parameter/prod/pay/host", "444455556666"),
            ("arn:aws:ssm:eu-west-1::parameter/aws/service/x", None),
            ("", None),
        ],
    )
    def test_an_account_of_any_partition_or_none(
        self, ssm: Emulator, proxy: Proxy, clients: Clients, arn: str, account: str | None
    ) -> None:
        ssm.put(f"{PATH}/host", "x")

        def name(document: Body) -> Body:
            document["Parameters"][0]["ARN"] = arn
            return document

        proxy.add(faults.edit(name))
        assert list_page(clients, subtree(proxy), None, Ticket(), decrypt=True).account == account

    async def test_an_empty_listing_names_no_account(self, proxy: Proxy, reader: Whole) -> None:
        snapshot = await reader(subtree(proxy), decrypt=True)
        assert (dict(snapshot.parameters), snapshot.account) == ({}, None)
