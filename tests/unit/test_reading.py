"""The reader: page by page until the last one, once more if they do not fit, and every request counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from paramsync.aws.clients import Clients
from paramsync.aws.errors import SourceError
from paramsync.core.listing import Page
from paramsync.core.parameters import Parameter, Subtree
from paramsync.core.reasons import Reason
from paramsync.runtime import reading
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.reading import ATTEMPTS, Reader
from paramsync.runtime.threads import Threads

from .builders import ACCOUNT, parameter, subtree

A, B, C = (parameter(f"/prod/pay/{name}") for name in "abc")
THROTTLED = SourceError(Reason.THROTTLED, "AWS throttles requests for /prod/pay")


def page(*parameters: Parameter, token: str | None = None) -> Page:
    return Page(parameters, token, ACCOUNT if parameters else None)


@dataclass
class Script:
    """Answers requests one after the other, and remembers what was asked."""

    answers: Iterator[Page | Exception]
    asked: list[tuple[str | None, bool]] = field(default_factory=list)

    def list_page(self, clients: Clients, subtree: Subtree, token: str | None, *, decrypt: bool) -> Page:
        self.asked.append((token, decrypt))
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Desk:
    reader: Reader
    metrics: Metrics
    monkeypatch: pytest.MonkeyPatch

    def script(self, *answers: Page | Exception) -> Script:
        made = Script(iter(answers))
        self.monkeypatch.setattr(reading, "list_page", made.list_page)
        return made

    def counted(self, outcome: str) -> float | None:
        labels = {"operation": "GetParametersByPath", "outcome": outcome}
        return self.metrics.registry.get_sample_value("paramsync_ssm_requests_total", labels)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    threads, metrics = Threads("reader", 1), Metrics()
    yield Desk(Reader(Clients(1), threads, metrics), metrics, monkeypatch)
    threads.close()


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
async def test_each_page_is_asked_for_with_the_token_of_the_one_before(
    desk: Desk, answers: Sequence[Page], tokens: list[str | None], names: str
) -> None:
    script = desk.script(*answers)
    snapshot = await desk.reader(subtree(), decrypt=False)
    assert [token for token, _ in script.asked] == tokens
    assert sorted(snapshot.parameters) == [f"/prod/pay/{name}" for name in names]
    assert desk.counted("ok") == len(tokens)


@pytest.mark.parametrize("decrypt", [True, False])
async def test_every_page_is_decrypted_or_none(desk: Desk, decrypt: bool) -> None:
    script = desk.script(page(A, token="1"), page(B))
    await desk.reader(subtree(), decrypt=decrypt)
    assert [each for _, each in script.asked] == [decrypt, decrypt]


async def test_an_error_ends_it_at_once(desk: Desk) -> None:
    script = desk.script(page(A, token="1"), THROTTLED)
    with pytest.raises(SourceError) as raised:
        await desk.reader(subtree(), decrypt=False)
    assert raised.value is THROTTLED
    assert len(script.asked) == 2
    assert (desk.counted("ok"), desk.counted("Throttled")) == (1, 1)


async def test_a_defect_is_counted_too(desk: Desk) -> None:
    desk.script(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await desk.reader(subtree(), decrypt=False)
    assert desk.counted("error") == 1


async def test_pages_that_do_not_fit_are_asked_for_again_from_the_first(desk: Desk) -> None:
    script = desk.script(page(A, token="1"), page(A, B), page(A, token="3"), page(B))
    snapshot = await desk.reader(subtree(), decrypt=False)
    assert [token for token, _ in script.asked] == [None, "1", None, "3"]
    assert sorted(snapshot.parameters) == ["/prod/pay/a", "/prod/pay/b"]


async def test_but_not_for_ever(desk: Desk) -> None:
    script = desk.script(*[page(A, token="1"), page(A)] * ATTEMPTS)
    with pytest.raises(SourceError, match="do not belong together") as raised:
        await desk.reader(subtree(), decrypt=False)
    assert raised.value.reason is Reason.SOURCE_UNAVAILABLE
    assert len(script.asked) == 2 * ATTEMPTS
