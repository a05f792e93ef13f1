"""What AWS answers is not quoted, whatever it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from paramsync.aws.errors import SourceError, meaning
from paramsync.aws.listing import parse_page

from . import builders
from .hidden import assert_hidden, everything_of, values


def page(**fields: object) -> dict[str, object]:
    item: dict[str, object] = {
        "Name": "/prod/pay/password",
        "Type": "SecureString",
        "Value": "the value",
        "Version": 1,
        "LastModifiedDate": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return {"Parameters": [{**item, **fields}]}


MISTAKES: dict[str, Callable[[str], object]] = {
    "text": lambda value: value,
    "list": lambda value: [value],
    "nothing but it": lambda value: {"message": value},
    "parameters": lambda value: {"Parameters": value},
    "parameter": lambda value: {"Parameters": [value]},
    "type": lambda value: page(Value=value, Type=value),
    "version": lambda value: page(Value=value, Version=value),
    "no version": lambda value: page(Value=value, Version=None),
    "date": lambda value: page(Value=value, LastModifiedDate=value),
    "value within": lambda value: page(Value={"in": value}),
    "value in bytes": lambda value: page(Value=value.encode() + b"\xff"),
    "arn": lambda value: page(Value=value, ARN=[value]),
    "token": lambda value: {**page(Value=value), "NextToken": [value]},
}


@values
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_page_that_is_not_understood_is_not_quoted(mistake: Callable[[str], object], value: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_page(mistake(value), builders.subtree(), decrypt=True)
    assert_hidden(everything_of(caught.value), value)
    assert caught.value.__cause__ is None


@values
def test_a_value_with_a_lone_surrogate_is_sealed_and_not_quoted(value: str) -> None:
    parameter = parse_page(page(Value=f"{value}\ud800"), builders.subtree(), decrypt=True).parameters[0]
    assert_hidden(repr(parameter), value)


@values
def test_a_page_shows_no_value(value: str) -> None:
    read = parse_page(page(Value=value), builders.subtree(), decrypt=True)
    assert "SecureValue(hidden)" in repr(read)
    assert_hidden(repr(read), value)


@values
def test_ciphertext_is_not_kept(value: str) -> None:
    assert_hidden(repr(parse_page(page(Value=value), builders.subtree(), decrypt=False)), value)


CODES = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidKeyId",
    "ThrottlingException",
    "ValidationException",
    "InternalServerError",
    "Odd",
    "",
)
DENIAL = (
    "User: {0} is not authorized to perform: kms:Decrypt on resource: "
    "arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0000-4000-8000-0123456789ab because {0} does not allow {0}"
)


@values
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "template", ["{0}", DENIAL, "{0}: perform: {0} on resource: {0}", "perform: kms:{0}", "on resource: arn:{0}"]
)
def test_an_answer_of_aws_is_not_quoted(code: str, template: str, value: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": template.format(value)}, "message": value}
    error = meaning(ClientError(answer, "GetParametersByPath"), builders.subtree())
    assert_hidden(everything_of(error), value)


@values
def test_a_code_that_is_not_one_of_awss_is_not_quoted(value: str) -> None:
    error = meaning(
        ClientError({"Error": {"Code": value, "Message": value}}, "GetParametersByPath"), builders.subtree()
    )
    assert_hidden(everything_of(error), value)


def test_a_denial_names_the_action_and_the_key() -> None:
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": DENIAL.format("x")}}
    text = str(meaning(ClientError(answer, "GetParametersByPath"), builders.subtree()))
    key = "arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0000-4000-8000-0123456789ab"
    assert f"AWS denies kms:Decrypt on {key}; allow it" in text


class QuotingError(BotoCoreError):
    fmt = "cannot parse {value}"


@values
@pytest.mark.parametrize("make", [ValueError, OSError, ResponseParserError, lambda value: QuotingError(value=value)])
def test_an_exception_of_boto3_is_not_quoted(make: Callable[[str], Exception], value: str) -> None:
    assert_hidden(everything_of(meaning(make(value), builders.subtree())), value)
