"""The proxy's faults, each seen by a plain boto3 client; and what the stand-in gets right about AWS."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection, IncompleteRead
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)

from tests.aws import errors, faults, listings
from tests.aws.clients import access_key
from tests.aws.proxy import run_proxy
from tests.aws.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.aws.emulator import Emulator
    from tests.aws.proxy import Proxy
    from tests.aws.wire import Body

LISTING = "GetParametersByPath"


def put(ssm: Emulator, count: int, path: str = "/app") -> list[str]:
    names = [f"{path}/{number:02}" for number in range(count)]
    for name in names:
        ssm.put(name, "v")
    return names


def walk(proxy: Proxy, path: str = "/app", **more: Any) -> list[list[str]]:
    """Return the names of each page, as a client sees them that follows the tokens."""
    client = proxy.client()
    found: list[list[str]] = []
    token: dict[str, Any] = {}
    while len(found) < 20:
        page = client.get_parameters_by_path(Path=path, Recursive=True, **more, **token)
        found.append([item["Name"] for item in page["Parameters"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    return found


def flat(pages: list[list[str]]) -> list[str]:
    return [name for page in pages for name in page]


def refused(call: Callable[[], object]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def read_raw(connection: HTTPConnection) -> bytes:
    headers = {"X-Amz-Target": f"AmazonSSM.{LISTING}", "Authorization": f"Credential={access_key()}/1/eu-west-1/ssm/"}
    connection.request("POST", "/", json.dumps({"Path": "/app", "MaxResults": 2}), headers)
    return connection.getresponse().read()


# Records


def test_a_call_is_recorded_as_it_was_sent(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/a", "1")
    proxy.client("us-east-1", account="444455556666").get_parameters_by_path(Path="/app", MaxResults=7)
    proxy.client().get_parameters(Names=["/app/a:1"], WithDecryption=True)
    listing, read = proxy.calls()
    assert (listing.action, listing.body) == (LISTING, {"Path": "/app", "MaxResults": 7})
    assert (listing.region, listing.access_key, listing.page) == ("us-east-1", "AKIA444455556666", 1)
    assert listing.reached
    assert read.names == ["/app/a"]
    assert proxy.calls("GetParameters") == [read]
    proxy.forget()
    assert proxy.calls() == []


def test_accounts_and_regions_are_apart(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/a", "1", region="us-east-1", account="444455556666")
    assert walk(proxy) == [[]]
    page = proxy.client("us-east-1", account="444455556666").get_parameters_by_path(Path="/app")
    assert [item["ARN"] for item in page["Parameters"]] == ["arn:aws:ssm:us-east-1:444455556666:parameter/app/a"]


def test_sts_is_recorded_and_denied_in_its_own_shape(proxy: Proxy) -> None:
    sts = boto3.session.Session().client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=proxy.url,
        aws_access_key_id=access_key(),
        aws_secret_access_key="dummy",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    role = "arn:aws:iam::444455556666:role/params"
    try:
        session = sts.assume_role(RoleArn=role, RoleSessionName="store")
        assert session["AssumedRoleUser"]["Arn"].startswith("arn:aws:sts::444455556666:assumed-role/params/")
        assert sts.get_caller_identity()["Account"] == errors.ACCOUNT
        proxy.add(errors.denied(), action="AssumeRole")
        code, message, status = refused(lambda: sts.assume_role(RoleArn=role, RoleSessionName="store"))
        proxy.add(errors.expired_token(), action="GetCallerIdentity")
        expired = refused(sts.get_caller_identity)
    finally:
        sts.close()
    assert (code, status) == ("AccessDenied", 403)
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role}" in message
    assert expired[0] == "ExpiredTokenException"
    assert [call.action for call in proxy.calls()] == ["AssumeRole", "GetCallerIdentity"] * 2
    assert [call.reached for call in proxy.calls()] == [True, True, False, False]
    assert proxy.calls()[0].body["RoleArn"] == role


# Errors


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (errors.throttled(), "ThrottlingException", 400),
        (errors.internal(), "InternalServerError", 500),
        (errors.expired_token(), "ExpiredTokenException", 400),
        (errors.unrecognized_client(), "UnrecognizedClientException", 400),
        (errors.invalid_key_id(), "InvalidKeyId", 400),
        (errors.invalid_next_token(), "InvalidNextToken", 400),
        (errors.validation("no"), "ValidationException", 400),
        (errors.kms_denied(), "AccessDeniedException", 400),
        (errors.kms_no_key(), "AccessDeniedException", 400),
    ],
)
def test_an_error_comes_as_aws_sends_it(proxy: Proxy, error: errors.AwsError, code: str, status: int) -> None:
    rule = proxy.add(error)
    client = proxy.client()
    assert refused(lambda: client.get_parameters_by_path(Path="/app")) == (code, error.message, status)
    assert not proxy.calls()[0].reached
    rule.remove()
    client.get_parameters_by_path(Path="/app")
    assert proxy.calls()[1].reached


def test_a_denial_names_the_action_and_the_resource(proxy: Proxy) -> None:
    proxy.add(errors.denied())
    client = proxy.client()
    code, message, status = refused(lambda: client.get_parameters_by_path(Path="/prod"))
    assert (code, status) == ("AccessDeniedException", 400)
    assert message == (
        "User: arn:aws:sts::111122223333:assumed-role/paramsync/x is not authorized to perform: "
        "ssm:GetParametersByPath on resource: arn:aws:ssm:eu-west-1:111122223333:parameter/prod "
        "because no identity-based policy allows the ssm:GetParametersByPath action"
    )
    assert "ssm:GetParameters on resource" in refused(lambda: client.get_parameters(Names=["/prod/a:1"]))[1]


def test_undecryptable_fails_only_calls_that_would_decrypt_it(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/good", "1", "SecureString")
    ssm.put("/app/bad", "2", "SecureString")
    proxy.add(faults.undecryptable("/app/bad"))
    client = proxy.client()
    code, message, _ = refused(lambda: client.get_parameters_by_path(Path="/app", WithDecryption=True))
    assert (code, "kms:Decrypt" in message) == ("AccessDeniedException", True)
    refused(lambda: client.get_parameters(Names=["/app/bad", "/app/good"], WithDecryption=True))
    refused(lambda: client.get_parameter(Name="/app/bad", WithDecryption=True))
    assert client.get_parameters(Names=["/app/good"], WithDecryption=True)["Parameters"][0]["Value"] == "1"
    assert len(client.get_parameters_by_path(Path="/app")["Parameters"]) == 2


# Rules


def test_times_is_a_number_of_requests(proxy: Proxy) -> None:
    rule = proxy.add(errors.throttled(), times=2)
    client = proxy.client()
    for _ in range(2):
        refused(lambda: client.get_parameters_by_path(Path="/app"))
    client.get_parameters_by_path(Path="/app")
    assert rule.hits == 2


@pytest.mark.parametrize(
    ("conditions", "hit"),
    [
        ({}, ["/app", "/app/a", "/apple"]),
        ({"action": LISTING}, ["/app", "/app/a", "/apple"]),
        ({"action": "GetParameters"}, []),
        ({"path": "/app"}, ["/app"]),
        ({"under": "/app"}, ["/app", "/app/a"]),
        ({"under": "/"}, ["/app", "/app/a", "/apple"]),
        ({"page": 2}, []),
    ],
)
def test_a_rule_matches_by_all_its_conditions(proxy: Proxy, conditions: dict[str, Any], hit: list[str]) -> None:
    proxy.add(errors.throttled(), **conditions)
    client = proxy.client()
    for path in ("/app", "/app/a", "/apple"):
        with suppress(ClientError):
            client.get_parameters_by_path(Path=path)
    assert [call.names[0] for call in proxy.calls() if not call.reached] == hit


def test_a_rule_matches_one_name_among_many_whatever_its_version(proxy: Proxy) -> None:
    proxy.add(errors.throttled(), path="/app/b")
    client = proxy.client()
    refused(lambda: client.get_parameters(Names=["/app/a", "/app/b:3"]))
    client.get_parameters(Names=["/app/a"])


def test_a_rule_matches_the_nth_page(ssm: Emulator, proxy: Proxy) -> None:
    put(ssm, 25)
    proxy.add(errors.invalid_next_token(), page=3)
    assert refused(lambda: walk(proxy))[0] == "InvalidNextToken"
    assert [(call.page, call.reached) for call in proxy.calls()] == [(1, True), (2, True), (3, False)]


def test_the_newest_rule_is_nearest_to_the_client(proxy: Proxy) -> None:
    older = proxy.add(errors.throttled())
    newer = proxy.add(errors.internal(), times=1)
    client = proxy.client()
    assert refused(lambda: client.get_parameters_by_path(Path="/app"))[0] == "InternalServerError"
    assert (older.hits, newer.hits) == (0, 1)
    assert refused(lambda: client.get_parameters_by_path(Path="/app"))[0] == "ThrottlingException"
    proxy.clear()
    client.get_parameters_by_path(Path="/app")


# The way there and back


def test_html_with_status_200_is_a_success_to_boto3_that_lacks_everything(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/a", "1")
    proxy.add(faults.html())
    answer = proxy.client().get_parameters_by_path(Path="/app")
    assert answer.keys() == {"ResponseMetadata"}
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/html"
    assert not proxy.calls()[0].reached


def test_html_with_status_503_is_an_error_without_a_code_of_aws(proxy: Proxy) -> None:
    proxy.add(faults.html(503))
    code, message, status = refused(lambda: proxy.client().get_parameters_by_path(Path="/app"))
    assert (code, status) == ("503", 503)
    assert "Sign in" in message


def test_a_delay_outlasts_a_short_timeout_and_not_a_long_one(proxy: Proxy) -> None:
    rule = proxy.add(faults.delay(30))
    with pytest.raises(ReadTimeoutError):
        proxy.client(timeout=0.05).get_parameters_by_path(Path="/app")
    rule.remove()
    proxy.add(faults.delay(0.01))
    proxy.client(timeout=5).get_parameters_by_path(Path="/app")


@pytest.mark.parametrize("by", ["remove", "clear"])
def test_a_hanging_request_goes_on_when_the_rule_is_removed(proxy: Proxy, by: str) -> None:
    gate = faults.hang()
    rule = proxy.add(gate)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(proxy.client(timeout=5).get_parameters_by_path, Path="/app")
        call = gate.arrived()
        assert (call.reached, answer.done()) == (False, False)
        rule.remove() if by == "remove" else proxy.clear()
        assert answer.result(5)["Parameters"] == []
    assert call.reached


def test_a_hanging_request_ends_with_the_proxy(ssm: Emulator) -> None:
    gate = faults.hang()
    with ThreadPoolExecutor() as pool:
        with run_proxy(ssm.url) as proxy:
            proxy.add(gate)
            answer = pool.submit(proxy.client().get_parameters_by_path, Path="/app")
            assert not gate.arrived().reached
        with pytest.raises(ConnectionClosedError):
            answer.result(5)


def test_a_gate_holds_each_request_until_it_is_released(ssm: Emulator, proxy: Proxy) -> None:
    gate = faults.Gate()
    proxy.add(gate, action=LISTING)
    client = proxy.client()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(client.get_parameters_by_path, Path="/app") for _ in range(2)]
        held = [gate.arrived() for _ in range(2)]
        assert client.get_parameters(Names=["/app/a"])["InvalidParameters"] == ["/app/a"]
        ssm.put("/app/a", "1")
        assert not any(answer.done() for answer in answers)
        gate.release()
        assert [len(answer.result(5)["Parameters"]) for answer in answers] == [1, 1]
    assert held == proxy.calls(LISTING)
    with pytest.raises(AssertionError, match="no request arrived"):
        gate.arrived(timeout=0.01)


def test_a_dropped_connection_has_no_answer(proxy: Proxy) -> None:
    proxy.add(faults.drop(), times=1)
    client = proxy.client()
    with pytest.raises(ConnectionClosedError):
        client.get_parameters_by_path(Path="/app")
    assert [call.reached for call in proxy.calls()] == [False]
    client.get_parameters_by_path(Path="/app")


def test_a_cut_answer_is_a_success_to_boto3_that_lacks_everything(ssm: Emulator, proxy: Proxy) -> None:
    put(ssm, 10)
    rule = proxy.add(faults.cut())
    client = proxy.client()
    # botocore neither compares the length that was announced nor reports JSON that it cannot read.
    assert client.get_parameters_by_path(Path="/app").keys() == {"ResponseMetadata"}
    assert [call.reached for call in proxy.calls()] == [True]
    connection = HTTPConnection(proxy.url.removeprefix("http://"), timeout=5)
    with closing(connection), pytest.raises(IncompleteRead) as caught:
        read_raw(connection)
    assert caught.value.expected is not None
    assert 0 <= caught.value.expected - len(caught.value.partial) <= 1
    rule.remove()
    assert len(client.get_parameters_by_path(Path="/app")["Parameters"]) == 10


def test_an_edit_changes_successful_answers_only(ssm: Emulator, proxy: Proxy) -> None:
    def rename(document: Body) -> Body:
        document["Parameters"][0]["Name"] = "/other"
        return document

    ssm.put("/app/a", "1")
    proxy.add(faults.edit(rename))
    assert walk(proxy) == [["/other"]]
    assert refused(lambda: walk(proxy, "app"))[0] == "ValidationException"


def test_a_failure_of_the_proxy_itself_comes_to_light(ssm: Emulator) -> None:
    def broken(document: Body) -> Body:
        raise KeyError("broken")

    def run() -> None:
        with run_proxy(ssm.url) as proxy:
            proxy.add(faults.edit(broken))
            refused(lambda: walk(proxy))

    with pytest.raises(KeyError, match="broken"):
        run()


# Pages


def test_without_rules_a_full_last_page_carries_a_token(ssm: Emulator, proxy: Proxy) -> None:
    names = put(ssm, 20)
    assert walk(proxy) == [names[:10], names[10:], []]


@pytest.mark.parametrize(
    ("count", "sizes", "served"),
    [
        (13, [3, 0, 10, 0], [3, 0, 10, 0]),
        (13, [3, 0, 10], [3, 0, 10]),
        (10, [10, 0], [10, 0]),
        (10, [], [10]),
        (25, [0, 1], [0, 1, 10, 10, 4]),
        (21, [0, 0, 5], [0, 0, 5, 10, 6]),
        (2, [5, 5, 5], [2, 0, 0]),
        (0, [], [0]),
        (0, [0, 0], [0, 0]),
    ],
)
def test_pages_cut_the_whole_listing_again(
    ssm: Emulator, proxy: Proxy, count: int, sizes: list[int], served: list[int]
) -> None:
    names = put(ssm, count)
    ssm.put("/other/a", "1")
    proxy.add(listings.pages(sizes))
    pages = walk(proxy)
    assert [len(page) for page in pages] == served
    assert flat(pages) == names
    assert [call.page for call in proxy.calls()] == list(range(1, len(served) + 1))


def test_pages_obey_a_smaller_limit(ssm: Emulator, proxy: Proxy) -> None:
    names = put(ssm, 7)
    proxy.add(listings.pages([1, 5]))
    pages = walk(proxy, MaxResults=3)
    assert [len(page) for page in pages] == [1, 3, 3]
    assert flat(pages) == names


def test_pages_can_repeat_names_of_the_page_before(ssm: Emulator, proxy: Proxy) -> None:
    names = put(ssm, 12)
    proxy.add(listings.pages([4, 0, 4], overlap=1))
    pages = walk(proxy)
    assert pages == [names[:4], [], names[3:7], names[6:]]


def test_pages_leave_errors_and_other_calls_alone(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/a", "1")
    proxy.add(listings.pages([0]))
    assert refused(lambda: walk(proxy, "app"))[0] == "ValidationException"
    assert refused(lambda: walk(proxy, NextToken="1"))[0] == "InvalidNextToken"
    assert len(proxy.client().get_parameters(Names=["/app/a"])["Parameters"]) == 1
    proxy.add(errors.throttled(), page=2)
    assert refused(lambda: walk(proxy))[0] == "ThrottlingException"


def test_pages_of_a_size_that_aws_never_serves_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 10"):
        listings.pages([11])


def test_pages_keep_ciphertext(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/a", "hunter2", "SecureString")
    proxy.add(listings.pages([0, 1]))
    client = proxy.client()
    first = client.get_parameters_by_path(Path="/app")
    second = client.get_parameters_by_path(Path="/app", NextToken=first["NextToken"])
    assert "hunter2" not in second["Parameters"][0]["Value"]


@pytest.mark.parametrize("count", [1, 10, 25])
def test_a_repeated_token_never_ends(ssm: Emulator, proxy: Proxy, count: int) -> None:
    put(ssm, count)
    proxy.add(listings.repeat_token())
    assert len(walk(proxy)) == 20
    assert len({call.body.get("NextToken") for call in proxy.calls()}) == 2


# What the stand-in gets right, in moto or by a correction


@pytest.mark.parametrize("path", ["app", "", "/a b", "/a*", "//", "/a//b", "/app:1", "/a%2Fb"])
def test_a_path_of_wrong_form_is_refused(proxy: Proxy, path: str) -> None:
    code, message, status = refused(lambda: walk(proxy, path))
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith("The parameter doesn't meet the parameter name requirements.")
    assert not proxy.calls()[0].reached


@pytest.mark.parametrize("limit", [-1, 0, 11])
def test_a_limit_out_of_range_is_refused(proxy: Proxy, limit: int) -> None:
    code, message, _ = refused(lambda: walk(proxy, MaxResults=limit))
    assert (code, f"Value '{limit}' at 'maxResults'" in message) == ("ValidationException", True)


@pytest.mark.parametrize(
    "token", ["1", "-1", "zzz", "", Token('["/other", true]').encoded(), "eyJhIjoxfQ==", "MQ==", "WzFd", "é"]
)
def test_a_token_that_is_none_is_refused(ssm: Emulator, proxy: Proxy, token: str) -> None:
    put(ssm, 11)
    assert refused(lambda: walk(proxy, NextToken=token))[0] == "InvalidNextToken"
    assert proxy.calls()[0].page == 0


def test_a_path_lists_what_is_below_it(ssm: Emulator, proxy: Proxy) -> None:
    for name in ("/a", "/a/b", "/a/b/c", "/a/b/c/d", "/ab", "/ab/x", "/a/bb/c", "plain"):
        ssm.put(name, "1")

    def below(path: str, *, recursive: bool) -> set[str]:
        page = proxy.client().get_parameters_by_path(Path=path, Recursive=recursive)
        return {item["Name"] for item in page["Parameters"]}

    assert below("/a", recursive=True) == below("/a/", recursive=True) == {"/a/b", "/a/b/c", "/a/b/c/d", "/a/bb/c"}
    assert below("/a", recursive=False) == {"/a/b"}
    assert below("/a/b", recursive=True) == {"/a/b/c", "/a/b/c/d"}
    assert below("/a/b", recursive=False) == {"/a/b/c"}
    assert below("/", recursive=False) == {"/a", "/ab", "plain"}
    assert len(below("/", recursive=True)) == 8


def test_without_decryption_a_secure_value_is_ciphertext(ssm: Emulator, proxy: Proxy) -> None:
    ssm.put("/app/s", "hunter2", "SecureString")
    ssm.put("/app/p", "plain")
    client = proxy.client()
    listed = {item["Name"]: item["Value"] for item in client.get_parameters_by_path(Path="/app")["Parameters"]}
    assert listed["/app/p"] == "plain"
    assert listed["/app/s"].startswith("AQICAH")
    assert client.get_parameters(Names=["/app/s"])["Parameters"][0]["Value"] == listed["/app/s"]
    assert client.get_parameter(Name="/app/s")["Parameter"]["Value"] == listed["/app/s"]
    assert "hunter2" not in str(client.get_parameter_history(Name="/app/s"))
    assert client.get_parameter(Name="/app/s", WithDecryption=True)["Parameter"]["Value"] == "hunter2"
    ssm.put("/app/s", "hunter2", "SecureString")
    assert client.get_parameter(Name="/app/s")["Parameter"]["Value"] != listed["/app/s"]


def test_names_that_are_missing_are_no_error(ssm: Emulator, proxy: Proxy) -> None:
    assert [ssm.put("/app/a", value) for value in ("1", "2")] == [1, 2]
    answer = proxy.client().get_parameters(Names=["/app/a:1", "/app/a:9", "/app/b"])
    assert [(item["Name"], item["Version"], item["Value"]) for item in answer["Parameters"]] == [("/app/a", 1, "1")]
    assert sorted(answer["InvalidParameters"]) == ["/app/a:9", "/app/b"]
    assert refused(lambda: proxy.client().get_parameters(Names=list("abcdefghijk")))[0] == "ValidationException"
    ssm.delete("/app/a")
    assert walk(proxy) == [[]]


@pytest.mark.parametrize(
    ("name", "value"), [("/a b", "1"), ("/a//b", "1"), ("a/b", "1"), ("/a" * 16, "1"), ("/a", ""), ("/a", "é" * 4097)]
)
def test_the_emulator_takes_nothing_that_aws_refuses(ssm: Emulator, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"no name for a parameter|bytes"):
        ssm.put(name, value)


def test_the_emulator_says_nothing_for_a_request(
    ssm: Emulator, proxy: Proxy, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ssm.put("/app/a", "1")
    walk(proxy)
    refused(lambda: ssm.client().get_parameter(Name="/none"))
    assert capfd.readouterr() == ("", "")
    # pytest's own handler keeps werkzeug from printing, but sees what would be printed elsewhere.
    assert [record for record in caplog.records if record.name in {"werkzeug", "aiohttp.access"}] == []


def test_a_reset_forgets_everything(ssm: Emulator, proxy: Proxy) -> None:
    put(ssm, 2)
    ssm.put("/app/a", "1", account="444455556666")
    ssm.reset()
    assert walk(proxy) == [[]]
    assert proxy.client(account="444455556666").get_parameters_by_path(Path="/app")["Parameters"] == []
