"""The load stub as a plain boto3 client sees it: AWS's answers, quota and sessions, and true counts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.aws import errors, faults, listings
from tests.aws.clients import access_key, base_session
from tests.aws.tokens import Token
from tests.load.counts import Counts
from tests.load.identities import Identities
from tests.load.pages import pattern, ragged
from tests.load.quota import Quotas
from tests.load.stub import Settings, Stub, run_stub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_ssm import SSMClient

    from tests.aws.wire import Call, Proceed, Reply

LISTING = "GetParametersByPath"
ACCOUNT, REGION = errors.ACCOUNT, "eu-west-1"
USER = access_key()
ROLE = "arn:aws:iam::444455556666:role/teams/pay"
OTHER_ROLE = "arn:aws:iam::444455556666:role/other"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Keys(NamedTuple):
    """What a client signs with."""

    access: str
    secret: str = "dummy"
    token: str | None = None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stub(clock: Clock) -> Iterator[Stub]:
    """A stub whose time stands still: nothing is throttled before the 41st request."""
    with run_stub(Settings(clock=clock)) as running:
        yield running


@contextmanager
def sts(stub: Stub, keys: Keys | None = None) -> Iterator[Any]:
    """A client of STS, for which the project has no stubs."""
    keys = keys or Keys(USER)
    client = base_session().client(
        "sts",
        region_name=REGION,
        endpoint_url=stub.url,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False),
    )
    with closing(client):
        yield client


def assumed(stub: Stub, role: str = ROLE, keys: Keys | None = None, **more: object) -> Keys:
    with sts(stub, keys) as client:
        found = client.assume_role(RoleArn=role, RoleSessionName="store", **more)["Credentials"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def listed_by(stub: Stub, keys: Keys, path: str = "/app") -> list[str]:
    client = base_session().client(
        "ssm",
        region_name=REGION,
        endpoint_url=stub.url,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    with closing(client):
        return [item["Name"] for item in client.get_parameters_by_path(Path=path)["Parameters"]]


def put(stub: Stub, count: int, path: str = "/app") -> list[str]:
    names = [f"{path}/{number:02}" for number in range(count)]
    for name in names:
        stub.put(name, "v")
    return names


def pages(stub: Stub, path: str = "/app", **more: Any) -> Iterator[list[str]]:
    """Yield the names of each page, as a client sees them that follows the tokens."""
    client = stub.client()
    token: dict[str, Any] = {}
    for _ in range(100):
        page = client.get_parameters_by_path(Path=path, **({"Recursive": True} | more | token))
        yield [item["Name"] for item in page["Parameters"]]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}
    raise AssertionError("the listing has no end")


def names(stub: Stub, path: str, **more: Any) -> list[str]:
    return [name for page in pages(stub, path, **more) for name in page]


def refused(call: Callable[[], object]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def throttled_of(stub: Stub, requests: int, **client: Any) -> int:
    """Return how many of that many requests are throttled."""
    asked = stub.client(**client)
    found = 0
    for _ in range(requests):
        try:
            asked.get_parameters_by_path(Path="/app")
        except ClientError as error:
            if error.response["Error"] != {"Code": "ThrottlingException", "Message": "Rate exceeded"}:
                raise
            found += 1
    return found


# Parameters


def test_a_parameter_is_told_as_aws_tells_it(stub: Stub) -> None:
    modified = datetime(2025, 3, 1, 12, 0, 0, 123456, UTC)
    assert stub.put("/app/db/host", "db.internal", modified=modified) == 1
    expected = {
        "Name": "/app/db/host",
        "Type": "String",
        "Value": "db.internal",
        "Version": 1,
        "LastModifiedDate": datetime(2025, 3, 1, 12, 0, 0, 123000, UTC),
        "ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db/host",
        "DataType": "text",
    }
    client = stub.client()
    assert client.get_parameters_by_path(Path="/app", Recursive=True)["Parameters"] == [expected]
    assert client.get_parameters(Names=["/app/db/host"])["Parameters"] == [expected]


def test_versions_count_up_until_a_parameter_is_deleted(stub: Stub) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert [stub.put("/app/a", value) for value in "123"] == [1, 2, 3]
    (newest,) = stub.client().get_parameters(Names=["/app/a"])["Parameters"]
    assert (newest["Value"], newest["Version"]) == ("3", 3)
    assert before < newest["LastModifiedDate"] < datetime.now(UTC) + timedelta(seconds=1)
    stub.delete("/app/a")
    assert names(stub, "/app") == []
    assert stub.put("/app/a", "4", "StringList") == 1
    assert stub.client().get_parameters(Names=["/app/a:2"])["InvalidParameters"] == ["/app/a:2"]
    with pytest.raises(KeyError):
        stub.delete("/app/b")


def test_a_parameter_keeps_100_versions_unless_the_oldest_has_a_label(stub: Stub) -> None:
    assert [stub.put("/app/a", "v") for _ in range(101)][-1] == 101
    answer = stub.client().get_parameters(Names=["/app/a:1", "/app/a:2", "/app/a:101"])
    assert answer["InvalidParameters"] == ["/app/a:1"]
    stub.label("/app/a", 2, "live")
    with pytest.raises(ValueError, match="label"):
        stub.put("/app/a", "v")


@pytest.mark.parametrize(("name", "value"), [("/app//a", "v"), ("/app/a b", "v"), ("/app/a", ""), ("/a", "v" * 8193)])
def test_what_aws_would_not_take_is_not_put(stub: Stub, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"parameter|bytes"):
        stub.put(name, value)


def test_named_parameters_are_found_by_version_and_label(stub: Stub) -> None:
    for value in "123":
        stub.put("/app/a", value)
    stub.label("/app/a", 1, "live")
    asked = ["/app/a", "/app/a:2", "/app/a:live", "/app/a:9", "/app/a:dead", "/app/b"]
    answer = stub.client().get_parameters(Names=asked)
    found = [(item["Name"], item["Value"], item.get("Selector")) for item in answer["Parameters"]]
    assert found == [("/app/a", "3", None), ("/app/a", "2", ":2"), ("/app/a", "1", ":live")]
    assert answer["InvalidParameters"] == ["/app/a:9", "/app/a:dead", "/app/b"]


@pytest.mark.parametrize("count", [0, 11])
def test_one_to_ten_names_may_be_asked_for(stub: Stub, count: int) -> None:
    put(stub, 11)
    client = stub.client()
    asked = [f"/app/{number:02}" for number in range(count)]
    assert refused(lambda: client.get_parameters(Names=asked))[0::2] == ("ValidationException", 400)
    assert len(client.get_parameters(Names=[f"/app/{number:02}" for number in range(10)])["Parameters"]) == 10


def test_a_label_is_on_one_version(stub: Stub) -> None:
    stub.put("/app/a", "1")
    stub.put("/app/a", "2")
    stub.label("/app/a", 1, "live")
    stub.label("/app/a", 2, "live")
    (found,) = stub.client().get_parameters(Names=["/app/a:live"])["Parameters"]
    assert found["Version"] == 2
    with pytest.raises(KeyError):
        stub.label("/app/a", 3, "live")


def test_without_decryption_a_secure_value_is_ciphertext(stub: Stub) -> None:
    stub.put("/app/a", "hunter2", "SecureString")
    client = stub.client()
    for answer in (client.get_parameters_by_path(Path="/app"), client.get_parameters(Names=["/app/a"])):
        assert answer["Parameters"][0]["Value"].startswith("AQICAH")
    for answer in (
        client.get_parameters_by_path(Path="/app", WithDecryption=True),
        client.get_parameters(Names=["/app/a"], WithDecryption=True),
    ):
        assert answer["Parameters"][0]["Value"] == "hunter2"


def test_accounts_and_regions_are_apart(stub: Stub) -> None:
    stub.put("/app/a", "1", account="444455556666", region="us-east-1")
    assert names(stub, "/app") == []
    page = stub.client("us-east-1", account="444455556666").get_parameters_by_path(Path="/app")
    assert [item["ARN"] for item in page["Parameters"]] == ["arn:aws:ssm:us-east-1:444455556666:parameter/app/a"]
    stub.put("/app/a", "1")
    stub.label("/app/a", 1, "live", account="444455556666", region="us-east-1")
    assert stub.client().get_parameters(Names=["/app/a:live"])["Parameters"] == []
    stub.delete("/app/a", account="444455556666", region="us-east-1")
    assert names(stub, "/app") == ["/app/a"]


def test_a_subtree_is_found_among_very_many(stub: Stub) -> None:
    for number in range(20_000):
        stub.put(f"/app/{number % 1000:03}/{number:05}", "v")
    assert names(stub, "/app/777") == [f"/app/777/{number:05}" for number in range(777, 20_000, 1000)]
    assert [name for page, _ in zip(pages(stub, "/app"), range(3), strict=False) for name in page] == [
        f"/app/{number // 20:03}/{number // 20 + number % 20 * 1000:05}" for number in range(30)
    ]


# Listings


@pytest.mark.parametrize(
    ("path", "recursive", "found"),
    [
        ("/app", True, ["/app/a", "/app/a-b", "/app/a/x", "/app/a/y/z", "/app/a0", "/app/b"]),
        ("/app/", True, ["/app/a", "/app/a-b", "/app/a/x", "/app/a/y/z", "/app/a0", "/app/b"]),
        ("/app", False, ["/app/a", "/app/a-b", "/app/a0", "/app/b"]),
        ("/app/a", True, ["/app/a/x", "/app/a/y/z"]),
        ("/app/a", False, ["/app/a/x"]),
        ("/app/b", True, []),
        ("/ap", True, []),
        ("/", True, ["/app/a", "/app/a-b", "/app/a/x", "/app/a/y/z", "/app/a0", "/app/b", "/apple/a", "/top", "bare"]),
        ("/", False, ["/top", "bare"]),
    ],
)
def test_a_path_has_whole_segments(stub: Stub, path: str, recursive: bool, found: list[str]) -> None:
    for name in ("bare", "/top", "/apple/a", "/app/b", "/app/a0", "/app/a/y/z", "/app/a/x", "/app/a-b", "/app/a"):
        stub.put(name, "v")
    assert names(stub, path, Recursive=recursive) == found
    assert names(stub, path, Recursive=recursive, MaxResults=1) == found


@pytest.mark.parametrize("path", ["", "app", "//", "/app//a", "/app/a b"])
def test_a_path_of_wrong_form_is_refused(stub: Stub, path: str) -> None:
    client = stub.client()
    assert refused(lambda: client.get_parameters_by_path(Path=path))[0::2] == ("ValidationException", 400)


@pytest.mark.parametrize("size", [0, 11])
def test_a_page_has_one_to_ten(stub: Stub, size: int) -> None:
    put(stub, 11)
    client = stub.client()
    code, message, _ = refused(lambda: client.get_parameters_by_path(Path="/app", MaxResults=size))
    assert (code, f"'{size}' at 'maxResults'" in message) == ("ValidationException", True)
    assert [len(page) for page in pages(stub)] == [10, 1]
    assert [len(page) for page in pages(stub, MaxResults=4)] == [4, 4, 3]


def test_a_token_belongs_to_its_listing(stub: Stub) -> None:
    put(stub, 11)
    client = stub.client()
    token = client.get_parameters_by_path(Path="/app", Recursive=True)["NextToken"]
    label: Any = [{"Key": "Label", "Option": "Equals", "Values": ["live"]}]
    for more in ({"Path": "/"}, {"Recursive": False}, {"ParameterFilters": label}, {"NextToken": token[1:]}):
        asked: Any = {"Path": "/app", "Recursive": True, "NextToken": token, **more}
        assert refused(lambda asked=asked: client.get_parameters_by_path(**asked))[0] == "InvalidNextToken"  # type: ignore[misc]
    assert token == Token.asked({"Path": "/app", "Recursive": True}).following(0, "/app/09").encoded()


def test_a_name_that_stands_throughout_is_listed_once(stub: Stub) -> None:
    put(stub, 25)
    walk = pages(stub)
    found = next(walk)
    stub.delete("/app/03")
    stub.delete("/app/09")
    stub.put("/app/05-new", "v")
    stub.delete("/app/12")
    stub.put("/app/13-new", "v")
    rest = [name for page in walk for name in page]
    assert [name for name in found + rest if not name.endswith("new")] == [
        f"/app/{number:02}" for number in range(25) if number != 12
    ]
    assert "/app/13-new" in rest


def test_a_listing_by_label_has_the_versions_that_carry_it(stub: Stub) -> None:
    for name in put(stub, 12):
        stub.put(name, "newer")
    for number in (3, 7, 11):
        stub.label(f"/app/{number:02}", 1, "live")
    stub.label("/app/05", 2, "live")
    stub.label("/app/06", 2, "next")
    client = stub.client()
    page = client.get_parameters_by_path(
        Path="/app", ParameterFilters=[{"Key": "Label", "Option": "Equals", "Values": ["live"]}]
    )
    found = [(item["Name"][-2:], item["Version"], item["Value"]) for item in page["Parameters"]]
    assert found == [("03", 1, "v"), ("05", 2, "newer"), ("07", 1, "v"), ("11", 1, "v")]
    by_two = [{"Key": "Label", "Values": ["next", "live"]}]
    assert [len(page) for page in pages(stub, ParameterFilters=by_two, MaxResults=2)] == [2, 2, 1]


# Pages


@pytest.mark.parametrize(
    ("sizes", "count", "found"),
    [
        ((3, 0, 10), 20, [3, 0, 10, 3, 0, 4]),
        ((0, 10), 10, [0, 10]),
        ((2,), 4, [2, 2]),
        ((2, 0), 4, [2, 0, 2]),
    ],
)
def test_pages_can_be_short_or_empty(stub: Stub, sizes: tuple[int, ...], count: int, found: list[int]) -> None:
    stub.settings.page_size = pattern(*sizes)
    expected = put(stub, count)
    got = list(pages(stub))
    assert [len(page) for page in got] == found
    assert [name for page in got for name in page] == expected


@pytest.mark.parametrize("sizes", [(), (0, 0), (11,), (-1, 5)])
def test_a_pattern_has_an_end(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="pages have"):
        pattern(*sizes)


def test_pages_by_chance_are_complete_and_the_same_for_a_seed(stub: Stub) -> None:
    stub.quotas.set(None)
    expected = put(stub, 99)
    runs = []
    for seed in (1, 1, 2):
        stub.settings.page_size = ragged(0.7, seed)
        runs.append(list(pages(stub)))
        assert [name for page in runs[-1] for name in page] == expected
    assert runs[0] == runs[1] != runs[2]
    assert any(not page for page in runs[0])
    with pytest.raises(ValueError, match="probability"):
        ragged(2, 1)


def test_a_full_last_page_can_have_a_token(stub: Stub) -> None:
    put(stub, 20)
    assert [len(page) for page in pages(stub)] == [10, 10]
    stub.settings.token_after_full = True
    assert [len(page) for page in pages(stub)] == [10, 10, 0]
    assert [len(page) for page in pages(stub, MaxResults=5)] == [5, 5, 5, 5, 0]
    assert [len(page) for page in pages(stub, MaxResults=6)] == [6, 6, 6, 2]


# Quota


def test_a_second_has_the_quota_and_a_full_bucket_before_it(stub: Stub, clock: Clock) -> None:
    assert throttled_of(stub, 43) == 3
    clock.now += 0.5
    assert throttled_of(stub, 25) == 5
    clock.now += 100
    assert throttled_of(stub, 41) == 1
    assert stub.counts.throttled() == 9


def test_a_throttled_request_takes_no_token(stub: Stub, clock: Clock) -> None:
    throttled_of(stub, 60)
    clock.now += 0.1
    assert throttled_of(stub, 4) == 0


def test_a_token_is_whole_however_slowly_it_came(clock: Clock) -> None:
    clock.now = 0
    quotas = Quotas(1, clock)
    taken = []
    for _ in range(11):
        taken.append(quotas.take((ACCOUNT, REGION)))
        clock.now += 0.1
    assert taken == [True, *[False] * 9, True]


def test_each_account_and_region_has_its_own_quota(stub: Stub) -> None:
    stub.quotas.set(2)
    stub.quotas.set(3, region="us-east-1")
    stub.quotas.set(None, account="444455556666")
    assert throttled_of(stub, 5) == 3
    assert throttled_of(stub, 5, region="us-east-1") == 2
    assert throttled_of(stub, 50, account="444455556666") == 0
    assert throttled_of(stub, 42, region="us-east-2") == 2
    assert (stub.counts.throttled(), stub.counts.throttled(region="us-east-1")) == (3, 2)


def test_a_neighbour_takes_its_part(stub: Stub, clock: Clock) -> None:
    stub.quotas.neighbour(30)
    throttled_of(stub, 40)
    clock.now += 1
    assert throttled_of(stub, 20) == 10
    stub.quotas.neighbour(50)
    clock.now += 60
    assert throttled_of(stub, 1) == 1
    stub.quotas.neighbour(0)
    clock.now += 1
    assert throttled_of(stub, 41) == 1


def test_sts_has_no_quota_here(stub: Stub) -> None:
    stub.quotas.set(0)
    with sts(stub) as client:
        assert client.get_caller_identity()["Account"] == ACCOUNT
    assert throttled_of(stub, 1) == 1


# Latency and faults


def test_an_answer_comes_after_its_latency(stub: Stub) -> None:
    stub.put("/app/a", "v")
    stub.settings.latency = 30
    client = stub.client(timeout=0.2)
    with pytest.raises(ReadTimeoutError):
        client.get_parameters_by_path(Path="/app")
    stub.settings.latency = lambda call: 30 if call.action == LISTING else 0
    assert client.get_parameters(Names=["/app/a"])["Parameters"]
    with pytest.raises(ReadTimeoutError):
        client.get_parameters_by_path(Path="/app")


def test_requests_wait_side_by_side(stub: Stub) -> None:
    gate = faults.hang()
    stub.add(gate, path="/app")
    client = stub.client()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.get_parameters_by_path, Path="/app") for _ in range(2)]
        for _ in waiting:
            gate.arrived()
        client.get_parameters_by_path(Path="/other")
        stub.clear()
        assert all(answer.result()["Parameters"] == [] for answer in waiting)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.denied(), "AccessDeniedException"),
        (errors.kms_denied(), "AccessDeniedException"),
        (errors.invalid_key_id(), "InvalidKeyId"),
        (errors.throttled(), "ThrottlingException"),
        (errors.internal(), "InternalServerError"),
        (errors.expired_token(), "ExpiredTokenException"),
        (faults.undecryptable("/app/00"), "AccessDeniedException"),
    ],
)
def test_errors_befall_by_rule(stub: Stub, error: Any, code: str) -> None:
    put(stub, 12)
    stub.put("/app/00", "v", "SecureString")
    rule = stub.add(error, action=LISTING, path="/app", page=1, times=1)
    client = stub.client()
    client.get_parameters_by_path(Path="/")
    client.get_parameters(Names=["/app/00"])
    assert refused(lambda: client.get_parameters_by_path(Path="/app", WithDecryption=True))[0] == code
    assert (rule.hits, stub.counts.decrypted, stub.counts.throttled()) == (1, 0, code == "ThrottlingException")
    assert client.get_parameters_by_path(Path="/app", WithDecryption=True)["Parameters"]
    assert stub.counts.decrypted == 1


def test_connections_break_by_rule(stub: Stub) -> None:
    async def failing(call: Call, proceed: Proceed) -> Reply:
        return replace(await proceed(call.body), status=502)

    put(stub, 3)
    client = stub.client()
    with_value: dict[str, Any] = {"Path": "/app", "WithDecryption": True}
    stub.put("/app/00", "v", "SecureString")
    stub.add(faults.drop(), times=1)
    with pytest.raises(ConnectionClosedError):
        client.get_parameters_by_path(**with_value)
    stub.add(faults.cut(), times=1)
    assert "Parameters" not in client.get_parameters_by_path(**with_value)
    stub.add(faults.html(), times=1)
    assert "Parameters" not in client.get_parameters_by_path(**with_value)
    stub.add(failing, times=1)
    assert refused(lambda: client.get_parameters_by_path(**with_value))[2] == 502
    assert stub.counts.decrypted == 0
    stub.add(faults.delay(0), times=1)
    assert client.get_parameters_by_path(**with_value)["Parameters"]
    assert stub.counts.decrypted == 1


def test_faults_of_pages_and_decryption_leave_a_page_for_people_as_it_is(stub: Stub) -> None:
    stub.put("/app/a", "1", "SecureString")
    stub.add(faults.html())
    stub.add(faults.undecryptable("/app/a"))
    stub.add(listings.repeat_token())
    stub.add(faults.edit(lambda document: {}))
    with closing(stub.client()) as client:
        answer = client.get_parameters_by_path(Path="/app", WithDecryption=True)
    assert answer.keys() == {"ResponseMetadata"}


def test_pages_of_the_proxys_kind_cost_one_request_each(stub: Stub) -> None:
    expected = put(stub, 13)
    stub.put("/app/00", "v", "SecureString")
    stub.quotas.set(4)
    stub.add(listings.pages([3, 0, 10, 0]))
    got = list(pages(stub, WithDecryption=True))
    assert [len(page) for page in got] == [3, 0, 10, 0]
    assert [name for page in got for name in page] == expected
    assert (stub.counts.arrived(), stub.counts.decrypted) == (4, 1)
    assert throttled_of(stub, 1) == 1


def test_what_the_stub_cannot_do_is_not_answered() -> None:
    def ask(action: Callable[[SSMClient], object]) -> None:
        with run_stub() as running:
            client = running.client()
            assert refused(lambda: action(client))[2] == 500

    filters: Any = [{"Key": "KeyId", "Values": ["x"]}]
    with pytest.raises(NotImplementedError, match="DescribeParameters"):
        ask(lambda client: client.describe_parameters())
    with pytest.raises(NotImplementedError, match="KeyId"):
        ask(lambda client: client.get_parameters_by_path(Path="/app", ParameterFilters=filters))


# Identities


def test_a_user_is_known_by_its_key(stub: Stub) -> None:
    with sts(stub) as client:
        answer = client.get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/stub")
    unknown = Keys("AKIANOBODY")
    assert refused(lambda: listed_by(stub, unknown))[0::2] == ("UnrecognizedClientException", 400)
    assert refused(lambda: assumed(stub, keys=unknown))[0::2] == ("InvalidClientTokenId", 403)


def test_a_role_is_assumed_and_reads_in_its_own_account(stub: Stub) -> None:
    stub.put("/app/a", "v", account="444455556666")
    with sts(stub) as client:
        answer = client.assume_role(
            RoleArn=ROLE,
            RoleSessionName="store",
            DurationSeconds=900,
            ExternalId="x/1",
            Tags=[{"Key": "team", "Value": "pay"}, {"Key": "env", "Value": "a&b"}],
        )
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/pay/store"
    left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=880) < left <= timedelta(seconds=900)
    keys = Keys(*(answer["Credentials"][key] for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
    assert listed_by(stub, keys) == ["/app/a"]
    with sts(stub, keys) as client:
        caller = client.get_caller_identity()
    assert (caller["Account"], caller["Arn"]) == ("444455556666", answer["AssumedRoleUser"]["Arn"])
    assert caller["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    (session,) = stub.identities.sessions(ROLE)
    assert (session.name, session.by, session.duration, session.external_id) == ("store", USER, 900, "x/1")
    assert session.tags == {"team": "pay", "env": "a&b"}
    assert stub.identities.sessions(OTHER_ROLE) == []


def test_a_role_assumes_another(stub: Stub) -> None:
    far = "arn:aws-cn:iam::777788889999:role/far"
    assumed(stub, far, assumed(stub))
    last = stub.identities.sessions()[-1]
    assert (last.by, last.arn) == (ROLE, "arn:aws-cn:sts::777788889999:assumed-role/far/store")


def test_a_web_identity_assumes_a_role_unsigned(stub: Stub) -> None:
    stub.put("/app/a", "v", account="444455556666")
    with sts(stub, Keys("never", "used")) as client:
        answer = client.assume_role_with_web_identity(
            RoleArn=ROLE, RoleSessionName="store", WebIdentityToken="any.token"
        )
    keys = Keys(*(answer["Credentials"][key] for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/pay/store"
    assert listed_by(stub, keys) == ["/app/a"]
    (session,) = stub.identities.sessions()
    assert (session.web_identity_token, session.duration, session.by) == ("any.token", 3600, "")
    assert "any.token" not in repr(session)
    assert stub.counts.requests == {("AssumeRoleWithWebIdentity", ""): 1, (LISTING, ROLE): 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleArn": "arn:aws:iam::1:role/x"},
        {"RoleSessionName": "a b"},
        {"DurationSeconds": 899},
        {"DurationSeconds": 3601},
        {"ExternalId": "a b"},
    ],
)
def test_a_request_for_a_role_is_checked(stub: Stub, wrong: dict[str, object]) -> None:
    asked = {"RoleArn": ROLE, "RoleSessionName": "store"} | wrong
    with sts(stub) as client:
        assert refused(lambda: client.assume_role(**asked))[0::2] == ("ValidationError", 400)
        if "ExternalId" not in wrong:
            asked["WebIdentityToken"] = "any.token"
            assert refused(lambda: client.assume_role_with_web_identity(**asked))[0] == "ValidationError"
        assert refused(lambda: client.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="store"))[0] == (
            "ValidationError"
        )
    assert stub.identities.sessions() == []


def test_a_role_can_require_an_external_id(stub: Stub) -> None:
    stub.identities.require_external_id(ROLE, "right")
    code, message, status = refused(lambda: assumed(stub))
    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/stub is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    )
    assert refused(lambda: assumed(stub, ExternalId="wrong"))[0] == "AccessDenied"
    assumed(stub, ExternalId="right")
    assumed(stub, OTHER_ROLE)
    stub.identities.allow(ROLE)
    assumed(stub)


def test_a_role_can_be_denied(stub: Stub) -> None:
    stub.identities.deny(ROLE)
    assert refused(lambda: assumed(stub))[0] == "AccessDenied"
    with sts(stub) as client:
        code, message, status = refused(
            lambda: client.assume_role_with_web_identity(
                RoleArn=ROLE, RoleSessionName="store", WebIdentityToken="any.token"
            )
        )
    assert (code, message, status) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    assumed(stub, OTHER_ROLE)
    stub.identities.allow(ROLE)
    assumed(stub)
    stub.add(errors.denied(), action="AssumeRole")
    assert refused(lambda: assumed(stub))[0::2] == ("AccessDenied", 403)


def test_a_session_ends_with_its_duration(stub: Stub, clock: Clock) -> None:
    keys = assumed(stub, DurationSeconds=900)
    clock.now += 899
    listed_by(stub, keys)
    clock.now += 1
    code, message, status = refused(lambda: listed_by(stub, keys))
    assert (code, status) == ("ExpiredTokenException", 400)
    assert message == "The security token included in the request is expired"
    assert refused(lambda: assumed(stub, keys=keys))[0::2] == ("ExpiredToken", 403)


def test_sessions_can_be_shorter_than_asked_for(stub: Stub, clock: Clock) -> None:
    stub.settings.session_lifetime = 5
    with sts(stub) as client:
        answer = client.assume_role(RoleArn=ROLE, RoleSessionName="store")["Credentials"]
    assert answer["Expiration"] - datetime.now(UTC) <= timedelta(seconds=5)
    keys = Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    listed_by(stub, keys)
    clock.now += 5
    assert refused(lambda: listed_by(stub, keys))[0] == "ExpiredTokenException"


def test_sessions_can_be_expired(stub: Stub) -> None:
    keys, others = assumed(stub), assumed(stub, OTHER_ROLE)
    stub.identities.expire(ROLE)
    assert refused(lambda: listed_by(stub, keys))[0] == "ExpiredTokenException"
    listed_by(stub, others)
    listed_by(stub, assumed(stub))
    stub.identities.expire()
    assert refused(lambda: listed_by(stub, others))[0] == "ExpiredTokenException"


def test_a_sessions_key_needs_its_token(stub: Stub) -> None:
    keys = assumed(stub)
    for token in (None, "wrong"):
        wrong = keys._replace(token=token)
        assert refused(lambda wrong=wrong: listed_by(stub, wrong))[0] == "UnrecognizedClientException"  # type: ignore[misc]


def test_refused_credentials_take_no_token(stub: Stub) -> None:
    stub.quotas.set(1, account="444455556666")
    keys = assumed(stub)
    for _ in range(3):
        refused(lambda: listed_by(stub, keys._replace(token="wrong")))
    listed_by(stub, keys)


def test_the_oldest_of_very_many_sessions_are_forgotten(clock: Clock) -> None:
    identities = Identities(clock)
    for _ in range(10_050):
        identities.issue(ROLE, "store", 900)
    sessions = identities.sessions()
    assert (len(sessions), sessions[0].access_key) == (10_000, "ASIA0000000000000051")


# Counts


def test_requests_are_counted_by_action_and_identity(stub: Stub) -> None:
    keys = assumed(stub)
    listed_by(stub, keys)
    listed_by(stub, keys)
    stub.client().get_parameters(Names=["/app/a"])
    stub.client(account="444455556666").get_parameters(Names=["/app/a"])
    stub.add(faults.drop())
    with pytest.raises(ConnectionClosedError):
        listed_by(stub, keys)
    assert stub.counts.requests == {
        ("AssumeRole", USER): 1,
        (LISTING, ROLE): 3,
        ("GetParameters", USER): 1,
        ("GetParameters", access_key("444455556666")): 1,
    }
    assert (stub.counts.arrived(), stub.counts.arrived("444455556666"), stub.counts.arrived(region="x")) == (1, 4, 0)


def test_only_decrypted_secure_values_count(stub: Stub) -> None:
    stub.put("/app/a", "1", "SecureString")
    stub.put("/app/b", "2", "SecureString")
    stub.put("/app/c", "3")
    client = stub.client()
    client.get_parameters_by_path(Path="/app")
    assert stub.counts.decrypted == 0
    client.get_parameters_by_path(Path="/app", WithDecryption=True)
    assert stub.counts.decrypted == 2
    client.get_parameters(Names=["/app/a:1", "/app/c", "/app/d"], WithDecryption=True)
    assert stub.counts.decrypted == 3


def test_the_most_in_any_second_is_over_windows_and_not_over_whole_seconds(stub: Stub, clock: Clock) -> None:
    client = stub.client()
    for step, requests in ((0.5, 2), (0.3, 1), (0.5, 3), (0.25, 1), (5, 4)):
        clock.now += step
        for _ in range(requests):
            client.get_parameters_by_path(Path="/app")
    # The window begins at the second step: 0.3, 0.8, and 1.3 is its end.
    assert stub.counts.most_in_any_second() == 6


def test_a_window_ends_before_its_second_is_full(clock: Clock) -> None:
    counts = Counts(clock)
    for _ in range(4):
        counts.count_arrival((ACCOUNT, REGION))
        clock.now += 0.5
    assert counts.most_in_any_second() == 2
    assert counts.most_in_any_second(region="us-east-1") == 0


def test_counts_start_again(stub: Stub) -> None:
    stub.put("/app/a", "1", "SecureString")
    stub.quotas.set(1)
    client = stub.client()
    client.get_parameters_by_path(Path="/app", WithDecryption=True)
    assert throttled_of(stub, 1) == 1
    stub.counts.forget()
    counts = stub.counts
    assert (counts.requests, counts.decrypted, counts.throttled(), counts.arrived()) == ({}, 0, 0, 0)
    assert counts.most_in_any_second() == 0


def test_counts_do_not_grow_with_the_requests(clock: Clock) -> None:
    counts = Counts(clock)
    for _ in range(10_000):
        clock.now += 0.1
        counts.count_arrival((ACCOUNT, REGION))
    assert counts.arrived() == 10_000
    assert len(counts._at((ACCOUNT, REGION)).last_second) <= 11


def test_writers_and_readers_do_not_meet(stub: Stub) -> None:
    stub.quotas.set(None)
    put(stub, 50)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            stub.put(f"/app/{number % 50:02}x", "v")
            stub.delete(f"/app/{number % 50:02}x")
            number += 1

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for _ in range(10):
                found = [name for name in names(stub, "/app") if not name.endswith("x")]
                assert found == [f"/app/{number:02}" for number in range(50)]
        finally:
            done.set()
        writing.result()
